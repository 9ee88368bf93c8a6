// Needs: dom, theme, marks, chart, player.
// The reader bets what each disturbance does to the motion. Then all clips run together, and the yardsticks say which
// disturbance they notice: a mean outside the band in which eight of ten untouched photos lie.

const BETS = ["less", "as much", "more"];

const valueText = (yardstick, value) => {
  const number = value.toFixed(yardstick.digits);
  return yardstick.unit === "×" ? `× ${number}` : `${number} ${yardstick.unit}`;
};

const noticed = (row, band) => row.mean !== null && (row.mean < band[0] || row.mean > band[1]);

// Three radios that look like one row of buttons: arrow keys and touch come with them.
function betRow(name, group, onBet) {
  const radios = BETS.map((_, i) => make("input", { type: "radio", name: group, value: i, onchange: onBet }));
  const labels = radios.map((radio, i) => make("label", { class: "ssagan-bet" }, radio, make("span", {}, BETS[i])));
  const node = make("div", { class: "ssagan-bets", role: "radiogroup", "aria-label": `${name}: motion compared with the untouched photo` }, ...labels);
  return { node, bet: () => radios.findIndex((radio) => radio.checked), clear: () => { for (const radio of radios) radio.checked = false; } };
}

// The photo at first, its clip later, on the same canvas.
async function tile(data, index, photos, group, onBet) {
  const view = await clipView({ ...data.clips[index], role: "" }, { mark: false });
  const bets = index === 0 ? null : betRow(data.names[index], group, onBet);
  const told = make("div", { class: "ssagan-told" });
  const clip = view.show;
  const photo = () => {
    const { columns, width, height } = data.photos;
    view.canvas.getContext("2d").drawImage(photos, (index % columns) * width, Math.floor(index / columns) * height, width, height, 0, 0, view.canvas.width, view.canvas.height);
    view.canvas.setAttribute("aria-label", `${data.names[index]}: the photo`);
  };
  view.node.append(...(bets ? [bets.node] : []), told);
  return { node: view.node, canvas: view.canvas, bets, told, photo, clip };
}

// One row a version: its middle eight tenths as a line, its mean as a dot, over the band of the untouched photos.
function yardstickChart(data, yardstick, rows, band, width) {
  const margin = { top: 30, right: 20, bottom: 38, left: width < 480 ? 104 : 128 }, line = 26;
  const height = margin.top + line * rows.length + margin.bottom;
  const ends = [...band, ...rows.flatMap((row) => (row.mean === null ? [] : [row.low, row.high]))];
  const low = yardstick.unit === "×" ? Math.min(0, ...ends) : Math.min(...ends), high = Math.max(...ends), air = 0.03 * (high - low);
  const x = scale([low, high + air], [margin.left, width - margin.right]), top = margin.top, bottom = height - margin.bottom;
  const told = rows.map((row, i) => `${data.names[i]} ${row.mean === null ? "not defined" : valueText(yardstick, row.mean)}`).join(", ");
  const svg = draw("svg", { class: "ssagan-chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${yardstick.label}: ${told}` });
  svg.append(draw("rect", { class: "ssagan-band", x: x(band[0]), width: x(band[1]) - x(band[0]), y: top, height: bottom - top }));
  svg.append(draw("text", { class: "ssagan-soft", x: Math.min(Math.max((x(band[0]) + x(band[1])) / 2, margin.left + 80), width - 90), y: 16, "text-anchor": "middle" }, "8 of 10 untouched photos"));
  for (const tick of roundTicks(low, high, width < 480 ? 3 : 6)) {
    svg.append(draw("line", { class: "ssagan-grid", x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 5 }));
    svg.append(draw("text", { class: "ssagan-soft", x: x(tick), y: bottom + 18, "text-anchor": "middle" }, String(tick)));
  }
  svg.append(draw("text", { class: "ssagan-soft", x: width - margin.right, y: height - 4, "text-anchor": "end" }, yardstick.unit));
  rows.forEach((row, i) => {
    const y = top + line * (i + 0.5), out = noticed(row, band);
    svg.append(draw("text", { x: margin.left - 8, y: y + 4, "text-anchor": "end", style: out ? "font-weight: 700" : "" }, data.names[i]));
    if (row.mean === null) { svg.append(draw("text", { class: "ssagan-soft", x: margin.left + 4, y: y + 4 }, "not defined: nothing in it can move")); return; }
    svg.append(draw("line", { x1: x(row.low), x2: x(row.high), y1: y, y2: y, style: "stroke: var(--ours); stroke-width: 2" }));
    svg.append(draw("circle", { cx: x(row.mean), cy: y, r: 5.5, style: `stroke: var(--ours); stroke-width: 2; fill: var(--${out ? "ours" : "panel"})` }));
  });
  return svg;
}

// What was bet against what was measured.
function verdict(data, tiles, answers) {
  const betted = tiles.map((each, i) => (each.bets ? each.bets.bet() : -1)).map((bet, i) => ({ bet, i })).filter(({ bet }) => bet >= 0);
  const right = betted.filter(({ bet, i }) => bet === answers[i]).length;
  const unmoved = answers.slice(1).filter((answer) => answer === 1).length;
  const lines = [`${right} of ${betted.length} bets are right.`, `In ${unmoved} of ${answers.length - 1} versions the clip moves about as much as if nothing had been done to the photo.`];
  return { right, node: make("div", { class: "ssagan-card", "data-verdict": right === betted.length ? "right" : "wrong" }, make("p", {}, make("strong", {}, lines[0])), make("p", {}, lines[1])) };
}

mountAll("stress", async (stage, data, root) => {
  const photos = new Image();
  photos.src = data.photos.picture;
  await photos.decode();
  const commit = make("button", { type: "button", onclick: () => (root.dataset.committed ? again() : reveal()) });
  const tiles = await Promise.all(data.names.map((_, i) => tile(data, i, photos, `${root.id}-${i}`, count)));
  const reply = make("div", { "aria-live": "polite" }), seen = make("p", { "aria-live": "polite" }), says = make("p", { class: "ssagan-note" });
  const box = make("div"), after = make("div", { hidden: true });
  let hidden = null, chosen = data.yardsticks[0], frame = 0, width = 0;

  function count() {
    const bets = tiles.filter((each) => each.bets && each.bets.bet() >= 0).length;
    root.dataset.bets = bets;
    commit.disabled = bets === 0;
    commit.textContent = bets ? `Commit ${bets} of ${tiles.length - 1} bets` : "Bet on one or more";
  }

  function reveal() {
    hidden = unveil(data.hidden);
    const { right, node } = verdict(data, tiles, hidden.answers);
    tiles.forEach((each, i) => {
      each.canvas.setAttribute("aria-label", `${data.names[i]}: the clip, ${data.frames} frames`);
      if (each.bets) each.bets.node.hidden = true;
    });
    reply.replaceChildren(node);
    after.hidden = false;
    commit.textContent = "Bet again";
    Object.assign(root.dataset, { committed: "yes", right });
    look(chosen);
    for (const each of tiles) each.clip(frame);
    if (!wantsLessMotion()) controls.play();
  }

  function again() {
    controls.pause();
    for (const each of tiles) {
      each.photo();
      each.told.replaceChildren();
      if (each.bets) { each.bets.clear(); each.bets.node.hidden = false; }
    }
    reply.replaceChildren();
    after.hidden = true;
    delete root.dataset.committed;
    count();
  }

  // Under each clip: the bet where there was one, and what the chosen yardstick says.
  function tell(each, i) {
    const row = hidden.rows[chosen.name][i], bet = each.bets ? each.bets.bet() : -1;
    const measured = row.mean === null ? "not defined" : valueText(chosen, row.mean) + (noticed(row, hidden.bands[chosen.name]) ? ", noticed" : "");
    const answer = BETS[hidden.answers[i]];
    const first = bet < 0 ? [] : [make("div", {}, bet === hidden.answers[i] ? `✓ ${answer}` : `✗ ${BETS[bet]}: it is ${answer}`)];
    each.told.replaceChildren(...first, make("div", {}, `${chosen.label}: ${measured}`));
  }

  function look(yardstick) {
    chosen = yardstick;
    const rows = hidden.rows[yardstick.name], band = hidden.bands[yardstick.name];
    const out = data.names.filter((_, i) => i > 0 && noticed(rows[i], band));
    const others = data.names.filter((_, i) => i > 0 && rows[i].mean !== null).length;
    tiles.forEach(tell);
    says.textContent = yardstick.says;
    seen.textContent = out.length ? `It notices ${out.length} of ${others}: ${out.join(", ")}.` : `It notices none of ${others}.`;
    Object.assign(root.dataset, { yardstick: yardstick.name, noticed: out.length });
    redraw();
  }

  const redraw = () => { if (hidden && width) box.replaceChildren(yardstickChart(data, chosen, hidden.rows[chosen.name], hidden.bands[chosen.name], width)); };
  const controls = transport(root, { frames: data.frames, fps: data.fps, autoplay: false, onFrame: (next) => { frame = next; if (root.dataset.committed) for (const each of tiles) each.clip(frame); } });
  const choices = data.yardsticks.map((yardstick, i) => make("label", { class: "ssagan-bet" }, make("input", { type: "radio", name: `${root.id}-yardstick`, value: yardstick.name, checked: i === 0, onchange: () => look(yardstick) }), make("span", {}, yardstick.label)));
  const tools = make("div", { class: "ssagan-bets ssagan-yardsticks", role: "radiogroup", "aria-label": "yardstick" }, ...choices);
  after.append(controls.node, make("p", {}, make("strong", {}, "Which yardstick would have warned you?")), tools, says, box, seen);
  stage.append(
    make("p", {}, make("strong", {}, "Compared with the untouched photo, how much will the clip of each version move?")),
    make("div", { class: "ssagan-stress" }, ...tiles.map((each) => each.node)),
    make("div", { class: "ssagan-controls" }, commit), reply, after,
  );
  for (const each of tiles) each.photo();
  count();
  onWidth(box, (next) => { width = next; redraw(); });
});
