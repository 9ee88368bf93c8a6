// The live page: a photo goes in, a clip comes out, and the reader turns what there is to turn.
import { make, transport } from "./shared.js";
import { loadNetwork } from "./network.js";
import { squash, toInput } from "./photo.js";
import { drawRaw, makeScreen } from "./screen.js";
import { makeSources } from "./sources.js";
import { windPad } from "./wind.js";
import { contactSheet, download, Hidden, recordVideo, videoKind } from "./save.js";

const HINT = "Tap a place in the sky to see where it looks.";
const FPS = 8, HOUSE = new URL(".", import.meta.url).href;
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

// An error that ends in the recording, with the sentence that says why.
const givingUp = (sentence, cause) => Object.assign(new Error(sentence, { cause }), { sentence });

async function readFacts(name) {
  const answer = await fetch(HOUSE + name);
  if (!answer.ok) throw givingUp("Parts of the live page are missing on this server.");
  return answer.json();
}

export async function mount(root) {
  const [model, runtime] = await Promise.all([readFacts("model.json"), readFacts("runtime.json")]);
  if (!model) throw givingUp("This copy of the book was built without the model's file.");
  const told = root.querySelector(".live-told"), bar = make("progress", { max: 1, value: 0 });
  told.setAttribute("aria-live", "off"); // the bar tells it, without a sentence for each piece that arrives
  bar.setAttribute("aria-label", "The model and what runs it are on their way");
  told.after(bar);
  const network = await loadNetwork({ model, runtime, folder: HOUSE }, (loaded, total) => {
    bar.value = loaded / total;
    told.textContent = `The model and what runs it are on their way: ${megabytes(loaded)} of ${megabytes(total)} MB.`;
  }).catch((error) => {
    throw givingUp("The model, or what runs it, could not be loaded here.", error);
  }).finally(() => bar.remove());
  await build(root, network, model);
  told.textContent = "";
  root.dataset.state = "live";
  root.dataset.ready = "";
}

// Everything on the page, and how it hangs together. Resolves when the first clip is on the screen, or a sentence that
// says why there is none.
function build(root, network, model) {
  const side = Math.round(Math.sqrt(model.places ?? 0)), gammas = model.gammas ?? [], told = model.wind ?? null;
  const canvas = make("canvas", {}), veil = make("canvas", { class: "live-veil" });
  const screen = makeScreen(canvas, veil, { size: model.size, frames: model.frames, side });
  const seen = smallPicture(model.size, `what goes in: the photo squashed to ${model.size} × ${model.size}`, "in");
  const drawn = smallPicture(model.size, `what comes out, ${model.size} × ${model.size}`, "out");
  const state = { photo: null, run: null, factor: 1, wind: told, detail: true, place: null, frame: 0, busy: false, again: false };
  const refusal = make("div", { class: "live-refusal", role: "alert" });
  const caption = make("p", { class: "live-caption" }), readout = make("p", { class: "live-readout", "aria-live": "polite" });

  function show(frame) {
    state.frame = frame;
    screen.show(frame, state.detail);
    if (state.run) drawRaw(drawn.pen, state.run.clip, model, frame);
  }

  function setPhoto(photo) {
    state.photo = photo;
    compute();
  }

  // The newest photo, slider and arrow win: while the network runs, only the last wish is kept.
  async function compute() {
    if (!state.photo) return;
    if (state.busy) { state.again = true; return; }
    state.busy = true;
    const { photo, factor, wind } = state;
    try {
      photo.input ??= toInput(squash(photo.canvas, model.size), model.size);
      const run = await network.run(photo.input, gammas.map((gamma) => gamma * factor), wind);
      keep({ ...run, photo, factor, wind });
    } catch (error) {
      refuse("The network stopped in the middle of this clip. Load the page again.");
      console.error(error);
    }
    state.busy = false;
    if (state.again) { state.again = false; compute(); }
  }

  function keep(run) {
    const another = state.run?.photo !== run.photo;
    if (another) hang(run.photo);
    caption.setAttribute("aria-live", another ? "polite" : "off"); // a turn of the arrow is not announced again and again
    state.run = run;
    screen.setClip(run);
    show(state.frame);
    look(state.place);
    caption.textContent = `${run.photo.name}: ${model.frames} frames in ${Math.round(run.ms)} ms, on this device`;
    Object.assign(root.dataset, { runs: Number(root.dataset.runs ?? 0) + 1, factor: run.factor, wind: run.wind ?? "", ms: Math.round(run.ms), photo: run.photo.name });
    root.dispatchEvent(new Event("live-clip"));
  }

  // Another photo: the screen takes its shape.
  function hang(photo) {
    screen.setPhoto(photo.canvas);
    box.style.setProperty("--shape", canvas.width / canvas.height);
    drawRaw(seen.pen, photo.input, { size: model.size, frames: 1 }, 0);
  }

  function refuse(sentence) {
    refusal.replaceChildren(...(sentence ? [make("div", { class: "ssagan-card", "data-verdict": "wrong" }, make("p", {}, sentence))] : []));
    if (sentence) root.dispatchEvent(new Event("live-refusal"));
  }

  // The attention of a place over the photo; null takes it away.
  function look(place) {
    state.place = place;
    const row = place === null || !state.run?.attention ? null : state.run.attention.subarray(place * side * side, (place + 1) * side * side);
    screen.showAttention(place, row);
    attention.setAttribute("aria-pressed", row !== null);
    readout.textContent = row ? tell(row, place, side, model.attention) : side ? HINT : "";
    root.dataset.place = place ?? "";
  }

  const box = make("div", { class: "live-screen", tabindex: 0, role: "application", "aria-label": side ? "The moving sky. Arrow keys choose a place and show where it looks; Escape hides that." : "The moving sky." }, canvas, veil, make("span", { class: "live-drop" }, "Drop it here"));
  const attention = make("button", { type: "button", "aria-pressed": false, hidden: side === 0, onclick: () => look(state.place === null ? Math.floor(side / 3) * side + Math.floor(side / 2) : null) }, "Where does a place look?");
  if (side) choosePlaces(box, canvas, side, () => state.place, look);

  const controls = transport(root, { frames: model.frames, fps: FPS, onFrame: show });
  const detail = make("input", { type: "checkbox", checked: true, onchange: () => { state.detail = detail.checked; show(state.frame); } });
  const gamma = gammaSlider((factor) => { state.factor = factor; compute(); });
  gamma.hidden = gammas.length === 0;
  const save = saveButton(root, refuse, () => ({ run: state.run, detail: state.detail }), model);
  const sources = makeSources(root, HOUSE, setPhoto, refuse);

  const small = make("div", { class: "live-small" }, make("div", { class: "live-tiles" }, seen.node, drawn.node));
  if (told) small.append(windPad(told, (wind) => { state.wind = wind; compute(); }).node);
  small.classList.toggle("live-windy", told !== null);
  const options = make("div", { class: "ssagan-controls live-options" }, make("label", {}, detail, "keep the photo's detail"), attention, save);
  root.querySelector(".ssagan-stage").append(sources.node, sources.panel, refusal, make("div", { class: "live-main" }, box, small), caption, controls.node, gamma, options, readout);
  root.live = { state, screen, model }; // for the console, and the tests
  const first = new Promise((resolve) => { for (const kind of ["live-clip", "live-refusal"]) root.addEventListener(kind, resolve, { once: true }); });
  sources.start();
  return first;
}

function smallPicture(size, label, name) {
  const canvas = make("canvas", { width: size, height: size, role: "img", "aria-label": label });
  const text = name === "in" ? ["goes in", `${size} × ${size}`] : ["comes out", `${size} × ${size}`];
  return { pen: canvas.getContext("2d"), node: make("div", { class: "live-tile" }, canvas, make("span", {}, text[0]), make("span", {}, text[1])) };
}

// Taps, and the arrow keys. `now()` is the place that is chosen, or null.
function choosePlaces(box, canvas, side, now, look) {
  box.addEventListener("click", (event) => {
    const area = canvas.getBoundingClientRect(), inside = (x) => Math.min(side - 1, Math.max(0, Math.floor(x * side)));
    look(inside((event.clientY - area.top) / area.height) * side + inside((event.clientX - area.left) / area.width));
  });
  box.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Escape") look(null);
    if (!move) return;
    event.preventDefault();
    const place = now() ?? Math.floor(side / 2) * (side + 1), inside = (i) => Math.min(side - 1, Math.max(0, i));
    look(now() === null ? place : inside(Math.floor(place / side) + move[0]) * side + inside((place % side) + move[1]));
  });
}

// Half of the weight, and the largest one, in words.
function tell(row, place, side, layer) {
  let sum = 0, places = 0;
  for (const weight of Float64Array.from(row).sort().reverse()) if (sum < 0.5) { sum += weight; places++; }
  const where = `Row ${Math.floor(place / side) + 1}, column ${(place % side) + 1} of ${side} × ${side}`;
  return `${where}, in ${layer}: half of its attention lies on ${places} of ${row.length} places. The brightest gets ${percent(Math.max(...row))}; spread evenly, each would get ${percent(1 / row.length)}.`;
}

function gammaSlider(onChange) {
  const value = make("output", { class: "live-gamma-value", "aria-live": "off" });
  const slider = make("input", { type: "range", min: 0, max: 3, step: 0.1, value: 1, "aria-label": "what multiplies every gamma", oninput: () => turn(Number(slider.value)) });
  const back = make("button", { type: "button", onclick: () => turn(1) }, "Back to 1");
  const show = (factor) => {
    slider.value = factor;
    value.textContent = `× ${factor.toFixed(1)}${factor === 0 ? ": attention is off" : factor === 1 ? ": as trained" : ""}`;
    slider.setAttribute("aria-valuetext", value.textContent);
  };
  const turn = (factor) => { show(factor); onChange(factor); };
  show(1);
  return make("div", { class: "ssagan-controls live-gamma" }, make("span", { class: "live-gamma-name" }, "every gamma"), value, slider, back);
}

function saveButton(root, refuse, current, model) {
  const kind = videoKind(), name = kind ? "Save as video" : "Save the frames";
  const button = make("button", { type: "button", class: "live-primary", onclick: save }, name);
  async function save() {
    const { run, detail } = current();
    if (!run) return;
    button.disabled = true;
    button.textContent = "Saving …";
    refuse(kind ? null : "This browser makes no videos: you get one picture of all frames.");
    const canvas = make("canvas", {}), screen = makeScreen(canvas, make("canvas", {}), { size: model.size, frames: model.frames, side: 0 });
    screen.setPhoto(run.photo.canvas);
    screen.setClip(run);
    const show = (frame) => screen.show(frame, detail);
    try {
      const blob = kind ? await recordVideo(canvas, show, model.frames, FPS, kind) : await contactSheet(canvas, show, model.frames);
      if (blob.size === 0) throw new Error("the recorder gave nothing");
      Object.assign(root.dataset, { saved: blob.size, savedType: blob.type });
      download(blob, `sky.${kind ? kind[1] : "png"}`);
    } catch (error) {
      refuse(error instanceof Hidden ? error.message : "This browser could not make the video. A recording of the screen does as well.");
      console.error(error);
    }
    button.disabled = false;
    button.textContent = name;
  }
  return button;
}
