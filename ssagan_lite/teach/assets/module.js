// Needs: dom, theme.
// Fig. 2 step by step: every tensor of the module as a block with its shape, for a level, a clip size, a batch and a
// kind of number. With `data.costs` also what each step costs, and the map's bytes beside those of Q, K, V and O.
const NUMBER = { float32: 4, bf16: 2 };
const PARTS = { query: "Q", key: "K", value: "V", map: "A", out: "o", x: "x" };
const FINEST = 16384; // places of the largest drawing; sides grow with the 0.3rd power, or the small ones would vanish

// kind: what is drawn; at: column and row; does: the heading; tell: a sentence; line: the code.
const STEPS = [
  { kind: "clip", part: "query", at: [1, 0], does: "make queries", line: "query = conv_1(x)",
    tell: "A 1×1×1 convolution: at each place and time, C channels become C′ others (here C′ = C). No place sees another yet." },
  { kind: "rows", part: "query", at: [2, 0], does: "fold time into the feature", line: "query = fold(query)",
    tell: "Each place becomes one row: its channels at all times, end to end. Nothing is computed." },
  { kind: "clip", part: "key", at: [1, 1], does: "make keys", line: "key = conv_2(x)",
    tell: "As in (a), with weights of its own." },
  { kind: "columns", part: "key", at: [2, 1], does: "fold, and turn", line: "key = fold(key).transpose(1, 2)",
    tell: "As in (b), then turned: each place becomes one column." },
  { kind: "square", part: "map", name: "X", at: [3, 0.5], does: "compare every place with every place", line: "logits = query @ key",
    tell: "Row times column: one logit for each pair of places. The sum runs over channels and times, so all frames share it." },
  { kind: "square", part: "map", at: [4, 0.5], does: "softmax", line: "attention = logits.softmax(dim=-1)",
    tell: "The map. Each row becomes weights that sum to one: how much its place takes from each place." },
  { kind: "clip", part: "value", at: [1, 2], does: "make values", line: "value = conv_3(x)",
    tell: "A third 1×1×1 convolution; it keeps the C channels." },
  { kind: "rows", part: "value", at: [2, 2], does: "fold the values", line: "value = fold(value)",
    tell: "One row a place. The paper prints it turned, C T × HW; in this order it can be multiplied by the map." },
  { kind: "clip", part: "out", at: [5, 1.25], does: "mix, and unfold", line: "attended = unfold(attention @ value)",
    tell: "Each place receives its mix of all rows. Then the row is cut into channels and times again." },
  { kind: "clip", part: "out", name: "y", at: [6, 1.25], does: "the gate", line: "y = gamma * attended + x",
    tell: "gamma is one learnt number. It starts at 0, so at first y = x." },
];
const INPUT = { kind: "clip", part: "x", at: [0, 1.25] };
const ARROWS = [[-1, 0], [-1, 2], [-1, 6], [0, 1], [2, 3], [6, 7], [1, 4], [3, 4], [4, 5], [5, 8], [7, 8], [8, 9]];
const letterOf = (index) => `(${"abcdefghij"[index]})`;

// What every drawing and number follows from.
function sizesOf({ C, T, H, W }, batch) {
  const places = H * W, feature = C * T;
  const shapes = { clip: [C, T, H, W], rows: [places, feature], columns: [feature, places], square: [places, places] };
  const projection = batch * C * C * T * places, product = batch * places * places * feature;
  return { places, feature, shapes, map: batch * places * places, part: batch * places * feature, projection, product };
}

// Multiply-adds of a step, and the numbers that it writes.
function costOf(index, sizes) {
  const letter = "abcdefghij"[index];
  if ("acg".includes(letter)) return { work: sizes.projection, written: sizes.part };
  if ("bdh".includes(letter)) return { work: 0, written: 0 };
  if (letter === "j") return { work: sizes.part, written: sizes.part };
  return { work: letter === "f" ? 0 : sizes.product, written: letter === "i" ? sizes.part : sizes.map };
}

const trimmed = (value) => String(Number(value.toPrecision(3)));
function bytesText(bytes) {
  const unit = bytes >= 2 ** 30 ? ["GiB", 2 ** 30] : bytes >= 2 ** 20 ? ["MiB", 2 ** 20] : bytes >= 1024 ? ["KiB", 1024] : ["bytes", 1];
  return `${trimmed(bytes / unit[1])} ${unit[0]}`;
}
function workText(work) {
  return work >= 1e12 ? `${trimmed(work / 1e12)} trillion` : work >= 1e9 ? `${trimmed(work / 1e9)} billion` : work >= 1e6 ? `${trimmed(work / 1e6)} million` : trimmed(work);
}

// How a step's shapes come out of the ones before, with numbers; N leads each.
function shapesText(index, { shapes }, batch) {
  const text = (kind) => `(${[batch, ...shapes[kind]].join(", ")})`;
  const { clip, rows, columns, square } = { clip: text("clip"), rows: text("rows"), columns: text("columns"), square: text("square") };
  return [`${clip} → ${clip}`, `${clip} → ${rows}`, `${clip} → ${clip}`, `${clip} → ${columns}`, `${rows} times ${columns} → ${square}`,
    `${square} → ${square}`, `${clip} → ${clip}`, `${clip} → ${rows}`, `${square} times ${rows} → ${clip}`, `${clip} → ${clip}`][index];
}

const side = (count, room) => Math.max(4, room * (count / FINEST) ** 0.3);

// A clip: its first frame in front, the others behind; one place marked through all of them.
function clipBlock({ H, T }, room, colour, middle) {
  const face = side(H * H, room), depth = 0.3 * side((T * 4) ** 2, room), left = middle.x - (face + depth) / 2, top = middle.y - (face - depth) / 2;
  const spot = Math.max(2.5, face / 9), x = left + 0.6 * face, y = top + 0.3 * face;
  const faces = [`M${left},${top}h${face}v${face}h${-face}z`, `M${left},${top}l${depth},${-depth}h${face}l${-depth},${depth}z`, `M${left + face},${top}l${depth},${-depth}v${face}l${-depth},${depth}z`];
  return {
    width: face + depth, label: { x: left + 0.3 * face, y: top + 0.7 * face, room: face },
    nodes: [...faces.map((d, i) => draw("path", { class: `module-body module-face-${i}`, d, style: `fill: ${colour}; stroke: ${colour}` })),
      draw("path", { class: "module-place module-through", d: `M${x},${y}l${depth},${-depth}` }),
      draw("rect", { class: "module-place", x: x - spot / 2, y: y - spot / 2, width: spot, height: spot })],
  };
}

// A matrix; the row of the same place marked, where a place is a row.
function matrixBlock([high, wide], room, colour, middle, marked) {
  const height = side(high, room), width = side(wide, room), left = middle.x - width / 2, top = middle.y - height / 2;
  const nodes = [draw("rect", { class: "module-body", x: left, y: top, width, height, style: `fill: ${colour}; stroke: ${colour}` })];
  if (marked) nodes.push(draw("rect", { class: "module-place", x: left, y: top + 0.3 * height - 0.5, width, height: 1 }));
  return { width, label: { x: middle.x, y: middle.y + 0.12 * height, room: Math.min(width, height) }, nodes };
}

function arrow(from, to) {
  const bend = (to.x - from.x) / 2, head = `M${to.x - 5},${to.y - 3.5}L${to.x},${to.y}L${to.x - 5},${to.y + 3.5}`;
  return draw("path", { class: "module-arrow", d: `M${from.x},${from.y}C${from.x + bend},${from.y} ${to.x - bend},${to.y} ${to.x},${to.y}${head}` });
}

// The drawing. `pick(index)` is called when a step is chosen in it.
function flow(state, level, pick) {
  const chart = draw("svg", { class: "module-flow", role: "group", "aria-label": "the ten steps; arrow keys go on and back" });
  let width = 0;
  const render = (now = width) => {
    width = now;
    if (!width) return;
    const cell = width / 7, roomy = width >= 560, high = roomy ? 116 : 92, height = 3 * high + 34, room = Math.min(0.72 * cell, 0.8 * high);
    const middle = ([column, row]) => ({ x: (column + 0.5) * cell, y: (row + 0.5) * high - (roomy ? 8 : 4) });
    const active = document.activeElement, held = chart.contains(active) ? active.closest(".module-box")?.dataset.box : null;
    chart.setAttribute("viewBox", `0 -8 ${width} ${height + 8}`);
    chart.setAttribute("height", height + 8);
    const boxes = [INPUT, ...STEPS].map((step, i) => box(step, i - 1, { cell, high, room, roomy, middle: middle(step.at) }));
    const [input, ...steps] = boxes, at = (index) => (index < 0 ? input : steps[index]);
    const lines = ARROWS.map(([from, to]) => {
      const start = middle((from < 0 ? INPUT : STEPS[from]).at), end = middle(STEPS[to].at);
      return arrow({ x: start.x + at(from).width / 2 + 3, y: start.y }, { x: end.x - at(to).width / 2 - 4, y: end.y });
    });
    const mark = draw("g", {}, draw("rect", { class: "module-place", x: width - 12, y: 8, width: 7, height: 7 }), draw("text", { class: "ssagan-soft", x: width - 18, y: 16, "text-anchor": "end" }, roomy ? "one place, followed through the steps" : "one place, followed"));
    chart.replaceChildren(mark, ...boxes.map((made) => made.node), ...lines, around(cell, high, height, middle));
    if (held) chart.querySelector(`[data-box="${held}"]`)?.focus();
  };

  // x also goes straight to the gate, past everything.
  function around(cell, high, height, middle) {
    const start = middle(INPUT.at), end = middle(STEPS[9].at), low = height - 14;
    return draw("g", {}, draw("path", { class: "module-arrow", d: `M${start.x},${start.y + high / 2}V${low}H${end.x}V${end.y + high / 2}m-3.5,5l3.5,-5l3.5,5` }),
      draw("text", { class: "ssagan-soft", x: (start.x + end.x) / 2, y: low - 5, "text-anchor": "middle" }, "+ x, unchanged"));
  }

  function box(step, index, { cell, high, room, roomy, middle }) {
    const colour = `var(--part-${step.part})`, { shapes } = sizesOf(level(), state.batch), shape = shapes[step.kind];
    const made = step.kind === "clip" ? clipBlock(level(), room, colour, middle) : matrixBlock(shape, room, colour, middle, step.kind !== "columns" && step.part !== "value");
    const node = draw("g", index < 0 ? { class: "module-box module-input" } : { class: `module-box${index > state.step ? " module-later" : ""}`, role: "button", tabindex: 0, "data-box": "abcdefghij"[index],
      "aria-pressed": String(index === state.step), "aria-label": `step ${letterOf(index)}: ${step.does}`, onclick: () => pick(index), onkeydown: (event) => press(event, index) });
    if (index >= 0) node.append(draw("rect", { class: "module-touch", x: middle.x - cell / 2 + 2, y: middle.y - high / 2 + 4, width: cell - 4, height: high - 8, rx: 6 }));
    node.append(...made.nodes);
    const name = step.name ?? PARTS[step.part];
    if (made.label.room >= 16) node.append(draw("text", { class: "module-name", x: made.label.x, y: made.label.y + 4, "aria-hidden": "true" }, name));
    if (index >= 0) node.append(draw("text", { class: "module-letter ssagan-soft", x: middle.x - cell / 2 + 5, y: middle.y - high / 2 + 17 }, letterOf(index)));
    if (roomy) node.append(draw("text", { class: "module-shape", x: middle.x, y: middle.y + high / 2 - 9, "text-anchor": "middle", style: cell < 100 ? "font-size: 10px" : null }, shape.join("×")));
    return { node, width: made.width };
  }

  function press(event, index) {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const next = Math.max(0, Math.min(STEPS.length - 1, index + (move ?? 0)));
    pick(next);
    chart.querySelector(`[data-box="${"abcdefghij"[next]}"]`).focus();
  }

  onWidth(chart, render);
  return { node: chart, render: () => render() };
}

// Buttons of which one is pressed.
function choice(label, options, chosen, pick) {
  const buttons = options.map(([value, text]) => make("button", { type: "button", "data-choice": `${label} ${value}`, onclick: () => pick(value) }, text));
  const show = (value, allowed = () => true) => options.forEach(([option], i) => {
    buttons[i].setAttribute("aria-pressed", option === value);
    buttons[i].disabled = !allowed(option);
  });
  show(chosen);
  return { node: make("div", { class: "ssagan-controls module-group", role: "group", "aria-label": label }, make("span", { class: "module-choice" }, label), ...buttons), show };
}

// For each level of the network the bytes of Q, K, V and O, and below them those of the map, all to one scale.
function levelBars(data, state, pick) {
  const chart = draw("svg", { class: "module-bars", role: "img" });
  let width = 0;
  const render = (now = width) => {
    width = now;
    if (!width) return;
    const levels = data.clips[state.clip], high = 58, left = 62, right = 78, bytes = NUMBER[state.numbers];
    const rows = levels.map((level) => ({ level, sizes: sizesOf(level, state.batch) }));
    const most = Math.max(...rows.map(({ sizes }) => Math.max(4 * sizes.part, sizes.map))), unit = (width - left - right) / most;
    chart.setAttribute("viewBox", `0 0 ${width} ${high * rows.length}`);
    chart.setAttribute("height", high * rows.length);
    chart.setAttribute("aria-label", rows.map(({ level, sizes }) => `${level.name}: Q, K, V and O ${bytesText(4 * sizes.part * bytes)}, the map ${bytesText(sizes.map * bytes)}`).join("; "));
    chart.replaceChildren(...rows.map(({ level, sizes }, i) => {
      const y = i * high, row = draw("g", { class: "module-row", "data-row": level.name, "data-chosen": level.name === state.level, onclick: () => pick(level.name) });
      row.append(draw("rect", { class: "module-back", x: 1, y: y + 2, width: width - 2, height: high - 4, rx: 6 }),
        draw("text", { x: 8, y: y + 25 }, level.name), draw("text", { class: "module-shape", x: 8, y: y + 42 }, `${level.H}×${level.W}`));
      ["query", "key", "value", "out"].forEach((part, k) => row.append(draw("rect", { class: "module-part", x: left + k * sizes.part * unit, y: y + 10, width: Math.max(0.5, sizes.part * unit), height: 16, style: `fill: var(--part-${part})` })));
      row.append(draw("rect", { class: "module-part", x: left, y: y + 31, width: Math.max(1, sizes.map * unit), height: 16, style: "fill: var(--part-map)" }),
        draw("text", { class: "ssagan-soft", x: left + 4 * sizes.part * unit + 6, y: y + 22 }, bytesText(4 * sizes.part * bytes)),
        draw("text", { class: "ssagan-soft", x: left + sizes.map * unit + 6, y: y + 43 }, bytesText(sizes.map * bytes)));
      return row;
    }));
  };
  onWidth(chart, render);
  return { node: chart, render: () => render() };
}

function key(part, text) {
  const box = draw("svg", { class: "ssagan-swatch", viewBox: "0 0 26 14", "aria-hidden": "true" });
  part.forEach((name, i) => box.append(draw("rect", { x: (26 / part.length) * i, y: 1, width: 26 / part.length, height: 12, style: `fill: var(--part-${name})` })));
  return make("li", {}, box, text);
}

// The whole level in two sentences.
function total(level, state) {
  const sizes = sizesOf(level, state.batch), bytes = NUMBER[state.numbers], ratio = sizes.map / (4 * sizes.part);
  const compared = ratio === 1 ? "exactly as much as" : ratio > 1 ? `${trimmed(ratio)} times as much as` : `1/${trimmed(1 / ratio)} of`;
  return [`At ${level.name} the map takes ${bytesText(sizes.map * bytes)}: ${compared} Q, K, V and O together (${bytesText(4 * sizes.part * bytes)}). `,
    `Multiply-adds: ${workText(3 * sizes.projection)} in the three convolutions, ${workText(2 * sizes.product)} in the two products.`];
}

mountAll("module", (stage, data, root) => {
  const state = { ...data.start, step: "abcdefghij".indexOf(data.start.step) };
  const level = () => data.clips[state.clip].find(({ name }) => name === state.level);
  const drawing = flow(state, level, (index) => set({ step: index }));
  const bars = data.costs ? levelBars(data, state, (name) => set({ level: name })) : null;
  const card = make("div", { class: "ssagan-card", "aria-live": "polite" });
  const summary = make("p", { class: "module-total" });
  const clips = choice("clip", Object.keys(data.clips).map((clip) => [clip, `${clip}×${clip}`]), state.clip, (clip) => set({ clip }));
  const levels = choice("level", data.levels.map((name) => [name, name]), state.level, (name) => set({ level: name }));
  const batch = choice("batch", [1, 4, 16].map((count) => [count, String(count)]), state.batch, (count) => set({ batch: count }));
  const numbers = choice("numbers", Object.keys(NUMBER).map((name) => [name, name]), state.numbers, (name) => set({ numbers: name }));
  const back = make("button", { type: "button", onclick: () => set({ step: state.step - 1 }) }, "Previous step");
  const on = make("button", { type: "button", onclick: () => set({ step: state.step + 1 }) }, "Next step");

  function set(changes) {
    Object.assign(state, changes);
    if (!level()) state.level = data.clips[state.clip][0].name; // a smaller clip has no conv1
    show();
  }

  function show() {
    const step = STEPS[state.step], sizes = sizesOf(level(), state.batch), cost = costOf(state.step, sizes), bytes = NUMBER[state.numbers];
    clips.show(state.clip);
    levels.show(state.level, (name) => data.clips[state.clip].some((row) => row.name === name));
    batch.show(state.batch);
    numbers.show(state.numbers);
    back.disabled = state.step === 0;
    on.disabled = state.step === STEPS.length - 1;
    const told = [make("p", {}, make("strong", {}, `${letterOf(state.step)} ${step.does}`)), make("p", { class: "module-sizes" }, shapesText(state.step, sizes, state.batch)),
      make("p", {}, step.tell), make("p", {}, make("code", {}, step.line))];
    if (data.costs) told.push(make("p", { class: "module-sizes" }, `${cost.written ? `Writes ${bytesText(cost.written * bytes)}` : "Writes nothing new"}; ${cost.work ? `${workText(cost.work)} multiply-adds` : state.step === 5 ? `${workText(sizes.map)} exponentials` : "no arithmetic"}.`));
    card.replaceChildren(...told);
    drawing.render();
    bars?.render();
    summary.replaceChildren(...total(level(), state));
    const seen = { step: "abcdefghij"[state.step], clip: state.clip, level: state.level, batch: state.batch, numbers: state.numbers, map: sizes.map * bytes, parts: 4 * sizes.part * bytes, projections: 3 * sizes.projection, products: 2 * sizes.product, work: cost.work, written: cost.written * bytes };
    for (const [name, value] of Object.entries(seen)) root.dataset[name] = value;
  }

  const steps = make("div", { class: "ssagan-controls" }, back, on);
  if (data.costs) {
    const legend = make("ul", { class: "ssagan-readout" }, key(["query", "key", "value", "out"], "Q, K, V and O"), key(["map"], "the map"));
    stage.append(clips.node, levels.node, batch.node, numbers.node, legend, bars.node, summary, drawing.node, steps, card);
  } else stage.append(clips.node, levels.node, drawing.node, steps, card);
  show();
});
