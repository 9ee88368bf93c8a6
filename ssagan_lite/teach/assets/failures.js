// Needs: dom, theme, marks, chart, player.
// Failing training runs beside a healthy one. A run is chosen by its clip; its curves are drawn over the healthy run's.
// The reader names the cause; then it is told, with the cure.
const PANELS = [
  { label: "critic's logits", lines: [{ name: "real_logit", told: "real", role: "truth", dash: "" }, { name: "fake_logit", told: "made", role: "ours", dash: "6 3" }] },
  { label: "content (L1 distance)", floor: 0, lines: [{ name: "content", told: "content", role: "ours", dash: "6 3" }] },
  { label: "gradients' lengths", log: true, lines: [{ name: "critic_gradient", told: "critic", role: "truth", dash: "" }, { name: "generator_gradient", told: "generator", role: "ours", dash: "6 3" }] },
];
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// 10, 10², 0.1 ...: powers that fit beside an axis.
function powerText(exponent) {
  if (exponent >= -1 && exponent <= 2) return String(10 ** exponent);
  return `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPT[digit]).join("")}`;
}

function path(values, x, y) {
  const right = Math.max(1, values.length - 1);
  return values.map((value, i) => `${i ? "L" : "M"}${x(i / right).toFixed(1)},${y(value).toFixed(1)}`).join("");
}

// What one panel draws: the values of a run, on the scale of the panel.
function valuesOf(panel, run, line) {
  return run.curves[line.name].map((value) => (panel.log ? Math.log10(Math.max(value, 1e-6)) : value));
}

function limits(panel, runs) {
  const all = runs.flatMap((run) => panel.lines.flatMap((line) => valuesOf(panel, run, line)));
  let [low, high] = [Math.min(...all, panel.floor ?? Infinity), Math.max(...all)];
  if (panel.log) return [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
  if (panel.floor === undefined) { low = Math.min(low, -1); high = Math.max(high, 1); }
  return [low, high + (high - low) * 0.04];
}

function panelChart(panel, run, healthy, cycles) {
  const height = 150, margin = { top: 22, right: 8, bottom: 34, left: 34 };
  const chart = draw("svg", { class: "ssagan-chart", height, role: "img", "aria-label": `${panel.label}: ${run.said[panel.lines[0].name]}` });
  const runs = run === healthy ? [run] : [healthy, run], [low, high] = limits(panel, runs);
  onWidth(chart, (width) => {
    const x = scale([0, 1], [margin.left, width - margin.right]), y = scale([low, high], [height - margin.bottom, margin.top]);
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.replaceChildren(axes({ width, height, margin, x: (value) => x(value / cycles), y, xTicks: [0, cycles / 2, cycles], yTicks: panel.log ? roundTicks(low, high, Math.min(4, high - low)).filter(Number.isInteger) : roundTicks(low, high, 4),
      xLabel: "cycle", yLabel: panel.label, yText: panel.log ? powerText : String }));
    for (const each of runs) for (const line of panel.lines) {
      const usual = each === healthy && run !== healthy;
      const style = usual ? "stroke: var(--soft); opacity: 0.5; stroke-width: 1.5" : `stroke: var(--${line.role})`;
      chart.append(draw("path", { class: "ssagan-curve", d: path(valuesOf(panel, each, line), x, y), style: `${style}; stroke-dasharray: ${line.dash || "none"}` }));
    }
  });
  const legend = make("div", { class: "ssagan-failures-legend" }, ...panel.lines.map((line) => make("span", {}, lineSwatch(line), line.told)));
  return make("div", { class: "ssagan-failures-panel" }, chart, legend);
}

function lineSwatch({ role, dash }) {
  const box = draw("svg", { class: "ssagan-swatch", viewBox: "0 0 26 14", "aria-hidden": "true" });
  box.append(draw("line", { x1: 0, x2: 26, y1: 7, y2: 7, style: `stroke: var(--${role}); stroke-width: 2.5; stroke-dasharray: ${dash || "none"}` }));
  return box;
}

// The logits of a run, small, beneath its clip: real drawn through, made dashed. Each has a scale of its own.
function spark(run) {
  const width = 100, height = 34, panel = PANELS[0], [low, high] = limits(panel, [run]);
  const x = scale([0, 1], [1, width - 1]), y = scale([low, high], [height - 2, 2]);
  const box = draw("svg", { class: "ssagan-failures-spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  box.append(draw("line", { class: "ssagan-grid", x1: 0, x2: width, y1: y(0), y2: y(0) }));
  for (const line of panel.lines) {
    box.append(draw("path", { d: path(valuesOf(panel, run, line), x, y), style: `fill: none; stroke: var(--${line.role}); stroke-width: 1.75; vector-effect: non-scaling-stroke; stroke-dasharray: ${line.dash || "none"}` }));
  }
  return box;
}

mountAll("failures", async (stage, data, root) => {
  const runs = data.runs, healthy = runs[0], solved = new Set();
  const { views, controls } = await player(root, runs.map((run) => ({ ...run.clip, name: run.name })), { fps: data.fps, mark: false });
  const tally = make("p", { class: "ssagan-failures-tally", "aria-live": "polite" });
  const detail = make("div", { class: "ssagan-card ssagan-failures-detail" });
  const tiles = runs.map((run, i) => {
    const { canvas, name } = views[i];
    name.classList.add("ssagan-failures-name");
    return make("button", { type: "button", class: "ssagan-failures-tile", "data-run": run.name, onclick: () => pick(i), onkeydown: (event) => walk(event, i) }, canvas, name, spark(run));
  });

  // Arrow keys go from clip to clip, as in a grid.
  function walk(event, i) {
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const next = by && tiles[i + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function pick(i) {
    const run = runs[i];
    tiles.forEach((tile, j) => tile.setAttribute("aria-pressed", i === j));
    root.dataset.picked = run.name;
    const charts = make("div", { class: "ssagan-failures-charts" }, ...PANELS.map((panel) => panelChart(panel, run, healthy, data.cycles)));
    const under = i ? make("p", { class: "ssagan-note" }, "In grey: the healthy run.") : "";
    detail.replaceChildren(make("p", {}, make("strong", {}, `${i ? `Run ${run.name}` : "The healthy run"}. `), run.symptom), charts, under, ...(i ? [question(run, i)] : []));
  }

  function question(run, i) {
    const radios = run.choices.map((choice, j) => make("input", { type: "radio", name: `${root.id}-${run.name}`, value: j }));
    const choices = radios.map((radio, j) => make("label", { class: "ssagan-choice" }, radio, make("span", {}, run.choices[j])));
    const reply = make("div", { "aria-live": "polite" });
    const commit = make("button", { type: "button", disabled: true, onclick: () => reveal(run, i, radios.findIndex((radio) => radio.checked), reply, commit) }, "Commit");
    const form = make("fieldset", { onchange: () => { commit.disabled = false; } }, make("legend", {}, `What is wrong in run ${run.name}?`), ...choices, make("div", { class: "ssagan-controls" }, commit));
    return make("div", { class: "ssagan-prediction" }, form, reply);
  }

  function reveal(run, i, choice, reply, commit) {
    const hidden = unveil(run.hidden), right = run.choices[choice] === hidden.cause;
    const lines = [make("p", {}, make("strong", {}, right ? "Yes." : `Not this one. ${hidden.replies[run.choices[choice]]}`))];
    if (!right) lines.push(make("p", {}, `The cause: ${hidden.cause}.`));
    lines.push(make("pre", { class: "ssagan-failures-line" }, hidden.line), make("p", {}, hidden.why));
    lines.push(make("p", {}, make("strong", {}, "Cure: "), hidden.cure));
    reply.replaceChildren(make("div", { class: "ssagan-card", "data-verdict": right ? "right" : "wrong" }, ...lines));
    root.dataset.committed = right ? "right" : "wrong";
    commit.textContent = "Try another answer";
    if (right) solved.add(run.name);
    if (right) views[i].name.textContent = `${run.name}: ${hidden.short}`;
    count();
  }

  function count() {
    root.dataset.solved = solved.size;
    tally.textContent = `${solved.size} of ${runs.length - 1} runs diagnosed.`;
  }

  const grid = make("div", { class: "ssagan-failures-grid", role: "group", "aria-label": "runs" }, ...tiles);
  stage.append(controls.node, grid, tally, detail);
  count();
  pick(0);
});
