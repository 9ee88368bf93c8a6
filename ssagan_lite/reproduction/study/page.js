// A blind comparison of clips, two at a time. Nothing is sent: answers stay in this browser until they are saved.
// This script knows neither who made a clip nor which pairs check attention; both travel under a veil that it hands on.
"use strict";

const study = JSON.parse(document.getElementById("study").textContent);
const stage = document.getElementById("stage");
const total = study.items.length;
const LOCK = 400; // ms after a new pair in which nothing counts: a double click would answer two pairs
const SECONDS_A_PAIR = 7; // a guess for the first page: 32 frames at 8 a second are seen once in four seconds
const MEMORY = `ssagan-study-${study.study}`;
const CODE = /^[a-z0-9][a-z0-9-]{1,23}$/;
const SIDES = ["left", "right"];

// ---- Elements -------------------------------------------------------------------------------------------------------

// make("button", {class: "x", onclick: act}, "text", child): an HTML element.
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const button = (text, act, kind = "") => make("button", { type: "button", class: kind, onclick: act }, text);
const key = (name) => make("kbd", {}, name);

// Replace what stands on the page; the keyboard and a screen reader begin at its heading.
function show(name, ...children) {
  stage.dataset.screen = name;
  stage.replaceChildren(...children);
  scrollTo(0, 0);
  stage.querySelector("h1").focus({ preventScroll: true });
}

const heading = (text) => make("h1", { tabindex: -1 }, text);
const say = (text) => { document.getElementById("status").textContent = text; };

// ---- Chance that a rater's code repeats -----------------------------------------------------------------------------

// FNV-1a: 32 bits of a text.
function hashed(text) {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return value;
}

// mulberry32: numbers in [0, 1) that the seed repeats.
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, random) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [mixed[i], mixed[other]] = [mixed[other], mixed[i]];
  }
  return mixed;
}

// The order of one rater, and which clip stands left: each of the two in half of the pairs, so that a liking for one
// side favours nobody.
function planOf(rater) {
  const random = seeded(hashed(`${study.study} ${rater}`));
  const lefts = shuffled(study.items.map((_, i) => i % 2), random);
  return shuffled(study.items, random).map((item, i) => ({ item, left: lefts[i] }));
}

function drawnCode() {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789"; // without those that look like another
  const drawn = Array.from(crypto.getRandomValues(new Uint32Array(6)), (value) => letters[value % letters.length]);
  return `${drawn.slice(0, 3).join("")}-${drawn.slice(3).join("")}`;
}

// ---- Memory: {rater code: {started, finished, answers}} --------------------------------------------------------------

function fits(rater, record) {
  if (!CODE.test(rater) || !Array.isArray(record?.answers) || record.answers.length > total) return false;
  const plan = planOf(rater);
  return record.answers.every((answer, i) => answer?.pair === plan[i].item.id && SIDES.includes(answer.choice));
}

// Private windows and some file viewers have no storage: then the page works as well, for as long as it is open.
function recalled() {
  const raters = new Map();
  try {
    for (const [rater, record] of Object.entries(JSON.parse(localStorage.getItem(MEMORY)) ?? {})) {
      if (fits(rater, record)) raters.set(rater, record);
    }
  } catch { /* nothing is remembered, or nothing that this page wrote */ }
  return raters;
}

const raters = recalled();

function remember() {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(Object.fromEntries(raters)));
    return true;
  } catch {
    return false;
  }
}

// ---- Two clips that play in step -------------------------------------------------------------------------------------

const pictures = new Map(); // item id -> promise of two pictures; only the pair on show and the next are kept

function pictureOf(source) {
  const picture = new Image();
  picture.src = source;
  return picture.decode().then(() => picture);
}

function loaded(item) {
  if (!pictures.has(item.id)) pictures.set(item.id, Promise.all(item.clips.map(pictureOf)));
  return pictures.get(item.id);
}

function forgetAllBut(...items) {
  const kept = new Set(items.filter(Boolean).map((item) => item.id));
  for (const id of pictures.keys()) if (!kept.has(id)) pictures.delete(id);
}

// One clock draws both canvases, so that they cannot drift apart. `told` hears whether it plays.
function twoScreens(canvases, told) {
  let shown = null, frame = 0, playing = !matchMedia("(prefers-reduced-motion: reduce)").matches, due = 0, ticking = false;

  function draw() {
    const { item, images } = shown, x = (frame % item.columns) * item.width, y = Math.floor(frame / item.columns) * item.height;
    canvases.forEach((canvas, side) => {
      canvas.getContext("2d").drawImage(images[side], x, y, item.width, item.height, 0, 0, item.width, item.height);
      canvas.dataset.frame = frame;
    });
  }

  function seek(next) { frame = next; draw(); }

  function set(play) {
    playing = play;
    due = 0;
    told(playing);
    if (playing && shown && !ticking) { ticking = true; requestAnimationFrame(tick); }
  }

  function tick(now) {
    if (!playing || !shown || !canvases[0].isConnected) { ticking = false; return; }
    const step = 1000 / study.fps, last = shown.item.frames - 1;
    if (!due) due = now + step;
    else if (now >= due) {
      seek(frame === last ? 0 : frame + 1);
      due = now + step * (frame === last ? 3 : 1); // the end is held, so that the eye sees where the loop begins
    }
    requestAnimationFrame(tick);
  }

  function open(item, images) {
    for (const canvas of canvases) {
      canvas.width = item.width;
      canvas.height = item.height;
      canvas.classList.toggle("blocky", item.width <= 48);
    }
    shown = { item, images };
    seek(0);
    set(playing);
  }

  return { open, toggle: () => set(!playing), replay: () => { seek(0); set(true); }, rest: () => { shown = null; }, isPlaying: () => playing };
}

// Seconds during which the pair could be seen: a break, or another tab, does not count.
function stopwatch() {
  let sum = 0, since = null;
  const stop = () => { if (since !== null) sum += performance.now() - since; since = null; };
  return {
    stop,
    start: () => { if (since === null) since = performance.now(); },
    reset: () => { sum = 0; since = null; },
    seconds: () => Math.round((sum + (since === null ? 0 : performance.now() - since)) / 10) / 100,
  };
}

// ---- The first page --------------------------------------------------------------------------------------------------

function intro() {
  const minutes = Math.max(1, Math.round((total * SECONDS_A_PAIR) / 60));
  const remembers = remember()
    ? "You may take a break, or close the page: opened again in this browser, it goes on where you stopped."
    : "You may take a break, but leave the page open: this browser does not let it remember your answers.";
  show("intro", heading("Two clips of the sky"),
    make("p", {}, `You will see ${total} pairs of short clips, side by side. For each pair, answer one question:`),
    make("p", { class: "question" }, study.question),
    make("p", {}, "Your impression counts. In a few pairs the answer is plain: they show whether somebody looks. You cannot go back to a pair once you have answered."),
    make("p", {}, `It takes about ${minutes === 1 ? "a minute" : `${minutes} minutes`}. ${remembers}`),
    make("p", {}, make("strong", {}, "Nothing is sent anywhere. "), "At the end you save a file with your choices and the time that each took, and hand it over yourself. It carries a code in place of your name."),
    codeForm(), ...earlier());
}

function codeForm() {
  const input = make("input", { id: "code", name: "code", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 24, "aria-describedby": "code-help" });
  input.value = drawnCode();
  const help = make("p", { id: "code-help", class: "soft" }, "Keep it, or type one that you were given: 2 to 24 letters, digits or hyphens.");
  const start = (event) => {
    event.preventDefault();
    const rater = input.value.trim().toLowerCase();
    if (CODE.test(rater)) return begin(rater);
    help.textContent = "A code has 2 to 24 letters (a to z), digits or hyphens, and does not begin with a hyphen.";
    help.setAttribute("role", "alert");
    input.setAttribute("aria-invalid", "true");
    return input.focus();
  };
  return make("form", { onsubmit: start, novalidate: true }, make("label", { for: "code" }, "Your code"),
    make("div", { class: "row" }, input, button("Draw another", () => { input.value = drawnCode(); }), make("button", { type: "submit", class: "main" }, "Start")), help);
}

// Who has begun or ended in this browser may go on, or save again.
function earlier() {
  if (!raters.size) return [];
  const rows = [...raters].map(([rater, { answers }]) => {
    const done = answers.length === total;
    return make("li", {}, make("span", {}, make("code", {}, rater), ` ${done ? "has answered all" : `has answered ${answers.length} of ${total}`} `), button(done ? "See the answers" : "Go on", () => begin(rater)));
  });
  return [make("h2", {}, "In this browser"), make("ul", { class: "earlier" }, ...rows)];
}

function begin(rater) {
  if (!raters.has(rater)) raters.set(rater, { started: new Date().toISOString(), finished: null, answers: [] });
  if (raters.get(rater).answers.length === total) return finish(rater);
  remember();
  return compare(rater);
}

// ---- One pair after the other ----------------------------------------------------------------------------------------

function compare(rater) {
  const plan = planOf(rater), record = raters.get(rater), watch = stopwatch();
  let openAt = Infinity, seen = false, resting = false;

  const canvases = SIDES.map((side) => make("canvas", { role: "img", "aria-label": `${side} clip` }));
  const picks = SIDES.map((side, i) => make("button", { type: "button", class: "pick", id: side, onclick: () => choose(i) }, canvases[i], make("span", {}, i ? "Right " : "Left ", key(i ? "→" : "←"))));
  const play = button("Pause", () => screens.toggle(), "play"), where = make("strong", { id: "where", "aria-live": "polite" });
  const bar = make("progress", { max: total, value: 0, "aria-hidden": "true" });
  const hint = make("p", { class: "soft", id: "hint" });
  const controls = make("div", { class: "row" }, play, button("From the start", () => screens.replay()), button("Take a break", rest));
  const arena = [heading(study.question), make("div", { class: "progress" }, where, bar), make("div", { class: "pair" }, ...picks), controls, hint];

  // A clip that never played is no clip: where it starts paused, for less motion, it is to be played before the answer.
  const screens = twoScreens(canvases, (playing) => {
    seen ||= playing;
    play.textContent = playing ? "Pause" : "Play";
    for (const pick of picks) pick.disabled = !seen;
    hint.replaceChildren(...(seen ? ["Click the clip, or press ", key("←"), " or ", key("→"), " (also ", key("1"), " or ", key("2"), "). ", key("Space"), " pauses, ", key("R"), " plays from the start."] : ["Press Play (or ", key("Space"), ") first; both clips then move until you pause them."]));
  });

  async function next() {
    const at = record.answers.length;
    if (at === total) { leave(); finish(rater); return; }
    openAt = Infinity;
    const { item, left } = plan[at], images = await loaded(item);
    forgetAllBut(item, plan[at + 1]?.item);
    if (plan[at + 1]) loaded(plan[at + 1].item).catch(() => {}); // its turn will tell
    where.textContent = `${at + 1} of ${total}`;
    bar.value = at;
    seen = false;
    screens.open(item, left === 0 ? images : [images[1], images[0]]);
    arena[0].focus({ preventScroll: true }); // or the space bar would press the button that was clicked last
    openAt = performance.now() + LOCK;
    stage.dataset.at = at;
    if (!document.hidden && !resting) watch.start();
  }

  function choose(side) {
    if (!seen || resting || performance.now() < openAt) return;
    const { item, left } = plan[record.answers.length];
    record.answers.push({ pair: item.id, sides: left === 0 ? ["A", "B"] : ["B", "A"], choice: SIDES[side], seconds: watch.seconds() });
    if (record.answers.length === total) record.finished = new Date().toISOString();
    remember();
    watch.reset(); // here, and not with the next pair: a break in the middle of one keeps its seconds
    advance();
  }

  // A picture that cannot be decoded would leave the rater before an empty screen.
  const advance = () => next().catch((error) => { leave(); show("failed", heading("This pair cannot be shown"), make("p", {}, `Your answers are kept. Open the page in another browser, with the code ${rater}, or ask for a new copy. (${error.message})`)); });

  function rest() {
    resting = true;
    watch.stop();
    show("break", heading("A break"), make("p", {}, `You have answered ${record.answers.length} of ${total} pairs. The clock stands still.`), make("div", { class: "row" }, button("Go on", () => { resting = false; show("compare", ...arena); advance(); }, "main")));
  }

  const keys = { ArrowLeft: () => choose(0), ArrowRight: () => choose(1), 1: () => choose(0), 2: () => choose(1), r: () => screens.replay(), R: () => screens.replay(), " ": () => screens.toggle() };
  function onKey(event) {
    const pressesButton = event.key === " " && event.target.tagName === "BUTTON";
    if (resting || pressesButton || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    if (!event.repeat) keys[event.key]();
  }

  const onVisibility = () => (document.hidden || resting ? watch.stop() : watch.start());
  function leave() {
    document.removeEventListener("keydown", onKey);
    document.removeEventListener("visibilitychange", onVisibility);
    screens.rest();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", onVisibility);
  show("compare", ...arena);
  advance();
}

// ---- The end ---------------------------------------------------------------------------------------------------------

function returned(rater) {
  const { started, finished, answers } = raters.get(rater);
  return JSON.stringify({ format: "ssagan-study-answers", version: 1, study: study.study, rater, started, finished, answers, veil: study.veil }, null, 1);
}

function finish(rater) {
  const text = returned(rater), name = `answers-${study.study.slice(0, 6)}-${rater}.json`;
  const area = make("textarea", { id: "answers", readonly: true, rows: 6, "aria-label": "your answers as text", spellcheck: "false" });
  area.value = text;
  const copy = async () => {
    area.select();
    try { await navigator.clipboard.writeText(text); say("copied"); copied.textContent = "Copied"; } catch { say("selected: copy it with the keyboard"); copied.textContent = "Selected: now copy"; }
  };
  const copied = button("Copy the text", copy);
  show("end", heading("Thank you"),
    make("p", {}, `All ${total} pairs are answered, as `, make("code", {}, rater), ". Save the file, and hand it to whoever asked you."),
    make("div", { class: "row" }, button("Save my answers", () => download(text, name), "main"), button("Another person", intro)),
    make("details", {}, make("summary", {}, "If nothing is saved"), make("p", {}, `Some places block downloads. Then copy this text into a file named ${name}.`), area, make("div", { class: "row" }, copied)));
}

function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // not at once: some browsers ask where to save it first
  say(`saved as ${name}`);
}

intro();
