// Needs: dom, theme, marks, chart, player.
// Runs that differ in one thing, looked at while they trained. One slider goes through the looks of all of them: the
// clip at that step, one pixel's weights over the photo, and how far each gamma has come.

const HEAT = [230, 60, 20];

// The photo, and over it how much each place is looked at; 1 is the largest weight of this map.
function drawMap(canvas, photo, look, place) {
  const context = canvas.getContext("2d"), [rows, columns] = look.grid, side = canvas.width / columns;
  context.imageSmoothingEnabled = false;
  context.filter = "grayscale(0.8)";
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  context.filter = "none";
  for (let i = 0; i < rows * columns; i++) {
    context.fillStyle = `rgba(${HEAT}, ${(0.85 * look.levels[i]) / 255})`;
    context.fillRect((i % columns) * side, Math.floor(i / columns) * side, side, side);
  }
  context.lineWidth = 3;
  context.strokeStyle = "#fff";
  context.strokeRect(place[1] * side, place[0] * side, side, side);
  context.lineWidth = 1;
  context.strokeStyle = "#000";
  context.strokeRect(place[1] * side - 1.5, place[0] * side - 1.5, side + 3, side + 3);
}

const percent = (share) => `${(100 * share).toPrecision(2)} %`;

function spread(look) {
  const even = 1 / (look.grid[0] * look.grid[1]);
  if (look.largest < 1.05 * even) return `even: every place gets ${percent(even)}`;
  return `the most watched place gets ${percent(look.largest)}, even would be ${percent(even)}`;
}

// Every gamma against the looks; each line is named at its end, and a rule shows where the slider stands.
function gammaChart(data, width, pick) {
  const margin = { top: 26, right: 70, bottom: 36, left: 48 }, height = 230;
  const values = data.paths.flatMap((path) => path.values), reach = Math.max(0.01, ...values.map(Math.abs)) * 1.1;
  const x = scale([0, data.steps.length - 1], [margin.left, width - margin.right]), y = scale([-reach, reach], [height - margin.bottom, margin.top]);
  const svg = draw("svg", { class: "ssagan-chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": data.chart });
  svg.append(axes({ width, height, margin, x, y, xTicks: data.steps.map((_, i) => i).filter((i) => width > 520 || i % 2 === 0), yTicks: roundTicks(-reach, reach, 4), xText: (i) => String(data.steps[i]), xLabel: "generator step", yLabel: "gamma" }));
  const ends = spreadEnds(data.paths.map((path) => y(path.values[path.values.length - 1])));
  data.paths.forEach((path, i) => {
    const style = `fill: none; stroke: var(--${i < data.paths.length / 2 ? "ours" : "copy-first"}); stroke-width: 2; stroke-dasharray: ${["none", "7 3", "2 3"][i % 3]}`;
    svg.append(draw("polyline", { points: path.values.map((value, k) => `${x(k)},${y(value)}`).join(" "), style }));
    svg.append(draw("text", { class: "ssagan-soft", x: width - margin.right + 5, y: ends[i] + 4 }, path.name));
  });
  const rule = draw("line", { y1: margin.top, y2: height - margin.bottom, style: "stroke: var(--ink); stroke-width: 1.5" });
  svg.append(rule);
  svg.addEventListener("pointerdown", (event) => pick(Math.round(x.back(((event.clientX - svg.getBoundingClientRect().left) * width) / svg.getBoundingClientRect().width))));
  return { svg, point: (look) => { rule.setAttribute("x1", x(look)); rule.setAttribute("x2", x(look)); } };
}

// Names at the ends of lines keep a distance from each other.
function spreadEnds(heights, gap = 14) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]), placed = [...heights];
  for (let k = 1; k < order.length; k++) placed[order[k]] = Math.max(placed[order[k]], placed[order[k - 1]] + gap);
  const excess = Math.max(0, placed[order[order.length - 1]] - 200);
  return placed.map((height) => height - excess);
}

// One run: its clip at every look, its map, and what was measured.
async function runView(run, photo, place) {
  const clips = await Promise.all(run.looks.map((look) => clipView({ ...look.clip, name: run.name, role: "" }, { mark: false })));
  const screen = make("div"), map = make("canvas", { width: 256, height: 256, role: "img", "aria-label": `${run.name}: where one pixel looks` });
  const told = make("p", { class: "ssagan-soft", "aria-live": "polite" });
  const node = make("div", { class: "ssagan-run" }, make("div", { class: "ssagan-name" }, run.name), screen, map, told);
  let shown = 0;
  const look = (index) => {
    shown = index;
    screen.replaceChildren(clips[index].canvas);
    drawMap(map, photo, run.looks[index], place);
    const { psnr, motion } = run.looks[index];
    told.textContent = `PSNR ${psnr.toFixed(1)} dB, motion energy ${motion.toFixed(1)} of the truth's; ${spread(run.looks[index])}.`;
  };
  return { node, look, show: (frame) => clips[shown].show(frame) };
}

mountAll("gamma", async (stage, data, root) => {
  const photo = new Image();
  photo.src = data.photo;
  await photo.decode();
  for (const run of data.runs) for (const look of run.looks) look.levels = Uint8Array.from(atob(look.levels), (letter) => letter.charCodeAt(0));
  const views = await Promise.all(data.runs.map((run) => runView(run, photo, data.place)));
  const last = data.steps.length - 1;
  const slider = make("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "training step", oninput: () => go(Number(slider.value)) });
  const label = make("output", { class: "ssagan-frame", "aria-live": "off" });
  const back = make("button", { type: "button", "aria-label": "the look before", onclick: () => go(now - 1) }, "◀");
  const on = make("button", { type: "button", "aria-label": "the next look", onclick: () => go(now + 1) }, "▶");
  const box = make("div");
  let now = 0, chart, frame = 0;
  function go(index) {
    now = Math.min(last, Math.max(0, index));
    slider.value = now;
    slider.setAttribute("aria-valuetext", `step ${data.steps[now]}`);
    label.textContent = `step ${data.steps[now]}`;
    root.dataset.step = data.steps[now];
    for (const view of views) { view.look(now); view.show(frame); }
    chart?.point(now);
  }
  const controls = transport(root, { frames: data.frames, fps: data.fps, autoplay: true, onFrame: (next) => { frame = next; for (const view of views) view.show(frame); } });
  stage.append(make("div", { class: "ssagan-controls" }, back, on, slider, label), make("div", { class: "ssagan-runs" }, ...views.map((view) => view.node)), controls.node, box);
  go(0);
  onWidth(box, (width) => { chart = gammaChart(data, width, go); box.replaceChildren(chart.svg); chart.point(now); });
});
