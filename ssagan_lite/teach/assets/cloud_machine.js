// Needs: dom, theme, random, fourier.
// The recipe of the procedural skies, live: each slider is one of its numbers. As in data/skies/clouds.py, but simpler:
// one layer, no ground, no sun.
const GRID = 128, WIDE = 160, HIGH = 120, HORIZON = 1.02, SCALE = 13;

const SLIDERS = [
  { name: "slope", label: "slope", low: 0, high: 3, step: 0.05, text: (v) => `${v.toFixed(2)}` },
  { name: "cover", label: "cover", low: -1.5, high: 1.5, step: 0.05, text: (v) => `${v > 0 ? "+" : ""}${v.toFixed(2)}` },
  { name: "wind", label: "wind", low: 0, high: 1, step: 0.02, text: (v) => `${v.toFixed(2)} cells a frame` },
  { name: "direction", label: "direction", low: -180, high: 180, step: 5, text: (v) => `${v}°` },
  { name: "eddies", label: "eddies", low: 0, high: 0.03, step: 0.001, text: (v) => `${v.toFixed(3)} × √waves a frame` },
];

function makeWaves(seed) {
  const random = seeded(seed), count = GRID * GRID;
  const waves = { x: new Float64Array(count), y: new Float64Array(count), length: new Float64Array(count), phase: new Float64Array(count), turn: new Float64Array(count) };
  const signed = (i) => (i < GRID / 2 ? i : i - GRID);
  for (let i = 0; i < count; i++) {
    waves.x[i] = signed(i % GRID);
    waves.y[i] = signed(Math.floor(i / GRID));
    waves.length[i] = Math.hypot(waves.x[i], waves.y[i]);
    waves.phase[i] = 2 * Math.PI * random();
    waves.turn[i] = 2 * (random() + random() + random()) - 3; // about normal, deviation 1
  }
  return waves;
}

// Heights of mean 0 and deviation 1 after all phases have been turned by wind and eddies.
function texture(waves, { slope, moved, turned }) {
  const re = new Float64Array(GRID * GRID), im = new Float64Array(GRID * GRID);
  for (let i = 0; i < re.length; i++) {
    if (waves.length[i] < 2) continue;
    const size = waves.length[i] ** -slope;
    const phase = waves.phase[i] - (2 * Math.PI * (waves.x[i] * moved[0] + waves.y[i] * moved[1])) / GRID + waves.turn[i] * Math.sqrt(Math.min(waves.length[i], 64)) * turned;
    re[i] = size * Math.cos(phase);
    im[i] = size * Math.sin(phase);
  }
  const heights = synthesise(re, im, GRID);
  const deviation = Math.sqrt(heights.reduce((sum, value) => sum + value * value, 0) / heights.length);
  return heights.map((value) => value / deviation);
}

const smooth = (x) => { const t = Math.min(1, Math.max(0, x)); return t * t * (3 - 2 * t); };

function bilinear(heights, x, y) {
  const left = Math.floor(x), top = Math.floor(y), a = x - left, b = y - top, wrap = (i) => ((i % GRID) + GRID) % GRID;
  const at = (i, j) => heights[wrap(j) * GRID + wrap(i)];
  return (1 - b) * ((1 - a) * at(left, top) + a * at(left + 1, top)) + b * ((1 - a) * at(left, top + 1) + a * at(left + 1, top + 1));
}

// Where a pixel of the picture looks: at a plane overhead, or straight at the texture.
function place(column, row, perspective) {
  if (!perspective) return [(column * GRID) / WIDE, (row * GRID) / WIDE];
  const height = HORIZON - row / HIGH + 0.12;
  return [(SCALE * (column / WIDE - 0.5) * (WIDE / HIGH)) / height + GRID, SCALE / height];
}

function paint(context, heights, { cover, perspective }) {
  const picture = context.createImageData(WIDE, HIGH), zenith = [41, 92, 184], horizon = [158, 194, 230], lit = [255, 255, 252], shaded = [148, 160, 178];
  for (let row = 0, i = 0; row < HIGH; row++) for (let column = 0; column < WIDE; column++, i += 4) {
    const density = bilinear(heights, ...place(column, row, perspective)) + cover;
    const opacity = smooth(density / 1.3), light = smooth(0.95 - 0.4 * density), down = (row / HIGH) ** 1.5;
    for (let colour = 0; colour < 3; colour++) {
      const sky = zenith[colour] + (horizon[colour] - zenith[colour]) * down, cloud = shaded[colour] + light * (lit[colour] - shaded[colour]);
      picture.data[i + colour] = sky + opacity * (cloud - sky);
    }
    picture.data[i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

mountAll("cloud_machine", (stage, data, root) => {
  const state = { ...data.start, seed: data.seed, moved: [0, 0], turned: 0 };
  const canvas = make("canvas", { width: WIDE, height: HIGH, role: "img", "aria-label": "a sky that follows the sliders", style: "width: 100%; max-width: 28rem; border-radius: 4px" });
  const context = canvas.getContext("2d");
  let waves = makeWaves(state.seed), playing = !wantsLessMotion(), visible = false, ticking = false, due = 0;

  const show = () => { paint(context, texture(waves, state), state); root.dataset.frame = Number(root.dataset.frame ?? -1) + 1; };
  const rows = SLIDERS.map(({ name, label, low, high, step, text }) => {
    const value = make("output", { class: "ssagan-slider-value" }, text(state[name]));
    const slider = make("input", { type: "range", min: low, max: high, step, value: state[name], "data-name": name, "aria-label": label });
    slider.addEventListener("input", () => { state[name] = Number(slider.value); value.textContent = text(state[name]); show(); });
    return make("div", { class: "ssagan-controls" }, make("span", { class: "ssagan-slider-name" }, label), slider, value);
  });
  const perspective = make("input", { type: "checkbox", checked: state.perspective, onchange: () => { state.perspective = perspective.checked; show(); } });
  const again = make("button", { type: "button", onclick: () => { waves = makeWaves(++state.seed); show(); } }, "Other clouds");
  const button = make("button", { type: "button", class: "ssagan-play", onclick: () => set(!playing) });

  function advance() {
    const angle = (state.direction * Math.PI) / 180;
    state.moved = [state.moved[0] + state.wind * Math.cos(angle), state.moved[1] + state.wind * Math.sin(angle)];
    state.turned += state.eddies;
    show();
  }

  function set(play) {
    playing = play;
    button.textContent = play ? "Pause" : "Play";
    root.dataset.playing = play;
    if (play && visible && !ticking) { ticking = true; requestAnimationFrame(tick); }
  }

  function tick(now) {
    if (!playing || !visible || !button.isConnected) { ticking = false; return; }
    if (now >= due) { due = now + 1000 / data.fps; advance(); }
    requestAnimationFrame(tick);
  }

  const step = make("button", { type: "button", onclick: () => { set(false); advance(); } }, "One frame");
  const buttons = make("div", { class: "ssagan-controls" }, button, step, again, make("label", {}, perspective, "in perspective"));
  stage.append(canvas, buttons, ...rows);
  new IntersectionObserver((entries) => { visible = entries[entries.length - 1].isIntersecting; set(playing); }).observe(root);
  set(playing);
  show();
});
