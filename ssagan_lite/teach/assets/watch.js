// Needs: dom, theme, marks, player.
// Two predictions without their names. The reader picks one; then the names, the scores and what follows are told.
mountAll("watch", async (stage, data, root) => {
  const { views, screen, controls } = await player(root, data.clips, { fps: data.fps, autoplay: data.autoplay, mark: false });
  const reply = make("div", { "aria-live": "polite" });
  const buttons = data.clips.map((clip, i) => make("button", { type: "button", onclick: () => reveal(i) }, clip.name));
  const question = make("div", { class: "ssagan-controls", role: "group", "aria-label": data.question }, make("strong", {}, data.question), ...buttons);
  let shown = false;

  async function reveal(index) {
    const hidden = unveil(data.hidden);
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === index));
    views.slice(0, data.clips.length).forEach((view, i) => {
      view.name.textContent = `${data.clips[i].name}: ${hidden.names[i]}, ${hidden.scores[i]}`;
      view.canvas.setAttribute("aria-label", view.name.textContent);
    });
    if (hidden.truth && !shown) {
      shown = true;
      const truth = await clipView(hidden.truth);
      screen.append(truth.node);
      views.push(truth);
      truth.show(Number(root.dataset.frame ?? 0)); // beside the others at the same time, also where they stand still
    }
    const [verdict, sentence] = hidden.replies[index];
    const card = make("div", { class: "ssagan-card", "data-verdict": verdict }, make("p", {}, make("strong", {}, sentence)), make("p", {}, hidden.why));
    reply.replaceChildren(card);
    root.dataset.picked = index;
  }
  stage.append(screen, controls.node, question, reply);
});
