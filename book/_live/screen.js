// The large picture: the clip at the photo's own shape, and over it the attention of one place.
const LONG_SIDE = 640, LAMP = [255, 222, 120];

// For each of `to` pixels, four neighbours among `from` and their weights (Keys' cubic with -0.75, as OpenCV has it).
export function cubicTaps(from, to) {
  const index = new Int32Array(4 * to), weight = new Float32Array(4 * to), a = -0.75;
  for (let i = 0; i < to; i++) {
    const position = ((i + 0.5) * from) / to - 0.5, left = Math.floor(position), t = position - left;
    for (let k = 0; k < 4; k++) {
      const d = Math.abs(k - 1 - t);
      weight[4 * i + k] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
      index[4 * i + k] = Math.min(from - 1, Math.max(0, left + k - 1));
    }
  }
  return { index, weight };
}

// Both sides of a clip of a photo: the long one LONG_SIDE, the photo's shape, even (videos ask for that).
export function outputSize(width, height) {
  const scale = LONG_SIDE / Math.max(width, height), even = (side) => Math.max(2, 2 * Math.round((side * scale) / 2));
  return { width: even(width), height: even(height) };
}

// `size`, `frames`: the network's. The screen is told of a photo, then of clips, and then shows frames.
export function makeScreen(canvas, veil, { size, frames, side }) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let still, across, down, narrow, made, picture, moved, painted = [], detailed;

  function setPhoto(photo) {
    Object.assign(canvas, outputSize(photo.width, photo.height));
    Object.assign(veil, { width: canvas.width, height: canvas.height });
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    still = context.getImageData(0, 0, canvas.width, canvas.height).data;
    [across, down] = [cubicTaps(size, canvas.width), cubicTaps(size, canvas.height)];
    narrow = new Float32Array(size * canvas.width);
    moved = new Float32Array(still.length);
    setClip(null);
  }

  function setClip(run) {
    made = run;
    painted = [];
  }

  // One frame, painted when it is first shown: the second time round costs nothing.
  function show(frame, detail) {
    if (!made) return;
    if (detail !== detailed) painted = [];
    detailed = detail;
    context.putImageData((painted[frame] ??= paint(frame, detail)), 0, 0);
  }

  // With `detail`, the change since the clip's own first frame is added to the photo: what does not move
  // stays the photo, as `ssagan predict --detail` does it. Where the network says where each place goes, the photo
  // itself goes there, and only the change of colour is added.
  function paint(frame, detail) {
    picture = context.createImageData(canvas.width, canvas.height);
    picture.data.fill(255);
    const carries = detail && made.way, clip = carries ? made.change : made.clip;
    if (carries) carry(still, moved, canvas, made.way, { size, frames }, frame);
    for (let colour = 0; colour < 3; colour++) {
      widen(colour, frame, detail, clip);
      heighten(colour, detail ? (carries ? moved : still) : null);
    }
    return picture;
  }

  function widen(colour, frame, detail, clip) {
    const start = (colour * frames + frame) * size * size, first = colour * frames * size * size, { width } = canvas;
    for (let y = 0; y < size; y++) for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 4 * x; k < 4 * x + 4; k++) {
        const place = y * size + across.index[k];
        sum += across.weight[k] * (detail ? clip[start + place] - clip[first + place] : clip[start + place] + 1);
      }
      narrow[y * width + x] = 127.5 * sum;
    }
  }

  // `under` is what the levels are added to, or null.
  function heighten(colour, under) {
    const { width, height } = canvas, { index, weight } = down, { data } = picture;
    for (let y = 0; y < height; y++) {
      const k = 4 * y, rows = [0, 1, 2, 3].map((i) => index[k + i] * width);
      for (let x = 0, to = y * width * 4 + colour; x < width; x++, to += 4) {
        const level = weight[k] * narrow[rows[0] + x] + weight[k + 1] * narrow[rows[1] + x] + weight[k + 2] * narrow[rows[2] + x] + weight[k + 3] * narrow[rows[3] + x];
        data[to] = under ? under[to] + level : level; // rounded and clipped by the array
      }
    }
  }

  // `row`: the weights of one place, or null. The photo is darkened, and lit where the place looks.
  function showAttention(place, row) {
    const pen = veil.getContext("2d"), [wide, high] = [veil.width / side, veil.height / side];
    pen.clearRect(0, 0, veil.width, veil.height);
    if (!row) return;
    const brightest = Math.max(...row), light = new ImageData(side, side);
    row.forEach((weight, i) => {
      const share = weight / brightest;
      light.data.set([...LAMP.map((level) => level * share), 255 * (0.68 + 0.2 * share)], 4 * i);
    });
    const small = new OffscreenCanvas(side, side);
    small.getContext("2d").putImageData(light, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, veil.width, veil.height);
    ring(pen, (place % side) * wide, Math.floor(place / side) * high, wide, high);
  }

  return { setPhoto, setClip, show, showAttention, hasClip: () => Boolean(made) };
}

// The photo `still` (RGBA) as it lies in a frame, into `moved`: each pixel's colour comes from where `way`, (2, T, S, S)
// in widths and heights of the picture, says that it was; beyond an edge lies a mirror. As look_up in beyond/wind.py.
function carry(still, moved, { width, height }, way, { size, frames }, frame) {
  const columns = linearTaps(size, width), rows = linearTaps(size, height), line = [new Float32Array(width), new Float32Array(width)];
  for (let y = 0, to = 0; y < height; y++) {
    for (const axis of [0, 1]) alongRow(line[axis], way, (axis * frames + frame) * size * size, size, columns, rows, y, axis ? height : width);
    for (let x = 0; x < width; x++, to += 4) {
      const fromX = inside(x - line[0][x], width), fromY = inside(y - line[1][x], height);
      const left = fromX | 0, top = fromY | 0, partX = fromX - left, partY = fromY - top;
      const a = 4 * (top * width + left), right = left + 1 < width ? 4 : 0, below = top + 1 < height ? 4 * width : 0;
      for (let c = 0; c < 3; c++) {
        const upper = still[a + c] + partX * (still[a + right + c] - still[a + c]), lower = still[a + below + c] + partX * (still[a + below + right + c] - still[a + below + c]);
        moved[to + c] = upper + partY * (lower - upper);
      }
    }
  }
}

// One row of a map of size * size, which begins at `start`, enlarged, times `scale`.
function alongRow(line, map, start, size, columns, rows, y, scale) {
  const [upper, lower, share] = [start + rows.index[y] * size, start + rows.next[y] * size, rows.share[y]];
  for (let x = 0; x < line.length; x++) {
    const i = columns.index[x], j = columns.next[x], part = columns.share[x];
    const above = map[upper + i] + part * (map[upper + j] - map[upper + i]), under = map[lower + i] + part * (map[lower + j] - map[lower + i]);
    line[x] = scale * (above + share * (under - above));
  }
}

// For each of `to` pixels, two neighbours among `from` and how far it lies towards the second.
function linearTaps(from, to) {
  const index = new Int32Array(to), next = new Int32Array(to), share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    index[i] = Math.floor(position);
    next[i] = Math.min(from - 1, index[i] + 1);
    share[i] = position - index[i];
  }
  return { index, next, share };
}

// A place on a line of `count` pixels, mirrored at both ends as often as it takes.
function inside(place, count) {
  if (place >= 0 && place <= count - 1) return place;
  let way = Math.abs(place + 0.5) % (2 * count);
  if (way > count) way = 2 * count - way;
  return Math.min(count - 1, Math.max(0, way - 0.5));
}

// The chosen place: white within black, so that it shows on any sky.
function ring(pen, x, y, width, height) {
  for (const [colour, line, out] of [["#000", 3, 3], ["#fff", 3, 1]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = line;
    pen.strokeRect(x - out, y - out, width + 2 * out, height + 2 * out);
  }
}

// A frame of the clip at the network's own size.
export function drawRaw(context, clip, { size, frames }, frame) {
  const picture = context.createImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = 127.5 * (clip[(c * frames + frame) * size * size + i] + 1);
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}
