// Needs: dom, theme, marks, player, random.
// Pairs of clips without their names. The reader chooses; at the end the page says how often that was the clip with the
// worse PSNR, with an exact interval. Order and sides are shuffled for each visit. Nothing leaves the page.

// The rounds of one visit: which pair, and whether its first clip stands left.
function shuffled(count, random) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order.map((pair) => ({ pair, swapped: random() < 0.5, chosen: null }));
}

// P(at least k of n), where each happens with probability p.
function upperTail(k, n, p) {
  let sum = 0, ways = 1;
  for (let i = 0; i <= n; i++) {
    if (i >= k) sum += ways * p ** i * (1 - p) ** (n - i);
    ways *= (n - i) / (i + 1);
  }
  return sum;
}

// Where a function that rises from below `level` to above it crosses; both ends lie between 0 and 1.
function crossing(rising, level) {
  let low = 0, high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (rising(middle) < level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

// The interval of Clopper and Pearson: all p for which k of n is not in the outer 2.5 % of either side.
function exactInterval(k, n) {
  return [k === 0 ? 0 : crossing((p) => upperTail(k, n, p), 0.025), k === n ? 1 : crossing((p) => upperTail(k + 1, n, p), 0.975)];
}

const percent = (share) => `${Math.round(100 * share)} %`;
const decibels = (value) => (value === null ? "no error: it is what happened" : `${value.toFixed(1)} dB`);

mountAll("blind", async (stage, data, root) => {
  const total = data.pairs.length, views = await Promise.all(data.pairs.map((pair) => Promise.all(pair.map((clip) => clipView(clip, { mark: false })))));
  let rounds = [], at = 0, seed = 0, started = 0, visits = 0;

  const where = make("strong", {}), bar = make("progress", { class: "ssagan-steps", max: total, value: 0, "aria-hidden": "true" });
  const asked = make("p", { class: "ssagan-asked" }), said = make("div", { "aria-live": "polite" }, where, asked);
  const places = [make("div", { class: "ssagan-side" }), make("div", { class: "ssagan-side" })];
  const buttons = ["A", "B"].map((letter, side) => make("button", { type: "button", class: "ssagan-pick", onclick: () => choose(side) }, `${letter}`));
  const back = make("button", { type: "button", onclick: goBack }, "One back");
  const controls = transport(root, { frames: data.frames, fps: data.fps, onFrame: (frame) => shownViews().forEach((view) => view.show(frame)) });
  const help = make("p", { class: "ssagan-note" }, "Click, or press the left or the right arrow key (or A, B).");
  const arena = make("div", { class: "ssagan-arena", tabindex: -1, role: "group", "aria-label": "two clips without names", onkeydown: onKey },
    said, bar, make("div", { class: "ssagan-pair" }, ...places, ...buttons), controls.node, make("div", { class: "ssagan-controls" }, back), help);
  const start = make("button", { type: "button", onclick: begin }, "Start");
  const intro = make("div", { class: "ssagan-card" },
    make("p", {}, `${total} pairs, a few seconds for each: under two minutes. Both clips of a pair begin with the same photo. Read the question above the clips: now and then it is another one. Nothing that you choose is sent anywhere.`),
    make("div", { class: "ssagan-controls" }, start));
  const closing = make("div", { tabindex: -1 });

  function shownViews() {
    const round = rounds[at];
    if (!round) return [];
    return round.swapped ? [...views[round.pair]].reverse() : views[round.pair];
  }

  function begin() {
    seed = data.seed === null ? crypto.getRandomValues(new Uint32Array(1))[0] : data.seed + visits;
    visits += 1;
    rounds = shuffled(total, seeded(seed));
    started = performance.now();
    root.dataset.seed = seed;
    delete root.dataset.finished;
    stage.replaceChildren(arena);
    show(0);
    controls.seek(0);
    if (!wantsLessMotion()) controls.play();
    arena.focus({ preventScroll: true });
  }

  function show(next) {
    at = next;
    const isCheck = rounds[at].pair >= data.counted;
    where.textContent = `Pair ${at + 1} of ${total}`;
    asked.textContent = isCheck ? data.check_question : data.question;
    asked.classList.toggle("ssagan-other-question", isCheck);
    bar.value = at;
    back.disabled = at === 0;
    const frame = Number(root.dataset.frame ?? 0);
    shownViews().forEach((view, side) => {
      view.name.textContent = "";
      view.canvas.setAttribute("aria-label", `clip ${"AB"[side]}`);
      view.show(frame);
      places[side].replaceChildren(view.canvas);
      buttons[side].setAttribute("aria-pressed", rounds[at].chosen === side);
    });
    root.dataset.round = at;
    root.dataset.check = isCheck;
  }

  function choose(side) {
    rounds[at].chosen = side;
    if (at + 1 < total) show(at + 1);
    else finish();
  }

  function goBack() {
    if (at > 0) show(at - 1);
  }

  function onKey(event) {
    const side = { ArrowLeft: 0, a: 0, A: 0, ArrowRight: 1, b: 1, B: 1 }[event.key];
    if (side === undefined || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT") return;
    event.preventDefault();
    choose(side);
  }

  // What each choice was: the pair's own index of the chosen clip, without the sides.
  function answers() {
    const hidden = unveil(data.hidden);
    return rounds.map((round) => {
      const isCheck = round.pair >= data.counted, told = isCheck ? hidden.checks[round.pair - data.counted] : hidden.pairs[round.pair];
      return { ...told, isCheck, picked: round.swapped ? 1 - round.chosen : round.chosen, left: told.names[round.swapped ? 1 : 0] };
    });
  }

  function summary() {
    const all = answers(), counted = all.filter((one) => !one.isCheck), checks = all.filter((one) => one.isCheck);
    const worse = counted.filter((one) => one.picked === one.worse).length, contestants = {};
    for (const one of counted) {
      one.names.forEach((name, i) => {
        const row = (contestants[name] ??= { role: one.roles[i], chosen: 0, of: 0, psnr: [] });
        row.of += 1;
        row.chosen += one.picked === i;
        if (one.psnr[i] !== null) row.psnr.push(one.psnr[i]);
      });
    }
    return { counted, worse, contestants, checks: checks.length, passed: checks.filter((one) => one.picked === one.right).length, interval: exactInterval(worse, counted.length) };
  }

  function finish() {
    controls.pause();
    const told = summary(), seconds = Math.round((performance.now() - started) / 1000);
    root.dataset.finished = "";
    root.dataset.worse = told.worse;
    root.dataset.passed = told.passed;
    closing.replaceChildren(verdict(told), table(told), every(told), copying(record(told, seconds)), make("div", { class: "ssagan-controls" }, make("button", { type: "button", onclick: begin }, "Once more")));
    stage.replaceChildren(closing);
    closing.focus({ preventScroll: true });
  }

  function verdict({ worse, counted, interval, checks, passed }) {
    const card = make("div", { class: "ssagan-card", role: "status" },
      make("p", {}, make("strong", { class: "ssagan-verdict" }, `You chose the clip with the worse PSNR in ${worse} of ${counted.length}.`)),
      make("p", {}, `With so few pairs, your true share may be anything from ${percent(interval[0])} to ${percent(interval[1])} (exact 95 % interval).`));
    if (checks) card.append(make("p", {}, passed === checks ? `You saw the other question each time (${passed} of ${checks}).` : `The question changed in ${checks} pairs; you answered it in ${passed}. Do not make much of the rest.`));
    card.append(make("p", { class: "ssagan-note" }, "One viewer and skies of our own: this is not Table 2 of the paper."));
    return card;
  }

  function table({ contestants }) {
    const rows = Object.entries(contestants).sort(([, a], [, b]) => b.chosen / b.of - a.chosen / a.of).map(([name, row]) => {
      const mean = row.psnr.length ? row.psnr.reduce((sum, value) => sum + value, 0) / row.psnr.length : null;
      return make("tr", {}, make("th", { scope: "row" }, swatch(row.role, "dot"), ` ${name}`), make("td", {}, `${row.chosen} of ${row.of}`), make("td", {}, mean === null ? "no error" : `${mean.toFixed(1)} dB`));
    });
    const head = make("tr", {}, ...["clip", "you chose it", "mean PSNR"].map((word) => make("th", { scope: "col" }, word)));
    return make("table", { class: "ssagan-scores" }, make("thead", {}, head), make("tbody", {}, ...rows));
  }

  function every({ counted }) {
    const lines = counted.map(({ names, psnr, picked, worse }) => make("li", {}, make("strong", {}, names[picked]), ` (${decibels(psnr[picked])}) over ${names[1 - picked]} (${decibels(psnr[1 - picked])})${picked === worse ? ": the worse PSNR" : ""}`));
    return make("details", {}, make("summary", {}, "Every pair"), make("ol", {}, ...lines));
  }

  function record({ worse, counted, interval, checks, passed, contestants }, seconds) {
    const chosen = Object.fromEntries(Object.entries(contestants).map(([name, row]) => [name, [row.chosen, row.of]]));
    const pairs = counted.map(({ names, left, picked }) => ({ left, right: names.find((name) => name !== left), chosen: names[picked] }));
    return JSON.stringify({ figure: "blind test", seed, seconds, worse_psnr: worse, of: counted.length, interval: interval.map((end) => Number(end.toFixed(4))), checks_passed: passed, checks, chosen, pairs }, null, 1);
  }

  // A frame in a sandbox may not touch the clipboard: then the text stands selected, ready for the keyboard.
  function copying(text) {
    const area = make("textarea", { class: "ssagan-json", readonly: true, rows: 4, "aria-label": "your choices as JSON" });
    area.value = text;
    const reply = make("span", { "aria-live": "polite" });
    const copy = make("button", { type: "button", onclick: async () => {
      area.select();
      try { await navigator.clipboard.writeText(text); reply.textContent = "copied"; } catch { reply.textContent = "selected: copy it with the keyboard"; }
    } }, "Copy as JSON");
    return make("details", {}, make("summary", {}, "Your choices as JSON, to compare with others"), area, make("div", { class: "ssagan-controls" }, copy, reply));
  }

  stage.append(intro);
});
