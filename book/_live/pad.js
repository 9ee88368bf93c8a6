// A sky drawn by hand: soft brushes for cloud and air, a hard one for the ground. The clip follows each stroke.
import { make } from "./shared.js";

const WIDE = 480, HIGH = 360, STEP = 12;
const BRUSHES = [
  { name: "cloud", colour: "246, 247, 250", soft: true },
  { name: "shade", colour: "138, 148, 166", soft: true },
  { name: "sky", colour: "62, 121, 201", soft: true },
  { name: "dusk", colour: "232, 137, 84", soft: true },
  { name: "ground", colour: "24, 30, 32", soft: false },
];

function clearSky(pen) {
  const air = pen.createLinearGradient(0, 0, 0, HIGH);
  air.addColorStop(0, "rgb(41, 92, 184)");
  air.addColorStop(1, "rgb(158, 194, 230)");
  pen.fillStyle = air;
  pen.fillRect(0, 0, WIDE, HIGH);
  pen.fillStyle = "rgb(24, 30, 32)";
  pen.fillRect(0, HIGH * 0.86, WIDE, HIGH);
}

// Something to begin with: a few puffs, always the same.
function firstClouds(dab) {
  for (const [x, y, size] of [[110, 120, 46], [150, 105, 54], [195, 122, 44], [330, 190, 40], [372, 178, 50], [408, 196, 36], [265, 60, 34]]) for (let i = 0; i < 3; i++) dab(x + 9 * i - 9, y + 4 * i, size);
}

// {node, canvas}; onStroke(canvas) after each change.
export function drawingPad(onStroke) {
  const canvas = make("canvas", { width: WIDE, height: HIGH, tabindex: 0, role: "application", "aria-label": "Your drawing. Arrow keys move the brush, the space bar paints." });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const cursor = make("span", { class: "live-brush", hidden: true });
  const size = make("input", { type: "range", min: 8, max: 90, value: 36, "aria-label": "brush size", oninput: showCursor });
  const state = { brush: BRUSHES[0], x: WIDE / 2, y: HIGH / 3, last: null };

  function dab(x, y, radius) {
    const { colour, soft } = state.brush, paint = pen.createRadialGradient(x, y, 0, x, y, radius);
    paint.addColorStop(0, `rgba(${colour}, ${soft ? 0.34 : 1})`);
    paint.addColorStop(soft ? 0.5 : 0.9, `rgba(${colour}, ${soft ? 0.16 : 1})`);
    paint.addColorStop(1, `rgba(${colour}, 0)`);
    pen.fillStyle = paint;
    pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  }

  function stroke(x, y) {
    const radius = Number(size.value), from = state.last ?? [x, y];
    const steps = Math.max(1, Math.ceil(Math.hypot(x - from[0], y - from[1]) / (radius / 3)));
    for (let i = 1; i <= steps; i++) dab(from[0] + ((x - from[0]) * i) / steps, from[1] + ((y - from[1]) * i) / steps, radius);
    state.last = [x, y];
    onStroke(canvas);
  }

  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDE) / box.width, ((event.clientY - box.top) * HIGH) / box.height];
  }

  // One finger draws: two would be joined by a line, and a palm is no brush.
  canvas.addEventListener("pointerdown", (event) => { if (!event.isPrimary || event.button !== 0) return; canvas.setPointerCapture(event.pointerId); cursor.hidden = true; state.last = null; stroke(...placeOf(event)); });
  canvas.addEventListener("pointermove", (event) => { if (event.isPrimary && state.last) stroke(...placeOf(event)); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => { if (event.isPrimary) state.last = null; });
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }, move = moves[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    if (move) { state.x = Math.min(WIDE, Math.max(0, state.x + move[0])); state.y = Math.min(HIGH, Math.max(0, state.y + move[1])); showCursor(); }
    else { state.last = null; stroke(state.x, state.y); state.last = null; }
  });

  // Where the keys would paint; a mouse needs no such mark.
  function showCursor() {
    cursor.hidden = document.activeElement !== canvas;
    Object.assign(cursor.style, { left: `${(100 * state.x) / WIDE}%`, top: `${(100 * state.y) / HIGH}%`, width: `${(200 * size.value) / WIDE}%` });
  }
  canvas.addEventListener("blur", () => { cursor.hidden = true; });

  function clear(clouds) {
    clearSky(pen);
    const kept = state.brush;
    state.brush = BRUSHES[0];
    if (clouds) firstClouds(dab);
    state.brush = kept;
    onStroke(canvas);
  }

  const brushes = BRUSHES.map((brush, i) => {
    const radio = make("input", { type: "radio", name: "live-brush", checked: i === 0, onchange: () => { state.brush = brush; } });
    return make("label", { class: "live-colour" }, radio, make("span", { class: "live-dab", style: `background: rgb(${brush.colour})` }), brush.name);
  });
  const tools = make("div", { class: "ssagan-controls", role: "group", "aria-label": "brushes" }, ...brushes);
  const rest = make("div", { class: "ssagan-controls live-size" }, make("span", {}, "size"), size, make("button", { type: "button", onclick: () => clear(false) }, "Clear"));
  clear(true);
  return { node: make("div", { class: "live-pad" }, make("div", { class: "live-paper" }, canvas, cursor), make("div", { class: "live-tools" }, tools, rest)), canvas, close() {}, focus: canvas };
}
