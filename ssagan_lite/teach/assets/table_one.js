// Needs: dom, theme.
// Table 1 row by row. The reader works out each row's output and parameters; the U grows with each row that is done.
// Every number follows from the rules below; a test holds them against the package's own generator.
const AXES = ["T", "H", "W"];
const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
const times = (numbers) => numbers.join(" × ");

// ---- The rules: what a row makes of what it gets.

function outputOf(row, input) {
  return input.map((n, axis) => {
    const k = row.kernel[axis], s = row.stride[axis], p = row.padding[axis];
    return row.up ? (n - 1) * s - 2 * p + k : Math.floor((n + 2 * p - k) / s) + 1;
  });
}

function networkOf(data, config) {
  const rows = data.rows.map((row, i) => ({ ...row, up: i >= data.rows.length / 2 }));
  const dropped = Math.round(Math.log2(data.sizes[0] / config.size)), kept = rows.slice(dropped, rows.length - dropped);
  let shape = [32, 128, 128], channels = 3, from = "the photo";
  for (const row of rows.slice(0, dropped)) shape = outputOf(row, shape);
  const input = shape, layers = [];
  kept.forEach((row, i) => {
    const half = kept.length / 2, last = i === kept.length - 1, bottom = i === half - 1, plain = i === 0 || bottom || last;
    const mirror = i > half ? layers[kept.length - 1 - i] : null; // the row whose output arrives over the skip connection
    const layer = { ...row, input: shape, from, mirror, bottom, last, first: i === 0, norm: !plain, attends: config.attention && !bottom && !last };
    layer.filters = last ? 3 : Math.floor((row.filters * config.width) / 32);
    layer.channels = channels;
    layer.doubled = config.skip === "concat" && mirror !== null;
    layer.inputs = channels * (layer.doubled ? 2 : 1);
    layer.output = outputOf(row, shape);
    layer.weights = layer.filters * layer.inputs * product(row.kernel);
    layer.norms = layer.norm ? 2 * layer.filters : 0;
    layer.attention = layer.attends ? 3 * (layer.filters ** 2 + layer.filters) + 1 : 0;
    layer.parameters = layer.weights + layer.norms + layer.attention;
    [shape, channels, from] = [layer.output, layer.filters, row.name];
    layers.push(layer);
  });
  return { input, layers };
}

// ---- What the reader typed: a whole number, or a sum of products such as 64*32*4^3 + 2*64; null for anything else.

function reckon(text) {
  const clean = text.replace(/[\s,_']/g, "").replace(/[×·]/g, "*").replace(/\*\*/g, "^").replace(/²/g, "^2").replace(/³/g, "^3");
  const tokens = clean.match(/\d+|[-+*^()]/g) ?? [];
  if (!clean || tokens.join("") !== clean) return null;
  let at = 0;
  const chain = (next, signs) => () => {
    let value = next();
    while (tokens[at] in signs) value = signs[tokens[at++]](value, next());
    return value;
  };
  const atom = () => {
    if (tokens[at] !== "(") return /^\d+$/.test(tokens[at]) ? Number(tokens[at++]) : NaN;
    at += 1;
    const value = sum();
    return tokens[at++] === ")" ? value : NaN;
  };
  const power = chain(atom, { "^": (a, b) => a ** b });
  const sum = chain(chain(power, { "*": (a, b) => a * b }), { "+": (a, b) => a + b, "-": (a, b) => a - b });
  const value = sum();
  return at === tokens.length && Number.isSafeInteger(value) ? value : null;
}

// ---- The usual mistakes, each with what to say.

function shapeReply(layer, typed) {
  const { input, kernel, stride, padding, up } = layer, same = (other) => other.every((n, axis) => n === typed[axis]);
  const each = (rule) => input.map((n, axis) => Math.floor(rule(n, kernel[axis], stride[axis], padding[axis])));
  const conv = (n, k, s, p) => (n + 2 * p - k) / s + 1, deconv = (n, k, s, p) => (n - 1) * s - 2 * p + k;
  const usual = [
    ["These are the right three numbers in another order: time comes first, T, H, W.", [...layer.output].reverse()],
    ["The padding is missing: it adds its number at both ends of each axis.", up ? null : each((n, k, s) => (n - k) / s + 1)],
    ["The padding is missing: in a transposed convolution it is cut off, at both ends of each axis.", up ? each((n, k, s) => (n - 1) * s + k) : null],
    ["The + 1 is missing: the kernel's first place counts too.", up ? null : each((n, k, s, p) => (n + 2 * p - k) / s)],
    ["The padding counts twice, once at each end.", up ? each((n, k, s, p) => (n - 1) * s - p + k) : each((n, k, s, p) => (n + p - k) / s + 1)],
    ["That is the way down. A deconv row is transposed: it makes the clip larger.", up ? each(conv) : null],
    ["That is a transposed convolution, which makes the clip larger. This row leads down.", up ? null : each(deconv)],
    ["Look at the stride in time: it is 1 in this row, so time is not halved.", !up && stride[0] === 1 && padding[0] ? [input[0] / 2, ...layer.output.slice(1)] : null],
    ["Look at the stride in time: it is 1 in this row, so time is not doubled.", up && stride[0] === 1 && padding[0] ? [input[0] * 2, ...layer.output.slice(1)] : null],
    ["The stride halves nothing here: it is 1, and there is no padding. What remains is what the kernel leaves over.", !up && layer.bottom ? input.map((n) => n / 2) : null],
    ["Time has a stride too: look at the first of its three numbers.", stride[0] > 1 ? [input[0], ...layer.output.slice(1)] : null],
  ];
  const found = usual.find(([, numbers]) => numbers && same(numbers));
  if (found) return found[0];
  const axis = AXES.findIndex((_, i) => typed[i] !== layer.output[i]), n = input[axis], k = kernel[axis], s = stride[axis], p = padding[axis];
  const rule = up ? `(${n} − 1) · ${s} − 2 · ${p} + ${k}` : `(${n} + 2 · ${p} − ${k}) / ${s}, rounded down, + 1`;
  return `${AXES[axis]} is not ${typed[axis]}. Chapter 4's rule with this row's numbers: ${rule}.`;
}

// Groups of mistakes in one part of the sum; at most one of a group is made at a time. Each: what to say, what it adds.
function parameterMistakes(layer) {
  const { weights, norm, norms, attends, attention, filters, inputs, kernel, doubled, mirror, last } = layer, F = filters;
  const group = (...mistakes) => [null, ...mistakes.filter(([holds]) => holds).map(([, words, adds]) => ({ words, adds }))];
  return [
    group(
      [doubled, `The channels that arrive are doubled: ${mirror?.name}'s are concatenated to ${layer.from}'s.`, -weights / 2],
      [!doubled, `The channels that arrive are not doubled in this row${mirror ? ": the skip connection adds nothing to their number" : ""}.`, weights],
      [true, "The kernel has three sides: time belongs to it too.", weights / kernel[0] - weights],
      [true, "Each filter looks at all channels that arrive: multiply by their number.", weights / inputs - weights],
      [true, "There are as many kernels as filters: multiply by their number.", weights / F - weights],
      [last && F === 3, "The last row makes three colours, so it has three filters.", 0],
    ),
    group(
      [norm, "BatchNorm is missing: it learns two numbers a channel, a scale and a shift.", -norms],
      [norm, "BatchNorm learns two numbers a channel, a scale and a shift; one is missing.", -F],
      [norm, "BatchNorm's running mean and variance are not learnt: two numbers a channel are, scale and shift.", norms],
      [!norm, "No BatchNorm follows this row.", 2 * F],
    ),
    group([true, "These convolutions have no bias (bias=False).", F]),
    group(
      [attends, "The attention is missing: three 1×1×1 convolutions with biases, and gamma.", -attention],
      [attends, "Attention's biases are missing: its three 1×1×1 convolutions have them.", -3 * F],
      [attends, "Gamma is missing: one number.", -1],
      [attends, "Attention has three 1×1×1 convolutions: query, key and value.", -2 * (F * F + F)],
      [!attends, "No attention follows this row.", 3 * (F * F + F) + 1],
    ),
  ];
}

function parameterReply(layer, typed) {
  const combined = parameterMistakes(layer).reduce((lists, group) => lists.flatMap((list) => group.map((one) => (one ? [...list, one] : list))), [[]]);
  const off = typed - layer.parameters, matching = combined.filter((list) => list.length && list.length < 4 && list.reduce((sum, one) => sum + one.adds, 0) === off);
  const fewest = matching.sort((a, b) => a.length - b.length)[0];
  if (fewest) return fewest.map((one) => one.words).join(" ");
  const parts = ["the kernels: filters × channels that arrive × kernel", ...(layer.norm ? ["BatchNorm: two a channel"] : []), ...(layer.attends ? ["attention: three 1×1×1 convolutions with biases, and gamma"] : [])];
  return `Not ${grouped(typed)}. Add up ${parts.join("; ")}. A sum may stand in the field as it is.`;
}

// Where the number comes from.
function reckoning(layer) {
  const { filters: F, inputs, kernel } = layer;
  const parts = [`${F} · ${inputs} · ${kernel.join(" · ")} = ${grouped(layer.weights)} in the kernels`];
  if (layer.norm) parts.push(`2 · ${F} in BatchNorm`);
  if (layer.attends) parts.push(`3 · (${F}² + ${F}) + 1 = ${grouped(layer.attention)} in attention`);
  return `${parts.join(", ")}${parts.length > 1 ? `; together ${grouped(layer.parameters)}` : ""}. Output ${times([F, ...layer.output])}.`;
}

// What is given about the row that is asked.
function question(layer, config) {
  const arrives = layer.first ? "the photo's 3 channels" : `${layer.from}'s ${layer.channels} channels`;
  const skipped = { concat: " concatenated to them", add: " added to them" }[config.skip];
  const skip = layer.mirror && skipped ? `, and ${layer.mirror.name}'s ${layer.mirror.filters}${skipped}` : "";
  const then = [layer.norm ? "BatchNorm" : "", layer.last ? "Tanh" : layer.first || layer.bottom ? "" : layer.up ? "ReLU" : "LeakyReLU", layer.attends ? "attention" : ""].filter(Boolean);
  return [
    `${layer.up ? "Transposed convolution" : "Convolution"}, ${layer.filters} filters, kernel ${layer.kernel.join(", ")}, stride ${layer.stride.join(", ")}, padding ${layer.padding.join(", ")}, no bias.`,
    `It gets ${arrives} of ${times(layer.input)}${skip}. Then: ${then.join(", ") || "nothing"}.`,
  ];
}

// ---- The drawing: down at the left, up at the right, each level as wide as its picture is large.

function drawU(svg, network, done, config, width) {
  const { layers, input } = network, half = layers.length / 2, step = 42, high = 28;
  const most = Math.min(230, (width - 44) / 2), least = Math.min(118, most);
  const wide = (side) => least + ((most - least) * Math.log2(side)) / 7;
  const place = (i) => {
    const level = i < half ? i + 1 : layers.length - 1 - i, side = wide(layers[i].output[2]);
    const x = layers[i].bottom ? width / 2 - side / 2 : i < half ? most - side : width - most;
    return { x, y: 4 + level * step, side };
  };
  const state = (i) => (done.has(layers[i].name) ? "done" : layers.findIndex((one) => !done.has(one.name)) === i ? "asked" : "coming");
  const wire = (from, to) => {
    const a = from.x + from.side / 2, b = to.x + to.side / 2, down = to.y > from.y;
    return draw("path", { class: "ssagan-wire", d: `M${a},${from.y + (down ? high : 0)}L${b},${to.y + (down ? 0 : high)}` });
  };
  const size = (shape) => shape.join(width < 480 ? "×" : " × ");
  const start = { x: most - wide(input[2]), y: 4, side: wide(input[2]) };
  const nodes = [box(start, "done", `photo, ${size(input)}`, false)];
  layers.forEach((layer, i) => {
    const at = place(i), now = state(i);
    if (now !== "coming") nodes.push(wire(i ? place(i - 1) : start, at));
    if (now === "done" && layer.up && !layer.last && config.skip !== "none") {
      const other = place(layers.length - 2 - i);
      nodes.push(draw("path", { class: "ssagan-skip", "data-kind": config.skip, d: `M${other.x + other.side},${at.y + high / 2}H${at.x}` }));
    }
    const label = { done: `${layer.name}, ${size(layer.output)}`, asked: `${layer.name}: ?`, coming: "" }[now];
    nodes.push(box(at, now, label, now === "done" && layer.attends));
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${(half + 1) * step - 6}`);
  svg.setAttribute("height", (half + 1) * step - 6);
  svg.replaceChildren(...nodes);

  function box({ x, y, side }, now, label, badge) {
    const group = draw("g", {}, draw("rect", { class: "ssagan-box", "data-state": now, x, y, width: side, height: high, rx: 4 }));
    group.append(draw("text", { x: x + side / 2, y: y + 18.5, "text-anchor": "middle", style: "font-size: 12px" }, label));
    if (badge) group.append(draw("circle", { class: "ssagan-badge", cx: x + side, cy: y, r: 7 }), draw("text", { class: "ssagan-badge-letter", x: x + side, y: y + 3.5, "text-anchor": "middle" }, "A"));
    return group;
  }
}

// ---- The page.

function switchOf(label, values, config, name, changed, text = String) {
  const buttons = values.map((value) => make("button", { type: "button", "data-set": `${name}-${value}`, onclick: () => { config[name] = value; show(); changed(); } }, text(value)));
  const show = () => buttons.forEach((button, i) => button.setAttribute("aria-pressed", values[i] === config[name]));
  show();
  return make("div", { class: "ssagan-switch", role: "group", "aria-label": label }, make("span", {}, label), ...buttons);
}

function askForm(answered, shown) {
  const sides = AXES.map((axis) => make("input", { class: "ssagan-side", inputmode: "numeric", autocomplete: "off", "data-axis": axis, "aria-label": `output ${axis}` }));
  const count = make("input", { class: "ssagan-count", autocomplete: "off", "data-axis": "parameters", "aria-label": "learnt parameters, a number or a sum", placeholder: "a number, or a sum: 8*3*4*4 + 5" });
  const commit = make("button", { type: "submit" }, "Commit"), show = make("button", { type: "button", "data-do": "show", onclick: shown }, "Show the row");
  const head = make("p"), given = make("p"), then = make("p");
  const node = make("form", { class: "ssagan-asked", onsubmit: (event) => { event.preventDefault(); answered(sides.map((one) => reckon(one.value)), count.value.trim() ? reckon(count.value) : undefined); } },
    head, given, then,
    make("div", { class: "ssagan-controls" }, ...AXES.map((axis, i) => make("label", {}, axis, sides[i]))),
    make("div", { class: "ssagan-controls" }, make("label", { style: "flex-wrap: wrap" }, "parameters", count)),
    make("div", { class: "ssagan-controls" }, commit, show));
  const ask = (layer, config) => {
    const [first, second] = question(layer, config);
    head.replaceChildren(make("strong", {}, `${layer.name}: what comes out, and how much is learnt?`));
    given.textContent = first;
    then.textContent = second;
  };
  const clear = () => [...sides, count].forEach((one) => { one.value = ""; });
  return { node, ask, clear, focus: () => sides[0].focus() };
}

function rowsTable(network, done, picked, pick) {
  const shown = network.layers.filter((layer) => done.has(layer.name)), largest = Math.max(...network.layers.map((layer) => layer.parameters));
  const line = (layer) => make("tr", {},
    make("td", {}, make("button", { type: "button", "data-row": layer.name, "aria-pressed": picked === layer.name, onclick: () => pick(layer) }, layer.name)),
    make("td", { class: "ssagan-wide" }, [layer.kernel, layer.stride, layer.padding].map((three) => three.join(",")).join("  ")),
    make("td", {}, times([layer.filters, ...layer.output])),
    make("td", { class: "ssagan-number" }, grouped(layer.parameters), make("span", { class: "ssagan-share", "aria-hidden": "true", style: `width: ${(100 * layer.parameters) / largest}%` })));
  const head = make("thead", {}, make("tr", {}, make("th", {}, "layer"), make("th", { class: "ssagan-wide" }, "kernel stride padding"), make("th", {}, "output C × T × H × W"), make("th", { class: "ssagan-number" }, "parameters")));
  return make("table", { class: "ssagan-rows", hidden: shown.length === 0 }, head, make("tbody", {}, ...shown.map(line)));
}

function totalOf(network, done) {
  const { layers } = network, shown = layers.filter((layer) => done.has(layer.name));
  const sum = (of) => shown.reduce((total, layer) => total + of(layer), 0), all = sum((layer) => layer.parameters), attention = sum((layer) => layer.attention);
  const head = shown.length === layers.length ? `All ${layers.length} rows: ` : `${shown.length} of ${layers.length} rows: `;
  const share = attention ? `, ${grouped(attention)} of them attention (${((100 * attention) / all).toFixed(1)} %)` : "";
  return { all, attention, text: `${head}${grouped(all)} parameters${share}.` };
}

mountAll("table_one", (stage, data, root) => {
  const config = { ...data.start }, done = new Set();
  let network = networkOf(data, config), picked = null;
  const svg = draw("svg", { class: "ssagan-chart", role: "img" });
  const key = make("p", { class: "ssagan-note" }, "Down at the left, up at the right; sizes are T × H × W. A: attention follows. Orange: a skip connection, dashed where it adds.");
  const table = make("div"), total = make("p", { class: "ssagan-total" }), reply = make("div", { "aria-live": "polite" });
  const form = askForm(answered, () => reveal("shown"));
  const all = make("button", { type: "button", "data-do": "all", onclick: () => { network.layers.forEach((layer) => done.add(layer.name)); say("shown", "All rows are shown. Press a row to see where its number comes from, or change a switch."); refresh(); } }, "Show all rows");
  const again = make("button", { type: "button", "data-do": "again", onclick: () => { done.clear(); picked = null; reply.replaceChildren(); form.clear(); refresh(); } }, "Start again");
  const asked = () => network.layers.find((layer) => !done.has(layer.name));

  function say(verdict, ...lines) {
    root.dataset.verdict = verdict;
    reply.replaceChildren(make("div", { class: "ssagan-card", "data-verdict": verdict }, ...lines.map((line, i) => make("p", {}, i ? line : make("strong", {}, line)))));
  }

  function answered(shape, count) {
    const layer = asked();
    if (shape.some((side) => side === null) || count === null) return say("wrong", "Not a number yet.", "T, H and W are whole numbers; parameters may be a sum such as 8*3*4*4 + 5.");
    const wrong = [];
    if (layer.output.some((side, axis) => side !== shape[axis])) wrong.push(shapeReply(layer, shape));
    if (count === undefined) wrong.push("Now the parameters: all that this row learns.");
    else if (count !== layer.parameters) wrong.push(parameterReply(layer, count));
    if (!wrong.length) return reveal("right");
    const right = [wrong.length === 1 && (count === undefined || count !== layer.parameters) ? "The output is right." : count === layer.parameters ? "The parameters are right." : "Not yet."];
    say("wrong", ...right, ...wrong);
  }

  function reveal(verdict) {
    const layer = asked();
    done.add(layer.name);
    picked = layer.name;
    say(verdict, verdict === "right" ? "Yes." : `${layer.name}, shown.`, reckoning(layer));
    form.clear();
    refresh();
    if (verdict === "right" && asked()) form.focus();
  }

  function pick(layer) {
    picked = layer.name;
    say("told", layer.name, reckoning(layer));
    refresh();
    table.querySelector(`[data-row="${layer.name}"]`).focus();
  }

  function refresh() {
    network = networkOf(data, config);
    const layer = asked(), sum = totalOf(network, done);
    table.replaceChildren(rowsTable(network, done, picked, pick));
    total.textContent = sum.text;
    form.node.hidden = !layer;
    all.hidden = !layer;
    again.hidden = done.size === 0;
    if (layer) form.ask(layer, config);
    if (svg.clientWidth) drawU(svg, network, done, config, svg.clientWidth);
    const shown = network.layers.filter((one) => done.has(one.name));
    svg.setAttribute("aria-label", `A U of ${network.layers.length} layers, ${shown.length} of them drawn: ${shown.map((one) => `${one.name} ${times(one.output)}`).join(", ") || "none yet"}`);
    Object.assign(root.dataset, { rows: shown.length, asked: layer?.name ?? "", total: sum.all, attention: sum.attention, shapes: JSON.stringify(shown.map((one) => [one.filters, ...one.output])), parameters: JSON.stringify(shown.map((one) => one.parameters)) });
  }

  const changed = () => { picked = null; reply.replaceChildren(); refresh(); };
  const switches = [switchOf("clip", data.sizes, config, "size", changed), switchOf("width", data.widths, config, "width", changed), switchOf("skips", data.skips, config, "skip", changed), switchOf("attention", [true, false], config, "attention", changed, (on) => (on ? "with" : "without"))];
  stage.append(make("div", { class: "ssagan-controls" }, ...switches), svg, key, table, total, form.node, reply, make("div", { class: "ssagan-controls" }, all, again));
  onWidth(svg, (width) => { stage.classList.toggle("ssagan-narrow", width < 480); drawU(svg, network, done, config, width); });
  refresh();
});
