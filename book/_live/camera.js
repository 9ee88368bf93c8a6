// A photo from the camera. The picture goes into a canvas of this page, and nowhere else.
import { make } from "./shared.js";
import { Refusal, toWorkingSize } from "./photo.js";

const REASONS = {
  NotAllowedError: "The camera stays off, because this browser was told to keep it off. A photo from a file does as well.",
  NotFoundError: "No camera was found. A photo from a file does as well.",
  NotReadableError: "The camera is busy in another program. Close that one and try again.",
};

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Refusal("Browsers lend the camera only to pages on https or on this machine. A photo from a file does as well.");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
  } catch (error) {
    throw new Refusal(REASONS[error.name] ?? "The camera cannot be used here. A photo from a file does as well.");
  }
}

// A panel with the live picture, {node, close}; `onPhoto` receives a photo once. The camera goes off with the panel.
export async function cameraPanel(onPhoto, onClose) {
  const stream = await open();
  const video = make("video", { autoplay: true, playsinline: true, "aria-label": "what the camera sees" });
  video.muted = true;
  video.srcObject = stream;
  const close = () => { for (const track of stream.getTracks()) track.stop(); };
  const take = make("button", { type: "button", class: "live-primary", onclick: () => {
    if (!video.videoWidth) return; // the first picture is not there yet
    const { videoWidth: width, videoHeight: height } = video;
    onPhoto({ canvas: toWorkingSize(video, width, height), name: "A photo from the camera", width, height });
    onClose();
  } }, "Take the photo");
  const stop = make("button", { type: "button", onclick: onClose }, "Camera off");
  return { node: make("div", { class: "live-camera" }, video, make("div", { class: "ssagan-controls" }, take, stop)), close, focus: take };
}
