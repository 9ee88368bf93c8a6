// Needs: dom, theme, marks, player.
// Three futures of one photo and their probabilities. The page holds the three clips exactly, and computes from them,
// pixel by pixel, the best answer under L2 (mean), under L1 (median) and one drawn future, and what each may expect.

const HALF = 0.5 - 1e-9; // as in explore/futures.py
const ANSWERS = [
  { key: "mean", name: "best under L2" },
  { key: "median", name: "best under L1" },
  { key: "drawn", name: "a drawn future" },
];

// The colours of a clip, frame after frame, row after row, three bytes a pixel.
async function pixelsOf(future, { frames, columns, width, height }) {
  const picture = new Image();
  picture.src = future.picture;
  await picture.decode();
  const canvas = make("canvas", { width: picture.width, height: picture.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const pixels = new Float32Array(frames * height * width * 3);
  for (let frame = 0, to = 0; frame < frames; frame++) {
    const cell = context.getImageData((frame % columns) * width, Math.floor(frame / columns) * height, width, height).data;
    for (let i = 0; i < cell.length; i++) if (i % 4 < 3) pixels[to++] = cell[i];
  }
  return pixels;
}

function meanOf([a, b, c], [p, q, r], to) {
  for (let i = 0; i < to.length; i++) to[i] = p * a[i] + q * b[i] + r * c[i];
}

// In each place the first value, from below, with half of the probability at or beneath it.
function medianOf(clips, shares, to) {
  const order = [0, 1, 2];
  for (let i = 0; i < to.length; i++) {
    order.sort((one, other) => clips[one][i] - clips[other][i]);
    let share = 0, at = 0;
    while ((share += shares[order[at]]) < HALF) at++;
    to[i] = clips[order[at]][i];
  }
}

// Mean squared and mean absolute difference over the frames that were not given, on the scale from -1 to 1.
function distance(one, other, size) {
  let squared = 0, absolute = 0;
  for (let i = size; i < one.length; i++) {
    const difference = (one[i] - other[i]) / 127.5;
    squared += difference * difference;
    absolute += Math.abs(difference);
  }
  const count = one.length - size;
  return { squared: squared / count, absolute: absolute / count };
}

// A canvas with a line of words beneath it.
function pixelView(name, { width, height, frames }) {
  const canvas = make("canvas", { width, height, role: "img", "data-name": name, "aria-label": `${name}, ${frames} frames` });
  canvas.classList.toggle("ssagan-blocky", width <= 48);
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  const label = make("div", { class: "ssagan-name" }, name);
  function show(pixels, frame) {
    let from = frame * width * height * 3;
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 < 3 ? Math.round(pixels[from++]) : 255;
    context.putImageData(image, 0, 0);
  }
  return { node: make("div", { class: "ssagan-clip" }, canvas, label), label, show };
}

const percent = (share) => `${Math.round(100 * share)} %`;

// One slider for each future; to move one rescales the others, so that the three always sum to one.
function shareSliders(names, onMove) {
  const rows = names.map((name, index) => {
    const value = make("output", { class: "ssagan-share", "aria-live": "off" });
    const slider = make("input", { type: "range", min: 0, max: 100, step: 1, "data-future": index, "aria-label": `probability of ${name}`, oninput: () => onMove(index, Number(slider.value) / 100) });
    return { slider, value, node: make("div", { class: "ssagan-controls" }, make("span", { class: "ssagan-slider-name" }, name), slider, value) };
  });
  function show(shares) {
    rows.forEach(({ slider, value }, index) => {
      slider.value = Math.round(100 * shares[index]);
      slider.setAttribute("aria-valuetext", percent(shares[index]));
      value.textContent = percent(shares[index]);
    });
  }
  return { nodes: rows.map((row) => row.node), show };
}

function rescaled(shares, moved, share) {
  const rest = 1 - shares[moved];
  return shares.map((old, index) => (index === moved ? share : rest > 1e-9 ? (old * (1 - share)) / rest : (1 - share) / 2));
}

// What each answer may expect, the best of each column marked.
function scoreTable() {
  const head = ["answer", "L2 loss", "L1 loss"];
  const cells = ANSWERS.map(({ key }) => head.slice(1).map((column) => make("td", { "data-score": `${key} ${column}` })));
  const body = cells.map((row, index) => make("tr", {}, make("th", { scope: "row" }, ANSWERS[index].name), ...row));
  const top = make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)));
  const node = make("table", { class: "ssagan-scores", "aria-label": "what each answer may expect" }, make("thead", {}, top), make("tbody", {}, ...body));
  function show(scores) {
    const best = { squared: Math.min(...scores.map((one) => one.squared)), absolute: Math.min(...scores.map((one) => one.absolute)) };
    scores.forEach(({ squared, absolute }, row) => {
      mark(cells[row][0], squared.toFixed(4), squared <= best.squared + 1e-6);
      mark(cells[row][1], absolute.toFixed(4), absolute <= best.absolute + 1e-6);
    });
  }
  return { node, show };
}

function mark(cell, text, best) {
  cell.classList.toggle("ssagan-best", best);
  cell.replaceChildren(best ? `✓ ${text}` : text);
}

// Why the L1 answer looks as it does.
function verdict(names, shares) {
  const most = shares.indexOf(Math.max(...shares)), top = shares[most];
  if (top > 0.5 + 1e-9) return `“${names[most]}” has more than half of the probability: L1 shows it as if it were certain.`;
  if (top >= HALF) return `“${names[most]}” has exactly half: under L1 it is as good to show it as not to. The darker answer is drawn here.`;
  return "No future has more than half of the probability: L1 shows a cloud only where two futures overlap.";
}

mountAll("futures", async (stage, data, root) => {
  const names = data.futures.map((future) => future.name), size = data.width * data.height * 3;
  const clips = await Promise.all(data.futures.map((future) => pixelsOf(future, data)));
  const apart = clips.map((one) => clips.map((other) => distance(one, other, size)));
  const state = { shares: data.probabilities, dice: data.dice, draws: 1, frame: 0 };
  const answers = { mean: clips[0].slice(), median: clips[0].slice(), drawn: clips[0] };
  const given = names.map((name) => pixelView(name, data)), made = ANSWERS.map(({ name }) => pixelView(name, data));
  const sliders = shareSliders(names, (index, share) => change(rescaled(state.shares, index, share)));
  const table = scoreTable(), told = make("p", { class: "ssagan-told", "aria-live": "polite" });
  const presets = data.presets.map(({ name, shares }) => make("button", { type: "button", onclick: () => change(shares) }, name));
  const again = make("button", { type: "button", onclick: () => { state.dice = Math.random(); state.draws++; change(state.shares); } }, "Draw again");
  const controls = transport(root, { frames: data.frames, fps: data.fps, onFrame: (frame) => { state.frame = frame; paint(); } });

  function paint() {
    given.forEach((view, index) => view.show(clips[index], state.frame));
    ANSWERS.forEach(({ key }, index) => made[index].show(answers[key], state.frame));
  }

  const expected = (distances) => ({
    squared: distances.reduce((sum, one, index) => sum + state.shares[index] * one.squared, 0),
    absolute: distances.reduce((sum, one, index) => sum + state.shares[index] * one.absolute, 0),
  });

  // A drawn future may be any of them, with its own probability: the mean over the draws.
  function bold() {
    const each = apart.map(expected), mean = (key) => each.reduce((sum, one, index) => sum + state.shares[index] * one[key], 0);
    return { squared: mean("squared"), absolute: mean("absolute") };
  }

  function drawnIndex() {
    let share = 0;
    const index = state.shares.findIndex((one) => one > 0 && state.dice < (share += one));
    return index < 0 ? state.shares.indexOf(Math.max(...state.shares)) : index;
  }

  function change(shares) {
    state.shares = shares;
    meanOf(clips, shares, answers.mean);
    medianOf(clips, shares, answers.median);
    const drawn = drawnIndex();
    answers.drawn = clips[drawn];
    const scores = ["mean", "median"].map((key) => expected(clips.map((clip) => distance(answers[key], clip, size))));
    table.show([...scores, bold()]);
    sliders.show(shares);
    names.forEach((name, index) => { given[index].label.textContent = `${name}, ${percent(shares[index])}`; });
    made[2].label.textContent = `a drawn future: ${names[drawn]} (draw ${state.draws})`;
    const words = verdict(names, shares);
    if (told.textContent !== words) told.textContent = words;
    Object.assign(root.dataset, { shares: shares.map((one) => one.toFixed(4)).join(" "), drawn: names[drawn], draws: state.draws });
    paint();
  }

  const rows = [
    make("p", { class: "ssagan-part" }, "What may happen"),
    make("div", { class: "ssagan-clips" }, ...given.map((view) => view.node)), ...sliders.nodes,
    make("div", { class: "ssagan-controls" }, ...presets),
    make("p", { class: "ssagan-part" }, "What you may answer"),
    make("div", { class: "ssagan-clips" }, ...made.map((view) => view.node)), controls.node,
    make("div", { class: "ssagan-controls" }, again), told, table.node,
    make("p", { class: "ssagan-note" }, "Each number is the mean over what may happen; for a drawn future, over the draws as well."),
  ];
  stage.append(...rows);
  change(state.shares);
});
