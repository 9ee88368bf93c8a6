// The wind that the network is told: an arrow in a circle, to be dragged. Its tip is how far the sky goes over the clip.
import { make, draw } from "./shared.js";

const EDGE = 0.25, STEP = 0.05; // of the picture: what the circle's edge stands for, and one press of an arrow key
const RADIUS = 100, STILL = 0.06; // of the drawing; and the share of the circle, in its middle, that is no wind
const WAYS = ["to the right", "down and to the right", "down", "down and to the left", "to the left", "up and to the left", "up", "up and to the right"];
const TWENTIETHS = ["less than a twentieth", "a twentieth", "a tenth", "three twentieths", "a fifth", "a quarter", "three tenths"];
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// "to the right, a tenth of the picture": of its width across, of its height up and down.
export function inWords([x, y]) {
  const strength = Math.hypot(x, y);
  if (strength === 0) return "no wind";
  const way = WAYS[(Math.round(Math.atan2(y, x) / (Math.PI / 4)) + 8) % 8], count = Math.round(20 * strength);
  const about = count > 0 && Math.abs(20 * strength - count) > 0.05 ? "about " : "";
  return `${way}, ${about}${TWENTIETHS[count] ?? `${count} twentieths`} of the picture`;
}

// {node, set}. `usual` is the model's own wind [x, y] in parts of the picture, right and down; onChange([x, y]).
export function windPad(usual, onChange) {
  const edge = Math.max(EDGE, Math.hypot(...usual));
  const { disc, point } = drawDisc(edge);
  const value = make("output", { class: "live-wind-value", "aria-live": "off" });
  let wind = usual;

  function show() {
    point(wind);
    value.textContent = inWords(wind);
    disc.setAttribute("aria-valuenow", Math.hypot(...wind).toFixed(3));
    disc.setAttribute("aria-valuetext", value.textContent);
  }

  // The arrow ends within the circle, and near its middle there is no wind.
  function set([x, y]) {
    const strength = Math.hypot(x, y), scale = strength < STILL * edge ? 0 : Math.min(1, edge / strength);
    const next = [x, y].map((part) => Math.round(1000 * part * scale) / 1000 + 0); // + 0: no minus zero
    if (next[0] === wind[0] && next[1] === wind[1]) return;
    wind = next;
    show();
    onChange(wind);
  }

  function drag(event) {
    const box = disc.getBoundingClientRect(), unit = (box.width / 220) * (RADIUS / edge); // 220: the viewBox
    set([(event.clientX - box.left - box.width / 2) / unit, (event.clientY - box.top - box.height / 2) / unit]);
  }

  let dragged = false;
  disc.addEventListener("pointerdown", (event) => { if (!event.isPrimary || event.button !== 0) return; dragged = true; disc.setPointerCapture(event.pointerId); drag(event); });
  disc.addEventListener("pointermove", (event) => { if (event.isPrimary && dragged) drag(event); });
  for (const end of ["pointerup", "pointercancel"]) disc.addEventListener(end, (event) => { if (event.isPrimary) dragged = false; });
  disc.addEventListener("dblclick", () => set(usual));
  disc.addEventListener("keydown", (event) => {
    const move = KEYS[event.key];
    if (!move) return;
    event.preventDefault();
    set(wind.map((part, axis) => part + STEP * move[axis]));
  });
  show();
  const name = make("span", { class: "live-wind-name" }, make("b", {}, "Wind"), " drag the arrow");
  const back = make("button", { type: "button", onclick: () => set(usual) }, "The model’s own wind");
  return { node: make("div", { class: "live-wind" }, name, disc, make("div", { class: "live-wind-told" }, value, back)), set };
}

// {disc, point}: the picture, and point([x, y]), which turns the arrow and the breeze behind it.
function drawDisc(edge) {
  const circle = (radius, name, more = {}) => draw("circle", { r: radius, class: name, ...more });
  const rings = [0.1, 0.2].filter((part) => part < edge).map((part) => circle((RADIUS * part) / edge, "live-ring"));
  const ticks = WAYS.map((_, i) => draw("path", { class: "live-tick", d: "M 93 0 H 100", transform: `rotate(${45 * i})` }));
  const breeze = draw("g", { class: "live-breeze", "clip-path": "circle(97px)" }), streaks = draw("g");
  for (let i = -4; i <= 4; i++) streaks.append(draw("path", { d: `M -130 ${21 * i} H 130`, style: `animation-delay: ${-((i * i * 0.37 + i * 0.61 + 9) % 1) * 2}s` }));
  breeze.append(streaks);
  const shaft = draw("path", { class: "live-shaft" }), head = draw("path", { class: "live-head", d: "M 13 0 L -9 -11 L -5 0 L -9 11 Z" });
  const halo = circle(19, "live-halo"), middle = circle(4, "live-middle");
  const disc = draw("svg", { class: "live-disc", viewBox: "-110 -110 220 220", tabindex: 0, role: "slider", "aria-label": "the wind", "aria-roledescription": "arrow in a circle", "aria-valuemin": 0, "aria-valuemax": edge },
    circle(RADIUS, "live-rim"), breeze, ...rings, ...ticks, halo, shaft, middle, head);
  let pace = 0;
  const blow = () => { for (const streak of disc.getAnimations({ subtree: true })) streak.updatePlaybackRate(pace); };
  disc.addEventListener("animationstart", blow);

  function point([x, y]) {
    const strength = Math.hypot(x, y), angle = (Math.atan2(y, x) * 180) / Math.PI, [tipX, tipY] = [x, y].map((part) => (RADIUS * part) / edge);
    streaks.setAttribute("transform", `rotate(${angle})`);
    breeze.style.opacity = strength === 0 ? 0 : 1;
    pace = (2 * strength) / edge;
    blow();
    shaft.setAttribute("d", `M 0 0 L ${tipX} ${tipY}`);
    halo.setAttribute("transform", `translate(${tipX} ${tipY})`);
    head.setAttribute("transform", `translate(${tipX} ${tipY}) rotate(${angle})`);
    head.style.display = strength === 0 ? "none" : "";
  }
  return { disc, point };
}
