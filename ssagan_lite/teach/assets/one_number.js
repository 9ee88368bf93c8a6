// Needs: dom, theme, chart, marks, random, small_network, number_game.
// A GAN on one number, trained in the page. Above: what the teacher thinks of each number, and how it pushes. Below: the
// data and what the generator makes. Under both: the two losses.
const SHOWN = 256, REACH = 3.5, BINS = 70, TALLY = { seeds: 10, steps: 1000 };
const CHOICES = {
  noise: { label: "noise", options: [["on", "on"], ["off", "off"]] },
  teacher: { label: "taught by", options: [["critic", "the critic"], ["squares", "squared error"]] },
  loss: { label: "its loss", options: [["non-saturating", "non-saturating"], ["minimax", "minimax"]] },
  steps: { label: "critic", options: [[1, "1 step a turn"], [5, "5 steps a turn"]] },
  start: { label: "start", options: [["middle", "at 0"], ["far", "at -3"]] },
  lead: { label: "head start", options: [[0, "none"], [200, "200 steps"]] },
};
const SIDES = { both: "both sides", left: "only left", right: "only right", middle: "the empty middle", elsewhere: "elsewhere" };

const dice = seeded(11), NOISE = Float64Array.from({ length: SHOWN }, () => normal(dice)); // the same for every picture
const GRID = Float64Array.from({ length: 141 }, (_, i) => -REACH + (2 * REACH * i) / 140);
const GENERATOR = "stroke: var(--ours); stroke-width: 1.75";
const style = (role, more = "") => `stroke: var(--${role}); stroke-dasharray: ${MARKS[role].dash || "none"}; ${more}`;
const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

// The teacher's curve with arrows above, data and generator below, on one axis.
function numberChart() {
  const margin = { left: 34, right: 8 }, rows = { top: 26, curve: 150, low: 176, bottom: 270 }, height = 306;
  const chart = draw("svg", { class: "ssagan-chart", height, role: "img", "aria-label": "the teacher's curve, the data and the generator's numbers" });
  const parts = { back: draw("g"), bars: draw("path", { style: "fill: var(--ours); opacity: 0.75" }), curve: draw("path", { class: "ssagan-curve", style: style("other") }),
    arrows: draw("path", { style: "fill: none; stroke: var(--ours); stroke-width: 2" }), dots: draw("path", { style: "fill: var(--ours)" }) };
  let width = 0, last = null;

  function background(x, guided) {
    const bump = (place) => Math.exp(-((place / RULES.spread) ** 2) / 2), tall = rows.bottom - rows.low - 14;
    const outline = Array.from(GRID, (_, i) => -REACH + i * 0.05).map((place) => [x(place), rows.bottom - tall * 0.72 * (bump(place - 1) + bump(place + 1))]);
    const ticks = guided ? [[0, "0"], [0.5, "½"], [1, "1"]] : [[0, "0"], [0.5, "4"], [1, "8"]];
    const level = (share) => rows.curve - share * (rows.curve - rows.top - 12);
    parts.back.replaceChildren(
      ...ticks.flatMap(([share, text]) => [draw("line", { class: "ssagan-grid", x1: margin.left, x2: width - margin.right, y1: level(share), y2: level(share) }),
        draw("text", { class: "ssagan-soft", x: margin.left - 6, y: level(share) + 4, "text-anchor": "end" }, text)]),
      ...[-3, -2, -1, 0, 1, 2, 3].flatMap((tick) => [draw("line", { class: "ssagan-grid", x1: x(tick), x2: x(tick), y1: rows.bottom, y2: rows.bottom + 5 }),
        draw("text", { class: "ssagan-soft", x: x(tick), y: rows.bottom + 18, "text-anchor": "middle" }, String(tick))]),
      draw("line", { class: "ssagan-grid", x1: margin.left, x2: width - margin.right, y1: rows.bottom, y2: rows.bottom }),
      draw("path", { class: "ssagan-curve", d: path(outline), style: style("truth") }),
      draw("text", { x: 2, y: 13 }, guided ? "D(x): how real the critic finds a number" : "squared error, mean over the data"),
      draw("text", { class: "ssagan-soft", x: width - margin.right, y: height - 2, "text-anchor": "end" }, "the number x"));
    return level;
  }

  function render(game, options) {
    last = [game, options];
    if (!width) return;
    const guided = options.teacher === "critic", x = scale([-REACH, REACH], [margin.left, width - margin.right]), level = background(x, guided);
    const worth = (numbers) => (guided ? game.logits(numbers).map(sigmoid) : numbers.map((number) => Math.min(1, (number * number + 1 + RULES.spread ** 2) / 8)));
    const made = game.make(NOISE), counts = new Array(BINS).fill(0), wide = x(-REACH + (2 * REACH) / BINS) - x(-REACH);
    for (const number of made) {
      const bin = Math.floor(((number + REACH) / (2 * REACH)) * BINS);
      if (bin >= 0 && bin < BINS) counts[bin] += 1 / SHOWN;
    }
    const tall = rows.bottom - rows.low - 14, rise = (share) => Math.min(1, share / 0.2) * tall;
    parts.bars.setAttribute("d", counts.map((share, bin) => (share ? `M${(margin.left + bin * wide).toFixed(1)},${rows.bottom}v${-rise(share).toFixed(1)}h${(wide - 1).toFixed(1)}v${rise(share).toFixed(1)}z` : "")).join(""));
    parts.curve.setAttribute("d", path(Array.from(worth(GRID), (value, i) => [x(GRID[i]), level(value)])));
    drawArrows(game, made, worth, x, level);
  }

  // Nine of the generator's numbers, spread over all of them, and how hard the loss pushes each.
  function drawArrows(game, made, worth, x, level) {
    const sorted = made.slice().sort(), chosen = Float64Array.from([...new Set(Array.from({ length: 9 }, (_, i) => sorted[Math.round(((i + 0.5) / 9) * (SHOWN - 1))]))]);
    const pushed = game.push(chosen), heights = worth(chosen);
    let arrows = "", dots = "";
    chosen.forEach((number, i) => {
      if (Math.abs(number) > REACH) return;
      const from = [x(number), level(heights[i])], long = Math.sign(pushed[i]) * Math.min(60, Math.abs(pushed[i]) * 36);
      dots += `M${(from[0] - 3.5).toFixed(1)},${from[1].toFixed(1)}a3.5,3.5 0 1 0 7,0a3.5,3.5 0 1 0 -7,0z`;
      if (Math.abs(long) < 2) return;
      const head = Math.sign(long) * Math.min(5, Math.abs(long) / 2);
      arrows += `M${from.map((v) => v.toFixed(1))}h${long.toFixed(1)}m${-head.toFixed(1)},-4l${head.toFixed(1)},4l${-head.toFixed(1)},4`;
    });
    parts.arrows.setAttribute("d", arrows);
    parts.dots.setAttribute("d", dots);
  }

  chart.append(...Object.values(parts));
  onWidth(chart, (next) => { width = next; chart.setAttribute("viewBox", `0 0 ${width} ${height}`); if (last) render(...last); });
  return { node: chart, render };
}

// Both losses so far, as means over a few steps: single batches jump. A long run gets coarser means, so that it stays
// quick to draw.
function lossChart() {
  const margin = { top: 24, right: 10, bottom: 36, left: 40 }, height = 168;
  const chart = draw("svg", { class: "ssagan-chart", height, role: "img", "aria-label": "both losses against training steps" });
  let width = 0, points = [], every = 5, sum = [0, 0], guided = true;

  function render() {
    if (!width) return;
    const values = points.flatMap((point) => point.losses).filter(Number.isFinite);
    const low = Math.min(0, ...values), high = Math.max(1.6, ...values) * 1.05, steps = Math.max(200, points.at(-1)?.step ?? 0);
    const x = scale([0, steps], [margin.left, width - margin.right]), y = scale([low, high], [height - margin.bottom, margin.top]);
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.replaceChildren(axes({ width, height, margin, x, y, xTicks: roundTicks(0, steps, width < 480 ? 3 : 6), yTicks: roundTicks(low, high, 3),
      xLabel: "step of the generator", yLabel: guided ? "losses (dotted: a guessing critic's, 1.39)" : "loss" }));
    if (guided) chart.append(draw("line", { x1: margin.left, x2: width - margin.right, y1: y(2 * Math.LN2), y2: y(2 * Math.LN2), style: "stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 4" }));
    for (const [i, look] of guided ? [[0, style("other", "stroke-width: 1.75")], [1, GENERATOR]] : [[1, GENERATOR]])
      chart.append(draw("path", { class: "ssagan-curve", d: path(points.map((point) => [x(point.step), y(point.losses[i])])), style: look }));
  }

  function add(game) {
    sum = [sum[0] + game.critic, sum[1] + game.generator];
    if (game.step % every) return;
    points.push({ step: game.step - every / 2, losses: sum.map((total) => total / every) });
    sum = [0, 0];
    if (points.length < 160) return;
    const pairs = points.slice(0, 160);
    points = pairs.filter((_, i) => i % 2 === 0).map((point, i) => ({ step: point.step + every / 2, losses: point.losses.map((loss, k) => (loss + pairs[2 * i + 1].losses[k]) / 2) }));
    every *= 2;
  }

  const clear = (options) => { points = []; every = 5; sum = [0, 0]; guided = options.teacher === "critic"; render(); };
  onWidth(chart, (next) => { width = next; render(); });
  return { node: chart, render, add, clear };
}

// One row of dots for each seed that was run: where its generator ended.
function tallyChart(rows) {
  const high = 17, height = rows.length * high + 24, chart = draw("svg", { class: "ssagan-chart", height, role: "img", "aria-label": rows.map((row) => `seed ${row.seed}: ${SIDES[row.side]}`).join(", ") });
  onWidth(chart, (width) => {
    const x = scale([-2, 2], [60, width - 112]);
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.replaceChildren(...[-1, 0, 1].flatMap((tick) => [draw("line", { class: "ssagan-grid", x1: x(tick), x2: x(tick), y1: 0, y2: height - 20 }),
      draw("text", { class: "ssagan-soft", x: x(tick), y: height - 5, "text-anchor": "middle" }, String(tick))]));
    rows.forEach((row, i) => {
      const y = i * high + 10;
      chart.append(draw("text", { class: "ssagan-soft", x: 2, y: y + 4 }, `seed ${row.seed}`), draw("text", { class: "ssagan-soft", x: width - 100, y: y + 4 }, SIDES[row.side]),
        ...row.numbers.filter((number) => Math.abs(number) < 2).map((number) => draw("circle", { cx: x(number), cy: y, r: 3, style: "fill: var(--ours); opacity: 0.55" })));
    });
  });
  return chart;
}

function choiceGroup(name, options, onChoose) {
  const { label, options: listed } = CHOICES[name];
  const buttons = listed.map(([value, text]) => make("button", { type: "button", "data-choice": `${name}=${value}`, onclick: () => { options[name] = value; show(); onChoose(); } }, text));
  const show = () => listed.forEach(([value], i) => buttons[i].setAttribute("aria-pressed", value === options[name]));
  show();
  return make("div", { class: "ssagan-controls", role: "group", "aria-label": label }, make("span", { class: "ssagan-choice-name" }, label), make("span", { class: "ssagan-choices" }, ...buttons));
}

mountAll("one_number", (stage, data, root) => {
  const options = { ...data.start }, numbers = numberChart(), losses = lossChart();
  const told = make("p", { class: "ssagan-told" }), tally = make("div", { "aria-live": "polite" });
  let game, playing = false, visible = false, ticking = false, run = 0;

  function show() {
    numbers.render(game, options);
    losses.render();
    const side = sideOf(game.make(NOISE)), judged = Number.isFinite(game.real) ? ` D: ${game.real.toFixed(2)} on the data, ${game.fake.toFixed(2)} on what is made.` : "";
    told.textContent = `Step ${game.step}: ${SIDES[side]}.${judged}`;
    Object.assign(root.dataset, { step: game.step, side, mean: mean(game.make(NOISE)).toFixed(3), loss: game.generator, push: game.push(Float64Array.of(mean(game.make(NOISE))))[0] });
  }

  function advance(count) {
    for (let i = 0; i < count; i++) { game.advance(); losses.add(game); }
    show();
  }

  function restart() {
    run += 1; // a count over the seeds that still runs, ends
    game = makeGame(options);
    teacher.textContent = options.teacher === "critic" ? "critic" : "squared error";
    losses.clear(options);
    tally.replaceChildren();
    delete root.dataset.tally;
    show();
  }

  function set(play) {
    playing = play;
    button.textContent = play ? "Pause" : "Play";
    root.dataset.playing = play;
    if (play && visible && !ticking) { ticking = true; requestAnimationFrame(tick); }
  }

  // The first steps are those worth watching: one a picture, then four.
  function tick() {
    if (!playing || !visible || !button.isConnected) { ticking = false; return; }
    advance(game.step < 150 ? 1 : 4);
    requestAnimationFrame(tick);
  }

  // Ten seeds, a slice at a time, so that the page stays awake.
  async function count() {
    set(false);
    const mine = (run += 1), rows = [], progress = make("p");
    tally.replaceChildren(progress);
    delete root.dataset.tally;
    for (let seed = 1; seed <= TALLY.seeds; seed++) {
      const other = makeGame({ ...options, seed });
      progress.textContent = `Training: seed ${seed} of ${TALLY.seeds} …`;
      while (other.step < TALLY.steps) {
        other.advance(50);
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== run) return;
      }
      const made = other.make(NOISE);
      rows.push({ seed, side: sideOf(made), numbers: [...made.slice(0, 40)] });
    }
    const sums = Object.keys(SIDES).map((side) => [side, rows.filter((row) => row.side === side).length]).filter(([, sum]) => sum);
    const words = sums.map(([side, sum]) => `${SIDES[side]} ${sum === 1 ? "once" : `${sum} times`}`).join(", ");
    tally.replaceChildren(make("p", {}, `Ten seeds, ${TALLY.steps} steps each: ${words}.`), tallyChart(rows));
    root.dataset.tally = JSON.stringify(Object.fromEntries(sums));
  }

  const action = (text, act) => make("button", { type: "button", onclick: act }, text);
  const button = make("button", { type: "button", class: "ssagan-play", onclick: () => set(!playing) });
  const seed = make("output", { class: "ssagan-seed" });
  const turn = (by, sign, name) => make("button", { type: "button", "aria-label": name, onclick: () => reseed(options.seed + by) }, sign);
  const reseed = (next) => { options.seed = Math.max(1, next); seed.textContent = `seed ${options.seed}`; root.dataset.seed = options.seed; restart(); };
  const teacher = make("span");
  const legend = make("ul", { class: "ssagan-readout" }, make("li", {}, swatch("truth"), "data"), make("li", {}, make("span", { class: "ssagan-bar" }), "generator"), make("li", {}, swatch("other"), teacher));
  stage.append(
    legend, numbers.node, told,
    make("div", { class: "ssagan-controls" }, button, action("One step", () => { set(false); advance(1); }), action("Run 500", () => { set(false); advance(500); }), action("Restart", restart)),
    make("div", { class: "ssagan-controls", role: "group", "aria-label": "seed" }, turn(-1, "‹", "previous seed"), seed, turn(1, "›", "next seed"), action("Ten seeds at once", count)),
    ...data.controls.map((name) => choiceGroup(name, options, restart)), losses.node, tally);
  new IntersectionObserver((entries) => { visible = entries[entries.length - 1].isIntersecting; set(playing); }).observe(root);
  set(data.autoplay && !wantsLessMotion());
  reseed(options.seed);
});
