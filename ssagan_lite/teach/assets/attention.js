// Needs: dom, theme.
// One place of a sky and its weights. Softmax, shuffle and what each place fetches are computed here, from the logits.
const SIZE = 256, LAMP = "255, 222, 120";

function unpack(text, Kind) {
  return new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

// How far each logit lies below the largest of its row. One byte each, finer where the weights are large.
function logitsOf({ codes, spans }, count) {
  const bytes = unpack(codes, Uint8Array), span = unpack(spans, Float32Array);
  return Float64Array.from(bytes, (code, i) => -span[Math.floor(i / count)] * (code / 255) ** 2);
}

// Attention over places in a new order (order[slot] = place): each row of softmax(logits / temperature), and the
// weighted mean of the colours. Nothing in it depends on where a slot lies.
function attend(logits, colours, order, temperature) {
  const count = order.length, weights = new Float64Array(count * count), fetched = new Float64Array(count * 3);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += weights[i * count + j] = Math.exp(logits[order[i] * count + order[j]] / temperature);
    for (let j = 0; j < count; j++) {
      const weight = (weights[i * count + j] /= sum);
      for (let c = 0; c < 3; c++) fetched[i * 3 + c] += weight * colours[order[j] * 3 + c];
    }
  }
  return { weights, fetched };
}

// Entropy of a row, as a fraction of the largest that is possible.
function evenness(row) {
  return row.reduce((sum, weight) => sum - (weight > 0 ? weight * Math.log(weight) : 0), 0) / Math.log(row.length);
}

function holdingHalf(row) {
  let sum = 0, places = 0;
  for (const weight of Float64Array.from(row).sort().reverse()) if (sum < 0.5) { sum += weight; places++; }
  return places;
}

async function enlarged(source) {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const canvas = make("canvas", { width: SIZE, height: SIZE });
  canvas.getContext("2d").drawImage(picture, 0, 0, SIZE, SIZE);
  return canvas;
}

const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

mountAll("attention", async (stage, data, root) => {
  const { side } = data, count = side * side, tile = SIZE / side;
  const colours = unpack(data.colours, Uint8Array), photo = await enlarged(data.photo);
  const maps = data.maps.map((map) => ({ name: map.name, logits: logitsOf(map, count) }));
  const straight = Array.from({ length: count }, (_, i) => i);
  const state = { map: 0, power: 0, order: straight, before: straight, shuffled: false, query: data.start, progress: 1 };
  let now;

  // What stands in a slot while the places move: in the end, at the slot itself.
  function corner(slot) {
    const from = state.before.indexOf(state.order[slot]), part = state.progress;
    const between = (a, b) => a + (b - a) * part;
    return [tile * between(from % side, slot % side), tile * between(Math.floor(from / side), Math.floor(slot / side))];
  }

  // The three views paint one slot each: the sky, its weight over the darkened sky, the colour that it fetches.
  function paintSky(context, slot, x, y) {
    const place = state.order[slot];
    context.drawImage(photo, tile * (place % side), tile * Math.floor(place / side), tile, tile, x, y, tile, tile);
  }
  function paintWeight(context, slot, x, y) {
    paintSky(context, slot, x, y);
    const light = now.row[slot] / now.largest;
    for (const style of [`rgba(0, 0, 0, ${0.7 + 0.3 * light})`, `rgba(${LAMP}, ${light})`]) {
      context.fillStyle = style;
      context.fillRect(x, y, tile, tile);
    }
  }
  function paintFetched(context, slot, x, y) {
    context.fillStyle = `rgb(${Array.from(now.fetched.subarray(slot * 3, slot * 3 + 3), Math.round)})`;
    context.fillRect(x, y, tile, tile);
  }

  const views = [["choose a place", paintSky], ["its weights", paintWeight], ["what each place fetches", paintFetched]].map(([name, paint], index) => {
    const first = index === 0;
    const canvas = make("canvas", { width: SIZE, height: SIZE, tabindex: first ? 0 : null, role: first ? "application" : "img", "data-view": index, "aria-label": first ? `the sky, ${side} by ${side} places: click one, or use the arrow keys` : name });
    canvas.addEventListener("pointerdown", (event) => choose(canvas, event));
    canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) choose(canvas, event); });
    return { paint, canvas, node: make("div", { class: "ssagan-clip" }, canvas, make("div", { class: "ssagan-name" }, name)) };
  });

  function paintAll() {
    for (const { canvas, paint } of views) {
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, SIZE, SIZE);
      for (const slot of straight) paint(context, slot, ...corner(slot).map(Math.round));
      const [x, y] = corner(state.query);
      for (const [style, width] of [["#000", 6], ["#fff", 3]]) {
        context.strokeStyle = style;
        context.lineWidth = width;
        context.strokeRect(x, y, tile, tile);
      }
    }
  }

  const facts = { place: make("dd"), entropy: make("dd"), half: make("dd"), largest: make("dd"), own: make("dd") };
  const names = { place: "place", entropy: "entropy", half: "half of the weight", largest: "largest weight", own: "to itself" };
  const list = make("dl", { class: "ssagan-facts", "aria-live": "polite" }, ...Object.keys(facts).flatMap((key) => [make("dt", {}, names[key]), facts[key]]));
  const told = make("p", { class: "ssagan-told", "aria-live": "polite" });

  // All rows again: after another map, temperature or order.
  function compute() {
    const temperature = 10 ** state.power, { logits } = maps[state.map];
    now = attend(logits, colours, state.order, temperature);
    now.mean = straight.reduce((sum, i) => sum + evenness(now.weights.subarray(i * count, (i + 1) * count)), 0) / count;
    if (state.shuffled) {
      const plain = attend(logits, colours, straight, temperature).fetched;
      const same = straight.filter((slot) => [0, 1, 2].every((c) => Math.abs(now.fetched[slot * 3 + c] - plain[state.order[slot] * 3 + c]) < 1e-6)).length;
      root.dataset.same = same;
      told.textContent = `Shuffled first, attended then: ${same} of ${count} places fetch the colour that they fetched before. The result is shuffled as its input was.`;
    } else told.textContent = "";
    Object.assign(root.dataset, { map: maps[state.map].name, temperature: temperature.toPrecision(4), mean: now.mean.toFixed(4), shuffled: state.shuffled });
    look();
  }

  // One row: after another query.
  function look() {
    now.row = now.weights.subarray(state.query * count, (state.query + 1) * count);
    now.largest = Math.max(...now.row);
    const entropy = evenness(now.row), half = holdingHalf(now.row), own = now.row[state.query];
    facts.place.textContent = `row ${Math.floor(state.query / side)}, column ${state.query % side}`;
    facts.entropy.textContent = `${entropy.toFixed(2)} of ln n here, ${now.mean.toFixed(2)} on average`;
    facts.half.textContent = `on ${half} of ${count} places`;
    facts.largest.textContent = `${percent(now.largest)} (an even share: ${percent(1 / count)})`;
    facts.own.textContent = percent(own);
    Object.assign(root.dataset, { query: state.query, place: state.order[state.query], entropy: entropy.toFixed(4), half, own: own.toFixed(5) });
    paintAll();
  }

  function choose(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const cell = (at, length) => Math.min(side - 1, Math.max(0, Math.floor((side * at) / length)));
    state.query = cell(event.clientY - box.top, box.height) * side + cell(event.clientX - box.left, box.width);
    look();
  }

  views[0].canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    const inside = (value) => Math.min(side - 1, Math.max(0, value));
    state.query = inside(Math.floor(state.query / side) + step[0]) * side + inside((state.query % side) + step[1]);
    look();
  });

  // The chosen place is carried along with all others.
  function shuffle() {
    const place = state.order[state.query];
    state.before = state.order;
    state.shuffled = !state.shuffled;
    state.order = state.shuffled ? data.order : straight;
    state.query = state.order.indexOf(place);
    mix.textContent = state.shuffled ? "Put them back" : "Shuffle the places";
    state.progress = wantsLessMotion() ? 1 : 0;
    compute();
    if (state.progress < 1) requestAnimationFrame(move);
  }

  let began = 0;
  function move(time) {
    if (!state.progress) began = time;
    const part = Math.min(1, (time - began) / 900);
    state.progress = Math.max(1e-6, part * part * (3 - 2 * part));
    paintAll();
    if (part < 1) requestAnimationFrame(move);
  }

  const choices = maps.map(({ name }, index) => make("button", { type: "button", "aria-pressed": String(index === 0), onclick: () => {
    state.map = index;
    choices.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    compute();
  } }, name));
  const mix = make("button", { type: "button", onclick: shuffle }, "Shuffle the places");
  const value = make("output", { class: "ssagan-slider-value", "aria-live": "off" });
  const { low, high, step } = data.temperature;
  const slider = make("input", { type: "range", min: low, max: high, step, value: 0, "aria-label": "temperature", oninput: () => warm(Number(slider.value)) });
  function warm(power) {
    state.power = power;
    slider.value = power;
    value.textContent = String(Number((10 ** power).toPrecision(2)));
    slider.setAttribute("aria-valuetext", value.textContent);
    compute();
  }
  const one = make("button", { type: "button", onclick: () => warm(0) }, "Back to 1");
  const buttons = make("div", { class: "ssagan-controls" }, ...(choices.length > 1 ? choices : []), mix);
  const temperature = make("div", { class: "ssagan-controls ssagan-temperature" }, make("span", { class: "ssagan-slider-name" }, "temperature"), slider, value, one);
  stage.append(make("div", { class: "ssagan-views" }, ...views.map(({ node }) => node)), buttons, temperature, list, told);
  warm(0);
});
