// The clip as a video file, made by the browser and handed to its downloads. Where browsers make no video: one picture
// of all frames.
const KINDS = [["video/mp4;codecs=avc1.42E01F", "mp4"], ["video/webm;codecs=vp9", "webm"], ["video/webm", "webm"]];
const LOOPS = 2;

export function videoKind() {
  if (typeof MediaRecorder === "undefined" || !HTMLCanvasElement.prototype.captureStream) return null;
  return KINDS.find(([type]) => MediaRecorder.isTypeSupported(type)) ?? null;
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A page that is not looked at gets its timers once a second: the video would crawl.
export class Hidden extends Error {
  constructor() { super("The video was not saved, because the page was hidden meanwhile. Stay on this page while it saves."); }
}

// A Blob. The frames are played to the recorder at their own pace, twice, and painted before, so that they keep it.
export async function recordVideo(canvas, show, frames, fps, [type]) {
  for (let i = frames - 1; i >= 0; i--) { show(i); await rest(0); }
  const stream = canvas.captureStream(), recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 6e6 }), pieces = [];
  const done = new Promise((resolve, reject) => { recorder.onstop = resolve; recorder.onerror = (event) => reject(event.error ?? new Error("the recorder stopped")); });
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  recorder.start();
  const begun = performance.now();
  let hidden = document.hidden;
  for (let i = 0; i < LOOPS * frames; i++) {
    show(i % frames);
    await rest(Math.max(0, begun + ((i + 1) * 1000) / fps - performance.now()));
    hidden ||= document.hidden;
  }
  recorder.stop();
  await done;
  for (const track of stream.getTracks()) track.stop();
  if (hidden) throw new Hidden();
  return new Blob(pieces, { type: type.split(";")[0] });
}

// All frames, row by row, in one PNG.
export async function contactSheet(canvas, show, frames) {
  const columns = Math.ceil(Math.sqrt(frames)), sheet = document.createElement("canvas"), [width, height] = [canvas.width / 2, canvas.height / 2];
  Object.assign(sheet, { width: columns * width, height: Math.ceil(frames / columns) * height });
  for (let frame = 0; frame < frames; frame++) {
    show(frame);
    sheet.getContext("2d").drawImage(canvas, (frame % columns) * width, Math.floor(frame / columns) * height, width, height);
  }
  return new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
