// Needs: dom, theme, marks, player.
// clip = mask * foreground + (1 - mask) * background, in the page. The reader picks or paints the mask, and says how
// much the foreground knows; the score is that of the sum alone.

const MASKS = [
  { name: "true", label: "where it moves" },
  { name: "ones", label: "all 1" },
  { name: "half", label: "all ½" },
  { name: "zeros", label: "all 0" },
];
const KNOWS = ["only what moves", "everything"];

function bits(text, count) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (7 - (i & 7))) & 1);
}

// All frames of a sprite as bytes: [frame][4 * pixel + colour].
async function decoded(clip) {
  const picture = new Image();
  picture.src = clip.picture;
  await picture.decode();
  const canvas = make("canvas", { width: picture.width, height: picture.height }), context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  return Array.from({ length: clip.frames }, (_, t) => context.getImageData((t % clip.columns) * clip.width, Math.floor(t / clip.columns) * clip.height, clip.width, clip.height).data);
}

function screen(name, width, height) {
  const canvas = make("canvas", { width, height, role: "img", "aria-label": name, class: "ssagan-blocky" });
  const context = canvas.getContext("2d"), picture = context.createImageData(width, height);
  const show = (colour) => {
    for (let i = 0; i < width * height; i++) {
      for (let k = 0; k < 3; k++) picture.data[4 * i + k] = colour(i, k);
      picture.data[4 * i + 3] = 255;
    }
    context.putImageData(picture, 0, 0);
  };
  return { canvas, show, node: make("div", { class: "ssagan-clip" }, canvas, make("div", { class: "ssagan-name" }, name)) };
}

// Radios that look like one row of buttons.
function radioRow(label, names, group, onChoice) {
  const radios = names.map((_, i) => make("input", { type: "radio", name: group, value: i, checked: i === 0, onchange: () => onChoice(i) }));
  const labels = radios.map((radio, i) => make("label", { class: "ssagan-bet" }, radio, make("span", {}, names[i])));
  const row = make("div", { class: "ssagan-bets", role: "radiogroup", "aria-label": label }, ...labels);
  return { node: make("div", { class: "ssagan-choice-row" }, make("div", { class: "ssagan-name" }, label), row), clear: () => { for (const radio of radios) radio.checked = false; } };
}

mountAll("two_streams", async (stage, data, root) => {
  const [clip, other] = await Promise.all(data.clips.map(decoded));
  const { width, height, frames } = data.clips[0], count = width * height, cells = data.cells;
  const moving = bits(data.moving, count);
  let mask = Float64Array.from(moving), everything = false, frame = 0, brush = null, cell = [0, 0];
  const screens = { foreground: screen("foreground, moves", width, height), mask: screen("mask: paint here", width, height), background: screen("background, stands still", width, height), sum: screen("the sum", width, height) };
  const cursor = make("div", { class: "ssagan-cell", hidden: true });
  const board = make("div", { class: "ssagan-board", tabindex: 0, role: "application", "aria-label": `mask, ${cells} by ${cells} cells: arrow keys move, space paints` }, screens.mask.canvas, cursor);
  screens.mask.node.prepend(board);
  const told = make("p", { class: "ssagan-card", "aria-live": "polite" });

  const foreground = (t, i, k) => (everything || moving[i] ? clip[t][4 * i + k] : other[t][4 * i + k]);
  const sum = (t, i, k) => mask[i] * foreground(t, i, k) + (1 - mask[i]) * clip[0][4 * i + k];

  // Mean PSNR over frames 1 on; null where no frame has an error.
  function score() {
    let total = 0, counted = 0;
    for (let t = 1; t < frames; t++) {
      let error = 0;
      for (let i = 0; i < count; i++) for (let k = 0; k < 3; k++) error += (sum(t, i, k) - clip[t][4 * i + k]) ** 2;
      if (error > 0) { total += 10 * Math.log10((255 ** 2 * 3 * count) / error); counted++; }
    }
    return counted ? total / counted : null;
  }

  // Which part of the L1 error, frames 1 on, the mask hands to the foreground; null where there is no error.
  function errorShares() {
    let fore = 0, all = 0;
    for (let t = 1; t < frames; t++) for (let i = 0; i < count; i++) for (let k = 0; k < 3; k++) {
      const off = Math.abs(sum(t, i, k) - clip[t][4 * i + k]);
      fore += mask[i] * off;
      all += off;
    }
    return all > 0 ? fore / all : null;
  }

  function show() {
    screens.foreground.show((i, k) => foreground(frame, i, k));
    screens.mask.show((i) => 255 * mask[i]);
    screens.background.show((i, k) => clip[0][4 * i + k]);
    screens.sum.show((i, k) => sum(frame, i, k));
  }

  function update() {
    const share = mask.reduce((a, b) => a + b, 0) / count, found = score();
    const right = mask.reduce((a, value, i) => a + (Math.abs(value - moving[i]) < 0.25 ? 1 : 0), 0) / count;
    root.dataset.share = share.toFixed(3);
    root.dataset.score = found === null ? "perfect" : found.toFixed(1);
    const error = errorShares(), part = error ?? share; // without an error: what one that is everywhere would do
    told.replaceChildren(make("strong", {}, found === null ? "No error at all." : `PSNR ${found.toFixed(1)} dB.`),
      ` The mask is right in ${Math.round(100 * right)} % of the places. Of the error, ${Math.round(100 * (1 - part))} % would reach the background, ${Math.round(100 * part)} % the foreground.`);
    show();
  }

  const rows = [
    radioRow("mask", MASKS.map(({ label }) => label), `${root.id}-mask`, (i) => {
      const name = MASKS[i].name;
      mask = Float64Array.from(moving, (value) => (name === "true" ? value : name === "ones" ? 1 : name === "half" ? 0.5 : 0));
      root.dataset.mask = name;
      update();
    }),
    radioRow("the foreground stream knows", KNOWS, `${root.id}-knows`, (i) => { everything = i === 1; root.dataset.knows = i; update(); }),
  ];

  function paint([column, row]) {
    const wide = width / cells, high = height / cells, inside = (i) => Math.floor((i % width) / wide) === column && Math.floor(Math.floor(i / width) / high) === row;
    if (brush === null) { // the first cell decides whether the stroke adds or takes away
      let mean = 0, places = 0;
      for (let i = 0; i < count; i++) if (inside(i)) { mean += mask[i]; places++; }
      brush = mean / places < 0.5 ? 1 : 0;
    }
    for (let i = 0; i < count; i++) if (inside(i)) mask[i] = brush;
    root.dataset.mask = "painted";
    rows[0].clear();
    update();
  }

  const under = (event) => {
    const box = screens.mask.canvas.getBoundingClientRect(), place = (at, from, size) => Math.min(cells - 1, Math.max(0, Math.floor((cells * (at - from)) / size)));
    return [place(event.clientX, box.left, box.width), place(event.clientY, box.top, box.height)];
  };
  function point(next) {
    cell = next;
    const side = 100 / cells;
    cursor.hidden = false;
    cursor.style.cssText = `left: ${side * cell[0]}%; top: ${side * cell[1]}%; width: ${side}%; height: ${side}%`;
    root.dataset.cell = cell.join(",");
  }
  board.addEventListener("pointerdown", (event) => { brush = null; board.setPointerCapture(event.pointerId); point(under(event)); paint(cell); });
  board.addEventListener("pointermove", (event) => { if (brush !== null && event.buttons) { const next = under(event); if (next.join() !== cell.join()) { point(next); paint(cell); } } });
  for (const name of ["pointerup", "pointercancel"]) board.addEventListener(name, () => { brush = null; });
  board.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key], stay = (value) => Math.min(cells - 1, Math.max(0, value));
    if (step) point([stay(cell[0] + step[0]), stay(cell[1] + step[1])]);
    else if (event.key === " " || event.key === "Enter") { brush = null; point(cell); paint(cell); brush = null; }
    else return;
    event.preventDefault();
  });
  board.addEventListener("blur", () => { cursor.hidden = true; });

  const controls = transport(root, { frames, fps: data.fps, onFrame: (next) => { frame = next; show(); } });
  root.dataset.mask = "true";
  root.dataset.knows = 0;
  stage.append(make("div", { class: "ssagan-streams" }, ...Object.values(screens).map(({ node }) => node)), controls.node, ...rows.map(({ node }) => node), told);
  update();
});
