// Where the photo comes from: the camera, a file (chosen, dropped or pasted), a drawing, or one of our own skies.
import { make, draw } from "./shared.js";
import { readPhoto, toWorkingSize, Refusal } from "./photo.js";
import { cameraPanel } from "./camera.js";
import { drawingPad } from "./pad.js";

export const SKIES = ["A bank of cloud over hills", "Clouds over a lake", "A sunset", "Trees by the water", "A red evening", "Cumulus over a town"];
const ICONS = {
  camera: "M3 7h4l2-2.5h6L17 7h4v12H3z M12 9a3.8 3.8 0 1 0 .01 0z",
  file: "M3 5h18v14H3z M4 17l5-6 4 4.5 3-3 4 4.5 M15.5 8.5a1 1 0 1 0 .01 0z",
  draw: "M4 20l1.2-4.6L16 4.6l3.4 3.4L8.6 18.8z M13.6 7l3.4 3.4",
};

const icon = (name) => draw("svg", { class: "live-icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: ICONS[name] }));

// {node, start}. onPhoto(photo) with what readPhoto returns; onRefusal(sentence), or null when it is out of date.
export function makeSources(root, folder, onPhoto, onRefusal) {
  const panel = make("div", { class: "live-panel" });
  let open = null, turn = 0;

  function close() {
    turn++; // what was begun before, such as a question for the camera, is not waited for any more
    open?.close();
    open = null;
    panel.replaceChildren();
    onRefusal(null);
    for (const button of [camera, file, pencil]) button.setAttribute("aria-pressed", "false");
    for (const sky of skies) sky.setAttribute("aria-pressed", "false");
  }

  async function attempt(task) {
    const mine = turn;
    try {
      return await task(() => mine === turn);
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      if (mine === turn) onRefusal(error instanceof Refusal ? error.message : "This did not work. Try another photo.");
    }
  }

  function unfold(button, made) {
    open = made;
    button.setAttribute("aria-pressed", "true");
    panel.replaceChildren(made.node);
    made.focus.focus({ preventScroll: true });
  }

  const take = (files) => {
    close();
    return attempt(async (current) => {
      if (!files.length) throw new Refusal("There was no file in what you dropped. Give a JPEG, PNG or WebP photo.");
      const photo = await readPhoto(files[0]);
      if (current()) onPhoto(photo);
    });
  };

  const camera = make("button", { type: "button", "aria-pressed": false, onclick: () => {
    const was = open !== null && camera.getAttribute("aria-pressed") === "true";
    close();
    if (was) return; // pressed again: put away
    attempt(async (current) => {
      const made = await cameraPanel(onPhoto, () => { close(); camera.focus(); });
      if (current()) unfold(camera, made);
      else made.close();
    });
  } }, icon("camera"), "Camera");
  const chooser = make("input", { type: "file", accept: "image/*", hidden: true, onchange: () => { take([...chooser.files]); chooser.value = ""; } });
  const file = make("button", { type: "button", "aria-pressed": false, onclick: () => chooser.click() }, icon("file"), "Photo");
  let pad = null; // kept when it is put away, with all that was drawn
  const drawn = () => { const { canvas } = pad, { width, height } = canvas; onPhoto({ canvas: toWorkingSize(canvas, width, height), name: "Your drawing", width, height }); };
  const pencil = make("button", { type: "button", "aria-pressed": false, onclick: () => {
    const was = open !== null && open === pad;
    close();
    if (was) return;
    pad ??= drawingPad(() => { if (pad) drawn(); });
    unfold(pencil, pad);
    drawn();
  } }, icon("draw"), "Draw");

  const skies = SKIES.map((name, i) => {
    const address = new URL(`sky-${i + 1}.webp`, folder);
    const pick = () => {
      close();
      skies[i].setAttribute("aria-pressed", "true");
      return attempt(async (current) => {
        const photo = await readPhoto(new File([await (await fetch(address)).blob()], name));
        if (current()) onPhoto(photo);
      });
    };
    return make("button", { type: "button", class: "live-sky", "aria-pressed": false, "aria-label": `a sky of ours: ${name}`, onclick: pick }, make("img", { src: address, alt: "", width: 64, height: 64 }));
  });

  acceptDrops(root, take);
  const ways = make("div", { class: "live-ways" }, camera, file, chooser, pencil);
  const node = make("div", { class: "live-sources", role: "group", "aria-label": "the photo" }, ways, make("div", { class: "live-skies" }, ...skies));
  return { node, panel, start: () => skies[0].click() };
}

// A file dropped anywhere on the page, or pasted, is meant for us; the browser would leave the page to show it.
function acceptDrops(root, take) {
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const mark = () => root.classList.toggle("live-dropping", depth > 0);
  addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth++; mark(); } });
  addEventListener("dragleave", (event) => { if (carriesFiles(event)) { depth = Math.max(0, depth - 1); mark(); } });
  // Without this there is no drop: not of a file anywhere, and not of a link or a text on the figure, which gets a sentence.
  addEventListener("dragover", (event) => { if (carriesFiles(event) || root.contains(event.target)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    depth = 0;
    mark();
    if (!carriesFiles(event) && !root.contains(event.target)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => { if (event.clipboardData?.files.length) take([...event.clipboardData.files]); });
}
