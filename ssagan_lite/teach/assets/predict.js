// Needs: dom, theme, marks, chart.
// Commit first, then see. Nothing is locked: another answer can be tried as often as the reader likes.

function choiceForm(data, name) {
  const radios = data.choices.map((choice, i) => make("input", { type: "radio", name, value: i }));
  const node = make("div", {}, ...radios.map((radio, i) => make("label", { class: "ssagan-choice" }, radio, make("span", {}, data.choices[i]))));
  const chosen = () => radios.findIndex((radio) => radio.checked);
  return { node, ready: () => chosen() >= 0, committed: () => ({ choice: data.choices[chosen()] }) };
}

function rangeForm(data) {
  const { low, high, step, unit } = data.range;
  const text = (value) => `${Number(value).toFixed(data.digits)}${unit ? " " + unit : ""}`;
  let touched = false;
  const value = make("output", { class: "ssagan-frame", "aria-live": "off" }, "move the slider");
  const slider = make("input", { type: "range", min: low, max: high, step, value: (low + high) / 2, "aria-label": data.question });
  slider.addEventListener("input", () => { touched = true; value.textContent = text(slider.value); slider.setAttribute("aria-valuetext", text(slider.value)); });
  const ends = [make("span", {}, text(low)), make("span", {}, text(high))];
  const node = make("div", { class: "ssagan-controls" }, ends[0], slider, ends[1], value);
  return { node, ready: () => touched, committed: () => ({ value: Number(slider.value) }), text, listen: slider };
}

// Where the guess and the answer lie on the range.
function distanceTrack(data, guess, answer, text) {
  const { low, high } = data.range;
  const track = draw("svg", { class: "ssagan-track", height: 46, "aria-hidden": "true" });
  onWidth(track, (width) => {
    const x = scale([low, high], [8, width - 8]), near = Math.abs(x(guess) - x(answer)) < 130;
    const anchor = (place) => (place < 70 ? "start" : place > width - 70 ? "end" : "middle");
    track.setAttribute("viewBox", `0 0 ${width} 46`);
    track.replaceChildren(
      draw("line", { class: "ssagan-grid", x1: 8, x2: width - 8, y1: 23, y2: 23 }),
      draw("line", { x1: x(guess), x2: x(answer), y1: 23, y2: 23, style: "stroke: var(--accent); stroke-width: 4" }),
      draw("circle", { cx: x(guess), cy: 23, r: 6, style: "fill: none; stroke: var(--ink); stroke-width: 2" }),
      draw("circle", { cx: x(answer), cy: 23, r: 6, style: "fill: var(--right)" }),
      draw("text", { x: x(guess), y: 44, "text-anchor": anchor(x(guess)) }, "you"),
      draw("text", { x: x(answer), y: near ? 12 : 44, "text-anchor": anchor(x(answer)) }, text(answer)),
    );
  });
  return track;
}

function judge(data, hidden, committed, text) {
  if (data.choices) {
    const right = committed.choice === hidden.answer;
    const head = right ? "Yes." : `You said: ${committed.choice}`;
    return { right, lines: [head, ...(right ? [] : [hidden.replies[committed.choice] ?? `It is another: ${hidden.answer}`])] };
  }
  const off = committed.value - hidden.answer, right = Math.abs(off) <= hidden.within;
  const measured = `You said ${text(committed.value)}. It is ${text(hidden.answer)}: `;
  const verdict = right ? "close." : `${text(Math.abs(off))} too ${off > 0 ? "high" : "low"}.`;
  const reply = right ? null : hidden.replies[off > 0 ? "high" : "low"];
  return { right, lines: [measured + verdict, ...(reply ? [reply] : [])] };
}

mountAll("predict", (stage, data, root) => {
  root.querySelector(".ssagan-static").remove();
  const form = data.choices ? choiceForm(data, `${root.id}-choice`) : rangeForm(data);
  const reply = make("div", { "aria-live": "polite" });
  const commit = make("button", { type: "button", disabled: true, onclick: reveal }, "Commit");
  form.node.addEventListener("input", () => { commit.disabled = !form.ready(); });

  function reveal() {
    const hidden = unveil(data.hidden), committed = form.committed();
    const { right, lines } = judge(data, hidden, committed, form.text);
    const card = make("div", { class: "ssagan-card", "data-verdict": right ? "right" : "wrong" }, make("p", {}, make("strong", {}, lines[0])));
    for (const line of lines.slice(1)) card.append(make("p", {}, line));
    if (data.choices && !right && hidden.replies[committed.choice]) card.append(make("p", {}, `The answer: ${hidden.answer}`));
    if (data.range) card.append(distanceTrack(data, committed.value, hidden.answer, form.text));
    card.append(make("p", {}, hidden.why));
    reply.replaceChildren(card);
    root.dataset.committed = right ? "right" : "wrong";
    commit.textContent = "Try another answer";
  }

  const field = make("fieldset", {}, make("legend", {}, data.question), form.node, make("div", { class: "ssagan-controls" }, commit));
  stage.append(make("div", { class: "ssagan-prediction" }, field, reply));
});
