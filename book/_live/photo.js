// A file becomes a photo, or one sentence that says why not; and a photo becomes what the network takes.
export const SMALLEST = 16, LARGEST_MEGAPIXELS = 52, LARGEST_FILE = 100e6, WORKING_SIDE = 1280;
const REMEDY = "Give a JPEG, PNG or WebP photo.";

// An error whose message is for the reader.
export class Refusal extends Error {}

// {canvas, name, width, height}: the photo, upright, its long side at most WORKING_SIDE px, and the size that it had.
export async function readPhoto(file) {
  const name = shorten(file.name || "The picture");
  const bytes = await bytesOf(file, name);
  const format = formatOf(bytes);
  checkFormat(format, name);
  checkWhole(bytes, format, name);
  checkSize(sizeOf(bytes, format), name);
  const picture = await decode(file, format, name);
  checkSize({ width: picture.width, height: picture.height }, name);
  const photo = { canvas: toWorkingSize(picture, picture.width, picture.height), name, width: picture.width, height: picture.height };
  picture.close();
  return photo;
}

const shorten = (name) => (name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-12)}` : name);

async function bytesOf(file, name) {
  if (file.size > LARGEST_FILE) throw new Refusal(`${name} is larger than ${LARGEST_FILE / 1e6} MB. Make it smaller first.`);
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Refusal(`${name} cannot be read: it is a folder, or it is gone. ${REMEDY}`);
  }
  if (bytes.length === 0) throw new Refusal(`${name} is empty. Copy it again, or give another photo.`);
  return bytes;
}

// What a file is, by its first bytes; what its name says does not count.
export function formatOf(bytes) {
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "jpeg";
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (text(4, 8) === "ftyp") return /^(hei|hev|mif1|msf1)/.test(text(8, 12)) ? "heic" : /^avi/.test(text(8, 12)) ? "avif" : "video";
  if (/^(GIF8|BM|II\*\0|MM\0\*)/.test(text(0, 4))) return "another picture format";
  return "none";
}

function checkFormat(format, name) {
  if (format === "none") throw new Refusal(`${name} is not a picture. ${REMEDY}`);
  if (format === "video") throw new Refusal(`${name} is a video, and one photo is all that the network takes. ${REMEDY}`);
  if (format === "another picture format") throw new Refusal(`${name} is a picture of a kind that this page does not read. ${REMEDY}`);
}

// Browsers fill what is missing from a file with grey, and say nothing.
function checkWhole(bytes, format, name) {
  const view = new DataView(bytes.buffer);
  const whole = { jpeg: () => hasJpegEnd(bytes), png: () => hasPngEnd(view), webp: () => bytes.length >= view.getUint32(4, true) + 8 };
  if (!(whole[format]?.() ?? true)) throw new Refusal(`${name} is cut short. Copy it again, or give another photo.`);
}

// Whether the segments of a JPEG lead to its end marker; as in ssagan_lite/data/images.py.
function hasJpegEnd(bytes) {
  for (let i = 2; i + 1 < bytes.length; ) {
    const marker = bytes[i + 1];
    if (bytes[i] !== 0xff || marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) i++;
    else if (marker === 0xd9) return true;
    else i += 2 + ((bytes[i + 2] << 8) | bytes[i + 3]);
  }
  return false;
}

function hasPngEnd(view) {
  for (let i = 8; i + 12 <= view.byteLength; i += 12 + view.getUint32(i)) if (view.getUint32(i + 4) === 0x49454e44) return true;
  return false;
}

// Width and height from the file's head, before anything is decoded; null where they are not read from there.
function sizeOf(bytes, format) {
  const view = new DataView(bytes.buffer);
  try {
    return { jpeg: jpegSize, png: (png) => ({ width: png.getUint32(16), height: png.getUint32(20) }), webp: webpSize }[format]?.(view) ?? null;
  } catch {
    return null; // the head ends too early: decoding will say so
  }
}

function jpegSize(view) {
  for (let i = 2; i + 9 < view.byteLength; ) {
    if (view.getUint8(i) !== 0xff) return null;
    const marker = view.getUint8(i + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return { width: view.getUint16(i + 7), height: view.getUint16(i + 5) };
    i += marker === 0xff ? 1 : 2 + view.getUint16(i + 2);
  }
  return null;
}

// Three kinds of WebP keep their size in three places.
function webpSize(view) {
  const kind = String.fromCharCode(view.getUint8(15)), three = (at) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  if (kind === "X") return { width: three(24) + 1, height: three(27) + 1 };
  if (kind === "L") return { width: (view.getUint32(21, true) & 0x3fff) + 1, height: ((view.getUint32(21, true) >> 14) & 0x3fff) + 1 };
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

function checkSize(size, name) {
  if (!size) return;
  const { width, height } = size, megapixels = (width * height) / 1e6;
  if (Math.min(width, height) < SMALLEST) throw new Refusal(`${name} is ${width} × ${height} pixels, too small for a sky. Give one of at least ${SMALLEST} × ${SMALLEST}.`);
  if (megapixels > LARGEST_MEGAPIXELS) throw new Refusal(`${name} has ${Math.ceil(megapixels)} megapixels, more than the ${LARGEST_MEGAPIXELS} that this page reads. Make it smaller first.`);
  if (Math.max(width / height, height / width) > 8) throw new Refusal(`${name} is ${width} × ${height} pixels, too long and thin. Crop it first.`);
}

async function decode(file, format, name) {
  try {
    return await createImageBitmap(file); // upright: browsers apply the orientation that the camera wrote
  } catch {
    if (format === "heic") throw new Refusal(`${name} is a HEIC photo, which this browser cannot read. Save it as a JPEG.`);
    throw new Refusal(`${name} is damaged, or of a kind that this browser cannot read. ${REMEDY}`);
  }
}

// Transparency is laid over black, as the package does.
export function toWorkingSize(source, width, height) {
  const scale = Math.min(1, WORKING_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// The photo squashed to the network's square: Uint8ClampedArray of RGB, size * size * 3. The mean of what lies under
// each pixel where an axis shrinks, linear where it grows, as ssagan_lite.data.images.resize does.
export function squash(canvas, size) {
  const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const rows = weightsAlong(height, size), columns = weightsAlong(width, size);
  const narrow = new Float32Array(height * size * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < size; x++) for (const [from, weight] of columns[x]) for (let c = 0; c < 3; c++) narrow[(y * size + x) * 3 + c] += weight * data[(y * width + from) * 4 + c];
  const square = new Float32Array(size * size * 3), stride = size * 3;
  for (let y = 0; y < size; y++) for (const [from, weight] of rows[y]) for (let i = 0; i < stride; i++) square[y * stride + i] += weight * narrow[from * stride + i];
  return Uint8ClampedArray.from(square);
}

// For each of `to` pixels: [[pixel among `from`, weight], ...], the weights summing to 1.
function weightsAlong(from, to) {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => (step >= 1 ? meanUnder(i * step, (i + 1) * step, from) : between((i + 0.5) * step - 0.5, from)));
}

function meanUnder(begin, end, count) {
  const found = [];
  for (let i = Math.floor(begin); i < Math.min(count, Math.ceil(end)); i++) {
    const covered = Math.min(end, i + 1) - Math.max(begin, i);
    if (covered > 1e-9) found.push([i, covered / (end - begin)]);
  }
  return found;
}

function between(position, count) {
  const left = Math.floor(position), part = position - left, inside = (i) => Math.min(count - 1, Math.max(0, i));
  return [[inside(left), 1 - part], [inside(left + 1), part]];
}

// Levels 0..255, size * size * 3, as the network takes them: Float32Array (3, S, S) in [-1, 1].
export function toInput(levels, size) {
  const input = new Float32Array(3 * size * size);
  for (let i = 0; i < size * size; i++) for (let c = 0; c < 3; c++) input[c * size * size + i] = levels[i * 3 + c] / 127.5 - 1;
  return input;
}
