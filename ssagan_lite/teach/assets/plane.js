// Needs: dom, theme, marks, player, chart.
// The plane of distortion (PSNR) against motion. A dot tells its numbers and plays its clip. A score without motion is
// a vertical line. `data.guess` names a dot that stays hidden until the reader has said where it falls.

// A dot without a role has a shape of its own, so that several of them can be told apart, and a dash for its line.
const OTHERS = {
  hexagon: { points: (size) => polygon(size * 1.1, 6, 0), dash: "4 4" },
  plus: { points: (size) => outline(size * 1.2, [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]]), dash: "11 4" },
  right: { points: (size) => polygon(size * 1.3, 3, 0), dash: "1 3" },
  bar: { points: (size) => outline(size * 1.25, [[-0.5, -1], [0.5, -1], [0.5, 1], [-0.5, 1]]), dash: "11 4 1 4" },
  left: { points: (size) => polygon(size * 1.3, 3, Math.PI), dash: "16 4" },
  pentagon: { points: (size) => polygon(size * 1.2, 5, -Math.PI / 2), dash: "3 7" },
};
const outline = (size, corners) => corners.map(([x, y]) => `${(size * x).toFixed(2)},${(size * y).toFixed(2)}`).join(" ");

function dotShape(dot, size) {
  const node = shapeOf(dot.role, size, !dot.comparable);
  if (dot.shape) node.setAttribute("points", OTHERS[dot.shape].points(size));
  return node;
}

function dotSwatch(dot) {
  return draw("svg", { class: "ssagan-swatch", viewBox: "0 0 26 14", "aria-hidden": "true" }, draw("g", { transform: "translate(13 7)" }, dotShape(dot, 5.5)));
}

// Labels keep a distance from the line at `line` and from each other: in order of height, each is pushed below the one
// before where they touch.
function spreadLabels(labels, low, high, line, gap = 17, clear = 12) {
  const beside = (y, side) => (Math.abs(y - line) < clear ? line + side * clear : y);
  for (const label of labels) label.y = beside(label.y, label.y > line ? 1 : -1);
  labels.sort((a, b) => a.y - b.y);
  for (const side of [1, -1]) {
    const ordered = side > 0 ? labels : [...labels].reverse();
    ordered.forEach((label, i) => {
      label.y = Math.max(low, Math.min(high, label.y));
      for (const other of ordered.slice(0, i)) {
        const apart = label.left > other.right || other.left > label.right;
        if (!apart && (label.y - other.y) * side < gap) label.y = beside(other.y + side * gap, side);
      }
    });
  }
  return labels;
}

function planeChart(data, actions) {
  const margin = { top: 30, right: 14, bottom: 40, left: 40 }, height = 340;
  const chart = draw("svg", { class: "ssagan-chart", height, role: "group", "aria-label": data.chart });
  const layers = { back: draw("g"), guess: draw("g"), labels: draw("g"), dots: draw("g") };
  const state = { hidden: data.guess, picked: null, guess: null, x: null, y: null };
  const visible = () => data.dots.filter((dot) => dot.name !== state.hidden);

  function render(width) {
    state.width = width;
    state.x = scale(data.x, [margin.left, width - margin.right]);
    state.y = scale(data.y, [height - margin.bottom, margin.top]);
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.replaceChildren(layers.back, layers.guess, layers.labels, layers.dots);
    layers.back.replaceChildren(
      axes({ width, height, margin, x: state.x, y: state.y, xTicks: roundTicks(...data.x, width < 480 ? 4 : 8), yTicks: roundTicks(...data.y, 5),
        xLabel: "PSNR in dB (less distortion →)", yLabel: `↑ ${data.motion_label}` }),
      draw("line", { class: "ssagan-truth", x1: margin.left, x2: width - margin.right, y1: state.y(1), y2: state.y(1), style: "stroke: var(--truth); stroke-width: 1.5" }));
    refresh();
  }

  function refresh() {
    if (!state.x) return;
    layers.dots.replaceChildren(...visible().map(dotNode));
    layers.labels.replaceChildren(...(state.width >= 520 ? labelNodes() : []));
    drawGuess();
  }

  function dotNode(dot) {
    const place = dot.motion === null ? margin.top + 12 : state.y(dot.motion);
    const node = draw("g", { class: "ssagan-dot", tabindex: 0, role: "button", "aria-label": dot.told, "aria-pressed": dot.name === state.picked, "data-dot": dot.name, transform: `translate(${state.x(dot.psnr)} ${place})` });
    if (dot.motion === null) {
      node.append(draw("line", { x1: 0, x2: 0, y1: 0, y2: height - margin.bottom - place, style: `stroke: var(--${dot.role}); stroke-width: 2; stroke-dasharray: ${OTHERS[dot.shape]?.dash ?? MARKS.paper.dash}` }));
    }
    node.append(draw("circle", { class: "ssagan-halo", r: 13 }), dotShape(dot, 7));
    node.addEventListener("click", (event) => { event.stopPropagation(); actions.pick(dot.name); });
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      actions.pick(dot.name);
    });
    return node;
  }

  function labelNodes() {
    const labels = visible().map((dot) => {
      const x = state.x(dot.psnr), y = dot.motion === null ? margin.top + 12 : state.y(dot.motion), size = dot.label.length * 7.2;
      const flip = x + 16 + size > state.width;
      return { dot, x, y, from: y, flip, left: flip ? x - 16 - size : x + 16, right: flip ? x - 16 : x + 16 + size };
    });
    return spreadLabels(labels, margin.top, height - margin.bottom - 6, state.y(1)).flatMap((label) => {
      const side = label.flip ? -1 : 1;
      const text = draw("text", { x: label.x + side * 18, y: label.y + 4, "text-anchor": label.flip ? "end" : "start", "aria-hidden": "true", style: "paint-order: stroke; stroke: var(--panel); stroke-width: 3px" }, label.dot.label);
      if (!label.dot.comparable) text.style.fill = "var(--paper)";
      const moved = Math.abs(label.y - label.from) > 3;
      return moved ? [draw("line", { class: "ssagan-leader", x1: label.x, y1: label.from, x2: label.x + side * 15, y2: label.y }), text] : [text];
    });
  }

  // Where the reader thinks that the hidden dot falls: a tap, or the arrow keys.
  function drawGuess() {
    layers.guess.replaceChildren();
    if (!state.guess) return;
    const at = [state.x(state.guess.psnr), state.y(state.guess.motion)], dot = data.dots.find((one) => one.name === data.guess);
    if (!state.hidden) layers.guess.append(draw("line", { x1: at[0], y1: at[1], x2: state.x(dot.psnr), y2: state.y(dot.motion), style: "stroke: var(--ink); stroke-dasharray: 3 3" }));
    layers.guess.append(draw("circle", { cx: at[0], cy: at[1], r: 9, style: "fill: none; stroke: var(--ink); stroke-width: 2" }),
      draw("text", { x: at[0], y: at[1] - 14, "text-anchor": "middle" }, "your guess"));
  }

  function place(psnr, motion) {
    if (!state.hidden) return;
    const inside = (value, [low, high]) => Math.max(low, Math.min(high, value));
    state.guess = { psnr: inside(psnr, data.x), motion: inside(motion, data.y) };
    drawGuess();
    actions.guessed(state.guess);
  }

  chart.addEventListener("click", (event) => {
    const box = chart.getBoundingClientRect();
    place(state.x.back(event.clientX - box.left), state.y.back(event.clientY - box.top));
  });
  if (data.guess) {
    fill(chart, { tabindex: 0 }, []);
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!step || event.target !== chart || !state.hidden) return;
      event.preventDefault();
      const from = state.guess ?? { psnr: (data.x[0] + data.x[1]) / 2, motion: (data.y[0] + data.y[1]) / 2 };
      place(from.psnr + (step[0] * (data.x[1] - data.x[0])) / 40, from.motion + (step[1] * (data.y[1] - data.y[0])) / 40);
    });
  }
  onWidth(chart, render);
  return { node: chart, state, refresh, visible };
}

mountAll("plane", (stage, data, root) => {
  if (data.hidden) data.dots.push(unveil(data.hidden));
  const chart = planeChart(data, { pick, guessed });
  const legend = make("div", { class: "ssagan-controls", role: "group", "aria-label": "dots" });
  const card = make("div", { "aria-live": "polite" });
  const commit = make("button", { type: "button", disabled: true, onclick: reveal }, "Commit");
  const where = make("span", { "aria-live": "polite" });
  const ask = make("div", { class: "ssagan-controls" }, make("strong", {}, `Where will ${data.guess} fall? Tap the plane, or use the arrow keys.`), commit, where);
  let running = null;

  function refreshLegend() {
    legend.replaceChildren(...chart.visible().map((dot) => make("button",
      { type: "button", tabindex: -1, "data-dot": dot.name, "aria-pressed": dot.name === chart.state.picked, onclick: () => pick(dot.name) },
      dotSwatch(dot), ` ${dot.label}`)));
  }

  async function pick(name) {
    const dot = data.dots.find((one) => one.name === name), focused = document.activeElement?.closest?.(".ssagan-dot");
    chart.state.picked = name;
    root.dataset.picked = name;
    chart.refresh();
    refreshLegend();
    if (focused) [...chart.node.querySelectorAll(".ssagan-dot")].find((node) => node.dataset.dot === name)?.focus();
    running?.pause();
    running = null;
    const words = make("div", {}, make("p", {}, make("strong", {}, dot.name)), make("p", {}, dot.numbers));
    if (dot.note) words.append(make("p", { class: "ssagan-note" }, dot.note));
    const beside = make("div", { class: "ssagan-card ssagan-beside" }, words);
    card.replaceChildren(beside);
    if (!dot.clip) return;
    const { screen, controls } = await player(root, [dot.clip], { fps: data.fps, mark: false });
    if (chart.state.picked !== name) return;
    running = controls;
    beside.append(make("div", { class: "ssagan-screen" }, screen, controls.node));
  }

  function guessed({ psnr, motion }) {
    commit.disabled = false;
    where.textContent = `${psnr.toFixed(1)} dB, motion ${motion.toFixed(2)}`;
  }

  function reveal() {
    root.dataset.committed = "";
    chart.state.hidden = null;
    ask.remove();
    pick(data.guess);
    chart.node.removeAttribute("tabindex"); // nothing to guess any more; the dots have stops of their own
    [...chart.node.querySelectorAll(".ssagan-dot")].find((node) => node.dataset.dot === data.guess)?.focus({ preventScroll: true });
  }

  if (data.guess) stage.append(ask);
  refreshLegend();
  stage.append(chart.node, legend, card);
});
