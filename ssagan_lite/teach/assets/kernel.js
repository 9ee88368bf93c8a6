// Needs: dom, theme.
// A small clip, a kernel that slides through it, and the clip of its answers, which fills in step by step.
const CELL = 20; // units of one cell in the drawings; the page scales them

const signed = (value, digits) => {
  const rounded = Number(value.toFixed(digits)), text = String(Math.abs(rounded));
  return rounded === 0 ? "0" : `${rounded < 0 ? "−" : "+"}${text}`;
};
const plain = (value) => String(Number(value.toFixed(2))).replace("-", "−");

// Every answer (T', H', W'): the sum of products at each place where the kernel fits.
function convolve(clip, { weights, size: [depth, high, wide] }) {
  const count = (length, kernel) => Array.from({ length: length - kernel + 1 }, (_, i) => i);
  const at = (t, y, x) => {
    let sum = 0;
    for (let i = 0; i < depth; i++) for (let j = 0; j < high; j++) for (let k = 0; k < wide; k++) sum += clip[t + i][y + j][x + k] * weights[i][j][k];
    return sum;
  };
  return count(clip.length, depth).map((t) => count(clip[0].length, high).map((y) => count(clip[0][0].length, wide).map((x) => at(t, y, x))));
}

const strength = (answers) => answers.flat(2).reduce((sum, value) => sum + value * value, 0);

// A frame as an SVG of cells; `cell(row, column)` gives {style, text, soft, onclick} for each of them. `full` columns
// would fill the width, so that cells of smaller frames stay as large.
function frameOf(rows, columns, full, label, cell, extra = []) {
  const svg = draw("svg", { class: "ssagan-cells", viewBox: `-1 -1 ${full * CELL + 2} ${rows * CELL + 2}`, role: "img", "aria-label": label });
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
    const { style, text = "", soft = false, onclick } = cell(y, x);
    svg.append(draw("rect", { x: x * CELL, y: y * CELL, width: CELL, height: CELL, style, onclick, "data-cell": onclick ? `${y},${x}` : null }));
    if (text) svg.append(draw("text", { x: (x + 0.5) * CELL, y: (y + 0.5) * CELL + 4, class: soft ? "ssagan-soft" : null }, text));
  }
  svg.append(...extra);
  return make("div", { class: "ssagan-cell-frame" }, svg, make("div", { class: "ssagan-name" }, label));
}

const outline = (y, x, rows, columns) => draw("rect", { class: "ssagan-window", x: x * CELL, y: y * CELL, width: columns * CELL, height: rows * CELL });
const skyStyle = (value) => `fill: color-mix(in srgb, var(--cloud) ${Math.round(100 * Math.min(1, Math.max(0, value)))}%, var(--sky))`;

function answerStyle(value, largest) {
  const share = largest ? Math.round((60 * Math.abs(value)) / largest) : 0;
  return `fill: color-mix(in srgb, var(--${value < 0 ? "copy-first" : "ours"}) ${share}%, var(--panel))`;
}

// What a kernel makes of the three orders, said once all three are known.
function verdict([inOrder, shuffled, backwards]) {
  const same = (a, b) => Math.abs(a - b) < 1e-6;
  if (same(inOrder, shuffled) && same(inOrder, backwards)) return "the same in any order";
  if (same(inOrder, backwards)) return "notices the shuffle, but not which way time runs";
  return "tells forwards from backwards: it sees which way things move";
}

mountAll("kernel", (stage, data, root) => {
  const state = { kernel: 0, order: 0, place: [0, 0, 0], playing: false, full: false };
  const seen = new Map(); // "kernel,order" -> the places that have been answered
  const known = new Map(); // "kernel,order" -> the sum of squares, once every place has been
  let visible = false, timer = 0;

  const kernel = () => data.kernels[state.kernel];
  const order = () => data.orders[state.order];
  const key = () => `${state.kernel},${state.order}`;
  const clip = () => order().frames.map((frame) => data.clip[frame]);
  const answers = () => convolve(clip(), kernel());
  const shape = () => [data.clip.length, data.clip[0].length, data.clip[0][0].length].map((size, axis) => size - kernel().size[axis] + 1);
  const total = () => shape().reduce((a, b) => a * b);

  const choice = (list, field, label) => {
    const buttons = list.map(({ name }, i) => make("button", { type: "button", onclick: () => { state[field] = i; change(); } }, name));
    const node = make("div", { class: "ssagan-controls", role: "group", "aria-label": label }, make("span", { class: "ssagan-slider-name" }, label), ...buttons);
    return { node, mark: () => buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === state[field])) };
  };
  const kernels = choice(data.kernels, "kernel", "kernel"), orders = choice(data.orders, "order", "frames");
  const says = make("p", { class: "ssagan-note" });
  const shown = make("div", { class: "ssagan-cell-frames" }), filled = make("div", { class: "ssagan-cell-frames" });
  const help = "The answers. Arrow keys move the kernel up, down, left and right; Page Up and Page Down move it in time.";
  const board = make("div", { class: "ssagan-board", tabindex: 0, role: "group", "aria-label": help, onkeydown: (event) => steer(event) }, filled);
  const heading = make("p", { class: "ssagan-part" }), sums = make("div", { class: "ssagan-products" });
  const answer = make("p", { class: "ssagan-answer", "aria-live": "polite" });
  const ledger = make("div", { class: "ssagan-ledger" });
  const play = make("button", { type: "button", class: "ssagan-play", onclick: () => setPlaying(!state.playing) });
  const button = (text, label, act) => make("button", { type: "button", "aria-label": label, onclick: () => { setPlaying(false); act(); } }, text);
  const walk = make("div", { class: "ssagan-controls" }, play, button("Step", "one step on", advance), button("Fill in the rest", "fill in all answers", fillAll), button("Start again", "start again", restart));
  const moves = make("div", { class: "ssagan-controls" }, ...[
    ["←", "left", 2, -1], ["→", "right", 2, 1], ["↑", "up", 1, -1], ["↓", "down", 1, 1], ["earlier", "earlier in time", 0, -1], ["later", "later in time", 0, 1],
  ].map(([text, label, axis, by]) => button(text, label, () => move(axis, by))));

  function move(axis, by) {
    state.place[axis] = Math.min(shape()[axis] - 1, Math.max(0, state.place[axis] + by));
    show();
  }

  function steer(event) {
    const way = { ArrowLeft: [2, -1], ArrowRight: [2, 1], ArrowUp: [1, -1], ArrowDown: [1, 1], PageUp: [0, -1], PageDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    setPlaying(false);
    move(...way);
  }

  // Columns first, then rows, then time: the order in which a page is read.
  function advance() {
    const [frames, rows, columns] = shape(), [t, y, x] = state.place;
    const next = (t * rows * columns + y * columns + x + 1) % (frames * rows * columns);
    state.place = [Math.floor(next / (rows * columns)), Math.floor(next / columns) % rows, next % columns];
    show();
  }

  function fillAll() {
    const [frames, rows, columns] = shape(), places = seenHere();
    for (let t = 0; t < frames; t++) for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) places.add(`${t},${y},${x}`);
    state.full = true;
    show();
  }

  function restart() {
    seen.clear();
    known.clear();
    state.full = false;
    state.place = [0, 0, 0];
    show();
  }

  // Another kernel or order. Whoever has once filled in everything need not ask again.
  function change() {
    setPlaying(false);
    state.place = state.place.map((place, axis) => Math.min(place, shape()[axis] - 1));
    if (state.full) fillAll();
    else show();
  }

  function seenHere() {
    if (!seen.has(key())) seen.set(key(), new Set());
    return seen.get(key());
  }

  function showClip() {
    const [t, y, x] = state.place, [depth, high, wide] = kernel().size, frames = clip();
    shown.replaceChildren(...frames.map((frame, i) => {
      const covered = i >= t && i < t + depth, weights = covered ? kernel().weights[i - t] : null;
      const cell = (row, column) => {
        const inside = covered && row >= y && row < y + high && column >= x && column < x + wide;
        return { style: skyStyle(frame[row][column]), text: inside ? signed(weights[row - y][column - x], 1).replace("0.", ".") : "" };
      };
      const node = frameOf(frame.length, frame[0].length, frame[0].length, `frame ${order().frames[i]}`, cell, covered ? [outline(y, x, high, wide)] : []);
      node.querySelector("svg").classList.add("ssagan-input");
      return node;
    }));
  }

  function showProducts(value) {
    const [t, y, x] = state.place, [depth, high] = kernel().size, frames = clip(), rows = [];
    for (let i = 0; i < depth; i++) for (let j = 0; j < high; j++) {
      const weights = kernel().weights[i][j], cells = weights.map((weight, k) => [frames[t + i][y + j][x + k], weight]);
      const sum = cells.reduce((all, [a, b]) => all + a * b, 0);
      rows.push(make("tr", {}, make("th", { scope: "row" }, `frame ${order().frames[t + i]}`), ...cells.map(([a, b]) => make("td", { class: a * b ? null : "ssagan-faint" }, `${plain(a)} × ${plain(b)}`)), make("td", { class: "ssagan-sum" }, `= ${plain(sum)}`)));
    }
    sums.replaceChildren(make("table", {}, make("tbody", {}, ...rows)));
    answer.textContent = `Answer in frame ${t}, row ${y}, column ${x}: ${plain(value)}`;
    answer.setAttribute("aria-live", state.playing ? "off" : "polite");
  }

  function showAnswers(all) {
    const places = seenHere(), [t0, y0, x0] = state.place, largest = Math.max(...all.flat(2).map(Math.abs));
    filled.replaceChildren(...all.map((frame, t) => {
      const cell = (y, x) => {
        const onclick = () => { setPlaying(false); state.place = [t, y, x]; show(); };
        if (!places.has(`${t},${y},${x}`)) return { style: "fill: var(--blank)", onclick };
        return { style: answerStyle(frame[y][x], largest), text: signed(frame[y][x], 1).replace("0.", "."), soft: Math.abs(frame[y][x]) < 1e-9, onclick };
      };
      const extra = t === t0 ? [outline(y0, x0, 1, 1)] : [];
      return frameOf(frame.length, frame[0].length, data.clip[0][0].length, `answers ${t}`, cell, extra);
    }));
  }

  function showLedger() {
    const head = make("tr", {}, make("td", {}), ...data.orders.map(({ name }) => make("th", { scope: "col" }, name)));
    const rows = data.kernels.flatMap(({ name }, k) => {
      const values = data.orders.map((_, o) => known.get(`${k},${o}`));
      const cells = values.map((value, o) => make("td", { class: k === state.kernel && o === state.order ? "ssagan-here" : null }, value === undefined ? "?" : plain(value)));
      const line = make("tr", {}, make("th", { scope: "row" }, name), ...cells);
      return values.includes(undefined) ? [line] : [line, make("tr", {}, make("td", { class: "ssagan-verdict", colspan: 1 + values.length }, verdict(values)))];
    });
    ledger.replaceChildren(make("table", {}, make("caption", {}, "Sum of the squared answers"), make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  function show() {
    const all = answers(), [t, y, x] = state.place, places = seenHere();
    places.add(`${t},${y},${x}`);
    if (places.size === total()) known.set(key(), strength(all));
    kernels.mark();
    orders.mark();
    const [depth, high, wide] = kernel().size, many = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
    says.textContent = `${many(depth, "frame")} × ${many(high, "row")} × ${many(wide, "column")}. ${kernel().says}`;
    heading.textContent = `Its answers: ${places.size} of ${total()}`;
    showClip();
    showProducts(all[t][y][x]);
    showAnswers(all);
    showLedger();
    const flags = { kernel: kernel().name, order: order().name, place: state.place.join(","), answer: plain(all[t][y][x]), filled: places.size, strength: known.has(key()) ? plain(known.get(key())) : "" };
    Object.assign(root.dataset, flags);
  }

  function setPlaying(on) {
    state.playing = on;
    play.textContent = on ? "Pause" : "Play";
    root.dataset.playing = on;
    clearInterval(timer);
    if (on) timer = setInterval(() => {
      if (!play.isConnected) clearInterval(timer);
      else if (visible) { advance(); if (seenHere().size === total()) setPlaying(false); }
    }, 120);
  }

  new IntersectionObserver((entries) => { visible = entries[entries.length - 1].isIntersecting; }).observe(root);
  stage.append(
    kernels.node, says, orders.node, walk, make("p", { class: "ssagan-part" }, "The clip, and the cells that the kernel covers"), shown,
    sums, answer, heading, board, moves, ledger,
  );
  setPlaying(false);
  show();
});
