// Needs: dom, theme, marks, player.
// A photo under a wind. What the network says of the photo, a 2x2 matrix a place and key frame, is all that the page
// holds of it; the way of each place, and where its colour is fetched from, are worked out here, as in beyond/wind.py.

const HALF = 110, RADIUS = 100, STEP = 0.01; // of the pad's drawing; of the wind, for one press of a key
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const GRID = 9; // arrows a side
const SEEN = 0.006; // shorter ways, in widths of the picture, are a dot

async function pixelsOf(address, size) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = make("canvas", { width: size, height: size });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, size, size).data;
}

// The response as numbers, key frame after key frame, four channels each: xx, xy, yx, yy.
function responseOf(sky) {
  const bytes = Int8Array.from(atob(sky.response), (letter) => letter.charCodeAt(0));
  return Float32Array.from(bytes, (level) => level * sky.unit);
}

// Between which key frames a frame lies, and how far towards the second.
function between(keys, frame) {
  let at = 0;
  while (at < keys.length - 2 && frame >= keys[at + 1]) at++;
  return keys.length < 2 ? [0, 0, 0] : [at, at + 1, (frame - keys[at]) / (keys[at + 1] - keys[at])];
}

// The way of each coarse place up to a frame, in widths of the picture: {x, y}. Without the response, the wind itself.
function wayOf({ side, keys, frames }, response, [u, v], frame) {
  const places = side * side, share = frames > 1 ? frame / (frames - 1) : 0;
  const way = { x: new Float32Array(places).fill(u * share), y: new Float32Array(places).fill(v * share) };
  if (!response) return way;
  const [one, other, part] = between(keys, frame);
  const value = (channel, i) => (1 - part) * response[(4 * one + channel) * places + i] + part * response[(4 * other + channel) * places + i];
  for (let i = 0; i < places; i++) {
    way.x[i] += share * (value(0, i) * u + value(1, i) * v); // the bytes hold the matrix less the unit matrix
    way.y[i] += share * (value(2, i) * u + value(3, i) * v);
  }
  return way;
}

// For each of `count` pixels the two coarse places round its middle, and the share of the second.
function neighbours(count, side) {
  return Array.from({ length: count }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * side) / count - 0.5, 0), side - 1), low = Math.min(Math.floor(at), Math.max(side - 2, 0));
    return { low, high: Math.min(low + 1, side - 1), part: at - low };
  });
}

// What lies beyond an edge is what lies on its other side, as in a mirror.
function mirrored(at, size) {
  const period = 2 * size, inside = (((at + 0.5) % period) + period) % period;
  return Math.min(Math.max((inside < size ? inside : period - inside) - 0.5, 0), size - 1);
}

// Backward: each pixel fetches its colour from where it was before the wind carried it.
function carry(photo, way, size, side, near, to) {
  const mix = (a, b, part) => a + part * (b - a);
  for (let row = 0, i = 0; row < size; row++) for (let column = 0; column < size; column++, i += 4) {
    const { low: top, high: bottom, part: down } = near[row], { low: left, high: right, part: across } = near[column];
    const at = (map) => mix(mix(map[top * side + left], map[top * side + right], across), mix(map[bottom * side + left], map[bottom * side + right], across), down);
    const x = mirrored(column - size * at(way.x), size), y = mirrored(row - size * at(way.y), size);
    const x0 = Math.floor(x), y0 = Math.floor(y), x1 = Math.min(x0 + 1, size - 1), y1 = Math.min(y0 + 1, size - 1);
    const a = 4 * (y0 * size + x0), b = 4 * (y0 * size + x1), c = 4 * (y1 * size + x0), d = 4 * (y1 * size + x1);
    for (let colour = 0; colour < 3; colour++) {
      to[i + colour] = mix(mix(photo[a + colour], photo[b + colour], x - x0), mix(photo[c + colour], photo[d + colour], x - x0), y - y0);
    }
    to[i + 3] = 255;
  }
}

// The mean length of the way in some rows of the coarse places.
function meanLength(way, side, from, to) {
  let sum = 0;
  for (let i = from * side; i < to * side; i++) sum += Math.hypot(way.x[i], way.y[i]);
  return sum / ((to - from) * side);
}

// An arrow in a circle, to be dragged or moved by the arrow keys: {node, point(wind)}. onMove is told widths of the picture.
function windPad(edge, onMove) {
  const shaft = draw("line", { class: "ssagan-shaft" }), head = draw("path", { class: "ssagan-head", d: "M 14 0 L -8 -10 L -4 0 L -8 10 Z" });
  const ring = (part) => draw("circle", { r: (RADIUS * part) / edge, class: "ssagan-ring" });
  const node = draw("svg", { class: "ssagan-pad", viewBox: `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`, tabindex: 0, role: "slider", "aria-label": "the wind", "aria-roledescription": "arrow in a circle", "aria-valuemin": 0, "aria-valuemax": edge },
    draw("circle", { r: RADIUS, class: "ssagan-rim" }), ...[0.1, 0.2].filter((part) => part < edge).map(ring), shaft, draw("circle", { r: 4, class: "ssagan-middle" }), head);

  function moved(event) {
    const box = node.getBoundingClientRect(), unit = (box.width / (2 * HALF)) * (RADIUS / edge);
    onMove([(event.clientX - box.left - box.width / 2) / unit, (event.clientY - box.top - box.height / 2) / unit]);
  }

  let held = false;
  node.addEventListener("pointerdown", (event) => { held = true; node.setPointerCapture(event.pointerId); moved(event); });
  node.addEventListener("pointermove", (event) => { if (held) moved(event); });
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { held = false; });

  function point([x, y], words) {
    const scale = RADIUS / edge;
    fill(shaft, { x1: 0, y1: 0, x2: x * scale, y2: y * scale }, []);
    head.setAttribute("transform", `translate(${x * scale} ${y * scale}) rotate(${(Math.atan2(y, x) * 180) / Math.PI})`);
    head.style.visibility = x || y ? "visible" : "hidden";
    node.setAttribute("aria-valuenow", Math.hypot(x, y).toFixed(3));
    node.setAttribute("aria-valuetext", words);
  }
  return { node, point };
}

const towards = (value, one, other) => (value === 0 ? "" : `${Math.abs(value).toFixed(2)} ${value > 0 ? one : other}`);
const inWords = ([x, y]) => [towards(x, "to the right", "to the left"), towards(y, "down", "up")].filter(Boolean).join(", ") || "no wind";

// The ways over the whole clip, as arrows over the picture.
function arrows(layer, way, side, size) {
  layer.replaceChildren();
  for (let row = 0; row < GRID; row++) for (let column = 0; column < GRID; column++) {
    const place = (k) => Math.min(Math.floor(((k + 0.5) * side) / GRID), side - 1), i = place(row) * side + place(column);
    const x = ((column + 0.5) * size) / GRID, y = ((row + 0.5) * size) / GRID, [u, v] = [way.x[i] * size, way.y[i] * size];
    if (Math.hypot(u, v) < SEEN * size) { layer.append(draw("circle", { cx: x, cy: y, r: 1.6 })); continue; }
    const turn = (Math.atan2(v, u) * 180) / Math.PI;
    layer.append(draw("line", { x1: x, y1: y, x2: x + u, y2: y + v }), draw("path", { d: "M 0 0 L -6 -3.2 L -6 3.2 Z", transform: `translate(${x + u} ${y + v}) rotate(${turn})` }));
  }
}

mountAll("wind", async (stage, data, root) => {
  const { size, side: places, frames } = data;
  const photos = await Promise.all(data.skies.map((sky) => pixelsOf(sky.picture, size))), responses = data.skies.map(responseOf);
  const near = neighbours(size, places), state = { sky: 0, wind: data.wind, frame: 0, follows: true, arrows: false };
  const canvas = make("canvas", { width: size, height: size, role: "img" });
  const context = canvas.getContext("2d"), image = context.createImageData(size, size);
  const layer = draw("svg", { class: "ssagan-ways", viewBox: `0 0 ${size} ${size}`, "aria-hidden": "true" });
  const pad = windPad(data.edge, change), value = make("output", { class: "ssagan-wind-value", "aria-live": "off" });
  const told = make("p", { class: "ssagan-told", "aria-live": "polite" });
  const controls = transport(root, { frames, fps: data.fps, onFrame: (frame) => { state.frame = frame; paint(); } });

  function response() {
    return state.follows ? responses[state.sky] : null;
  }

  function paint() {
    carry(photos[state.sky], wayOf(data, response(), state.wind, state.frame), size, places, near, image.data);
    context.putImageData(image, 0, 0);
  }

  // What the eye may check: the way over the whole clip at the top and at the bottom of the picture.
  function tell() {
    const whole = wayOf(data, response(), state.wind, frames - 1), band = Math.max(1, Math.round(places / 8));
    const [top, bottom] = [meanLength(whole, places, 0, band), meanLength(whole, places, places - band, places)];
    layer.style.display = state.arrows ? "" : "none";
    arrows(layer, whole, places, size);
    const words = inWords(state.wind);
    pad.point(state.wind, words);
    value.textContent = words;
    told.textContent = `Over the clip the top of the picture goes ${top.toFixed(2)} of its width, the bottom ${bottom.toFixed(2)}.`;
    canvas.setAttribute("aria-label", `${data.skies[state.sky].name}, ${state.follows ? "carried by the response" : "shifted as a whole"}, wind ${words}`);
    Object.assign(root.dataset, { wind: state.wind.join(" "), sky: data.skies[state.sky].name, follows: state.follows, top: top.toFixed(4), bottom: bottom.toFixed(4) });
  }

  // The arrow ends within the circle. At the first frame no wind is seen yet, so a photo that stands there goes to its end.
  function change([x, y]) {
    const scale = Math.min(1, data.edge / (Math.hypot(x, y) || 1));
    state.wind = [x, y].map((part) => Math.round(1000 * part * scale) / 1000 + 0); // + 0: no minus zero
    if (state.frame === 0 && root.dataset.playing !== "true") controls.seek(frames - 1);
    refresh();
  }

  function refresh() {
    tell();
    paint();
  }

  pad.node.addEventListener("keydown", (event) => {
    const move = KEYS[event.key];
    if (!move) return;
    event.preventDefault();
    change(state.wind.map((part, axis) => part + (event.shiftKey ? 5 : 1) * STEP * move[axis]));
  });

  const box = (name, key) => make("label", {}, make("input", { type: "checkbox", "data-toggle": key, checked: state[key], onchange: (event) => { state[key] = event.target.checked; refresh(); } }), name);
  const choices = data.skies.map(({ name }, index) => make("button", { type: "button", "data-sky": index, "aria-pressed": index === 0, onclick: () => choose(index) }, name));

  function choose(index) {
    state.sky = index;
    choices.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    refresh();
  }

  const screen = make("div", { class: "ssagan-screen ssagan-sky" }, canvas, layer);
  const calm = make("button", { type: "button", onclick: () => change([0, 0]) }, "No wind");
  const turn = make("button", { type: "button", onclick: () => change(state.wind.map((part) => -part)) }, "Turn the wind");
  const blow = make("div", { class: "ssagan-blow" }, make("strong", {}, "Drag the wind"), pad.node, value, make("div", { class: "ssagan-controls" }, turn, calm));
  stage.append(
    make("div", { class: "ssagan-controls", role: "group", "aria-label": "skies" }, ...choices),
    make("div", { class: "ssagan-windy" }, screen, blow), controls.node,
    make("div", { class: "ssagan-controls" }, box("each place follows the wind by its response", "follows"), box("show the ways as arrows", "arrows")),
    told,
  );
  refresh();
});
