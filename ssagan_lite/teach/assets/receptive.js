// Needs: dom, theme.
// Pick a layer and a place of its output; the box of the clip that this place sees is drawn from the front and from
// the side, and the rule that makes it grows line by line.
const AXES = ["frames", "rows", "columns"];
const FRAME = 3; // units of one frame in the view from the side, where a row has 1

// The field r, the jump j and the first index seen by place 0, along one axis, after each layer.
function growth(layers, axis) {
  let r = 1, j = 1, first = 0;
  return layers.map(({ kernel, stride, padding }) => {
    const before = { r, j };
    first -= padding[axis] * j;
    r += (kernel[axis] - 1) * j;
    j *= stride[axis];
    return { before, r, j, first, kernel: kernel[axis], stride: stride[axis] };
  });
}

// What a place sees along one axis, and the part of it that lies in the clip.
function span({ first, j, r }, place, size) {
  const from = first + place * j, to = from + r - 1;
  return { from, to, size: r, inside: [Math.max(0, from), Math.min(size - 1, to)], real: Math.min(size - 1, to) - Math.max(0, from) + 1 };
}

// How far the boxes of a layer may reach out of the clip.
const overreach = ({ first, j, r }, places, size) => Math.max(-first, first + (places - 1) * j + r - size, 0);

const hatch = (id) => draw("defs", {}, draw("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, draw("rect", { width: 6, height: 6, style: "fill: var(--panel)" }), draw("line", { x1: 0, x2: 0, y1: 0, y2: 6, style: "stroke: var(--soft); stroke-width: 2.4" })));

// A view of the clip: its picture, the box, and hatching where the box reaches out of the clip. `wide` and `high` are
// its sizes, `reach` how far boxes of this layer may stick out on each side; `unit` is the width of one column.
function view({ id, label, picture, wide, high, reach, unit = 1, spans, everything }) {
  const [across, down] = spans, [aside, above] = reach.map((cells) => Math.max(6, cells + 2));
  const svg = draw("svg", { class: "ssagan-view", viewBox: `${-aside * unit} ${-above} ${(wide + 2 * aside) * unit} ${high + 2 * above}`, role: "img", "aria-label": label });
  const rect = (a, b, extra) => draw("rect", { x: a.from * unit, y: b.from, width: a.size * unit, height: b.size, ...extra });
  const mask = `${id}-mask`, clip = { x: 0, y: 0, width: wide * unit, height: high };
  svg.append(hatch(`${id}-hatch`));
  if (!everything) svg.append(rect(across, down, { style: `fill: url(#${id}-hatch)` }));
  const hole = (a, b) => ({ x: a.inside[0] * unit, y: b.inside[0], width: a.real * unit, height: b.real });
  const seen = everything ? clip : hole(across, down);
  svg.append(
    draw("image", { href: picture, preserveAspectRatio: "none", ...clip }),
    draw("mask", { id: mask }, draw("rect", { ...clip, fill: "white" }), draw("rect", { ...seen, fill: "black" })),
    draw("rect", { ...clip, mask: `url(#${mask})`, class: "ssagan-unseen" }),
    draw("rect", { ...clip, class: "ssagan-edge" }),
    everything ? draw("rect", { ...clip, class: "ssagan-box" }) : rect(across, down, { class: "ssagan-box" }),
  );
  return make("div", {}, svg, make("div", { class: "ssagan-name" }, label));
}

function table(head, rows, current) {
  const line = (tag, cells) => make("tr", {}, ...cells.map((cell, i) => make(i ? tag : "th", i ? {} : { scope: "row" }, cell)));
  const body = rows.map((cells, i) => { const node = line("td", cells); node.classList.toggle("ssagan-here", i === current); return node; });
  return make("table", {}, make("thead", {}, line("th", head)), make("tbody", {}, ...body));
}

mountAll("receptive", (stage, data, root) => {
  const state = { layer: data.start, place: [0, 0, 0], attention: false };
  const layer = () => data.layers[state.layer], output = () => layer().output;
  const grown = [0, 1, 2].map((axis) => growth(data.layers, axis));

  const buttons = data.layers.map(({ name }, i) => make("button", { type: "button", onclick: () => choose(i) }, name));
  const map = make("div", { class: "ssagan-map", tabindex: 0, role: "group", onkeydown: steer, onpointerdown: pick, onpointermove: (event) => { if (event.buttons) pick(event); } });
  const front = make("div", {}), side = make("div", {});
  const earlier = make("button", { type: "button", onclick: () => move(0, -1) }, "earlier"), later = make("button", { type: "button", onclick: () => move(0, 1) }, "later");
  const attention = make("input", { type: "checkbox", onchange: () => { state.attention = attention.checked; show(); } });
  const told = make("p", { class: "ssagan-answer", "aria-live": "polite" });
  const sums = make("div", { class: "ssagan-ledger" }), spans = make("div", { class: "ssagan-ledger" });

  function choose(index) {
    // Stay over the same part of the clip.
    const share = state.place.map((place, axis) => (place + 0.5) / output()[axis]);
    state.layer = index;
    state.place = share.map((part, axis) => Math.min(output()[axis] - 1, Math.floor(part * output()[axis])));
    show();
  }

  function move(axis, by) {
    state.place[axis] = Math.min(output()[axis] - 1, Math.max(0, state.place[axis] + by));
    show();
  }

  function steer(event) {
    const way = { ArrowLeft: [2, -1], ArrowRight: [2, 1], ArrowUp: [1, -1], ArrowDown: [1, 1], PageUp: [0, -1], PageDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    move(...way);
  }

  function pick(event) {
    const area = map.querySelector("svg").getBoundingClientRect(), [, rows, columns] = output();
    const inside = (part, count) => Math.min(count - 1, Math.max(0, Math.floor(((part * 126 - 3) / 120) * count))); // the map has a rim of 3 in 126
    state.place = [state.place[0], inside((event.clientY - area.top) / area.height, rows), inside((event.clientX - area.left) / area.width, columns)];
    show();
  }

  function showMap() {
    const [, rows, columns] = output(), [t, y, x] = state.place, high = 120 / rows, wide = 120 / columns;
    const svg = draw("svg", { viewBox: "-3 -3 126 126", "aria-hidden": "true" }, draw("rect", { class: "ssagan-ground", width: 120, height: 120 }));
    if (rows <= 32) for (let i = 1; i < rows; i++) svg.append(draw("line", { class: "ssagan-grid", x1: 0, x2: 120, y1: i * high, y2: i * high }));
    if (columns <= 32) for (let i = 1; i < columns; i++) svg.append(draw("line", { class: "ssagan-grid", x1: i * wide, x2: i * wide, y1: 0, y2: 120 }));
    const spot = Math.max(5, high), over = Math.max(5, wide); // never too small to be seen
    svg.append(draw("rect", { class: "ssagan-place", x: (x + 0.5) * wide - over / 2, y: (y + 0.5) * high - spot / 2, width: over, height: spot }));
    map.replaceChildren(svg, make("div", { class: "ssagan-name" }, `${layer().name}: frame ${t}, row ${y}, column ${x}`));
    map.setAttribute("aria-label", `A frame of ${layer().name}, ${rows} × ${columns} places. Arrow keys move the place; Page Up and Page Down move it in time.`);
  }

  function showNumbers(seen) {
    const cells = seen.map(({ from, to, size, inside, real }, axis) => [AXES[axis], `${from} to ${to}`.replaceAll("-", "−"), size, `${inside[0]} to ${inside[1]}`, size - real]);
    spans.replaceChildren(table(["the box", "sees", "size", "in the clip", "padding"], cells));
    const rule = ({ before, r, j, kernel, stride }) => [`${before.r} + (${kernel} − 1)·${before.j} = ${r}`, `${before.j}·${stride} = ${j}`];
    const rows = (axis) => data.layers.slice(0, state.layer + 1).map(({ name }, i) => [name, ...rule(grown[axis][i])]);
    sums.replaceChildren(...[["in time", 0], ["in space", 1]].map(([name, axis]) => table([name, "size r", "jump j"], rows(axis), state.layer)));
  }

  function show() {
    const seen = [0, 1, 2].map((axis) => span(grown[axis][state.layer], state.place[axis], data.size[axis]));
    const whole = seen.reduce((all, { size }) => all * size, 1), real = seen.reduce((all, part) => all * part.real, 1);
    const padding = Math.round(100 * (1 - real / whole)), [frames, rows, columns] = data.size;
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === state.layer));
    earlier.disabled = state.place[0] === 0;
    later.disabled = state.place[0] === output()[0] - 1;
    showMap();
    const reach = [0, 1, 2].map((axis) => overreach(grown[axis][state.layer], output()[axis], data.size[axis])), everything = state.attention;
    front.replaceChildren(view({ id: `${root.id}-front`, label: "the clip, from the front", picture: data.front, wide: columns, high: rows, reach: [reach[2], reach[1]], spans: [seen[2], seen[1]], everything }));
    side.replaceChildren(view({ id: `${root.id}-side`, label: "all frames, from the side", picture: data.side, wide: frames, high: rows, reach: [reach[0], reach[1]], unit: FRAME, spans: [seen[0], seen[1]], everything }));
    told.textContent = state.attention
      ? `With attention after ${layer().name}, each place sees the whole clip: ${frames} × ${rows} × ${columns}.`
      : `One place of ${layer().name} sees ${seen.map(({ size }) => size).join(" × ")}; ${padding} % of that box is padding.`;
    const all = data.size.map((size) => ({ from: 0, to: size - 1, size, inside: [0, size - 1], real: size }));
    showNumbers(everything ? all : seen);
    Object.assign(root.dataset, { layer: layer().name, place: state.place.join(","), box: seen.map(({ from, to }) => `${from}:${to}`).join(","), padding, attention: state.attention });
  }

  state.place = output().map((size) => Math.floor(size / 2));
  stage.append(
    make("div", { class: "ssagan-controls", role: "group", "aria-label": "layer" }, ...buttons),
    make("div", { class: "ssagan-views" }, map, front, side),
    make("div", { class: "ssagan-controls" }, earlier, later, make("label", {}, attention, "with attention after the layer")),
    told, spans, sums,
  );
  show();
});
