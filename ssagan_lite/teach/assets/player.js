// Clips that run together. The frames of a clip are packed, row by row, in one picture: {name, role, picture, columns,
// frames, width, height}.

async function clipView(clip, { mark = true } = {}) {
  const picture = new Image();
  picture.src = clip.picture;
  await picture.decode();
  const canvas = make("canvas", { width: clip.width, height: clip.height, role: "img", "aria-label": `${clip.name}, ${clip.frames} frames` });
  canvas.classList.toggle("ssagan-blocky", clip.width <= 48);
  const context = canvas.getContext("2d");
  const name = make("span", {}, clip.name);
  const label = make("div", { class: "ssagan-name" }, ...(mark && clip.role ? [swatch(clip.role)] : []), name);
  const show = (frame) => {
    const index = Math.min(frame, clip.frames - 1), left = index % clip.columns, top = Math.floor(index / clip.columns);
    context.drawImage(picture, left * clip.width, top * clip.height, clip.width, clip.height, 0, 0, clip.width, clip.height);
  };
  show(0);
  return { node: make("div", { class: "ssagan-clip" }, canvas, label), show, name, canvas };
}

// Play, pause, scrub and loop. `onFrame(frame)` is called for each new frame. It stands still while it is off screen,
// and starts paused for readers who ask for less motion.
function transport(root, { frames, fps = 8, autoplay = true, onFrame }) {
  let frame = 0, playing = autoplay && !wantsLessMotion(), visible = false, ticking = false, due = 0;
  const button = make("button", { type: "button", class: "ssagan-play", onclick: () => set(!playing) });
  const slider = make("input", { type: "range", min: 0, max: frames - 1, step: 1, value: 0, "aria-label": "frame", oninput: () => { set(false); seek(Number(slider.value)); } });
  const number = make("output", { class: "ssagan-frame", "aria-live": "off" }); // it changes eight times a second
  const loop = make("input", { type: "checkbox", checked: true });
  const node = make("div", { class: "ssagan-controls" }, button, slider, number, make("label", {}, loop, "loop"));

  function seek(next) {
    frame = next;
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `frame ${frame} of ${frames - 1}`);
    number.textContent = `frame ${frame} of ${frames - 1}`;
    root.dataset.frame = frame;
    onFrame(frame);
  }

  function set(play) {
    playing = play;
    if (play && frame === frames - 1 && !loop.checked) seek(0);
    button.textContent = play ? "Pause" : "Play";
    root.dataset.playing = play;
    due = 0;
    if (play && visible && !ticking) { ticking = true; requestAnimationFrame(tick); }
  }

  function tick(now) {
    if (!playing || !visible || !node.isConnected) { ticking = false; return; }
    // The last frame is held three times as long, so that the eye sees where a loop begins.
    if (!due) due = now + 1000 / fps;
    else if (now >= due) {
      const last = frame === frames - 1;
      if (last && !loop.checked) { ticking = false; set(false); return; }
      seek(last ? 0 : frame + 1);
      due = now + (frame === frames - 1 ? 3 : 1) * (1000 / fps);
    }
    requestAnimationFrame(tick);
  }

  // The clips are watched with their controls: whichever part is on screen keeps them running.
  new IntersectionObserver((entries) => { visible = entries[entries.length - 1].isIntersecting; set(playing); }).observe(root);
  seek(0);
  set(playing);
  return { node, seek: (next) => { set(false); seek(next); }, play: () => set(true), pause: () => set(false) };
}

async function player(root, clips, options = {}) {
  const views = await Promise.all(clips.map((clip) => clipView(clip, options)));
  const frames = Math.max(...clips.map((clip) => clip.frames));
  const onFrame = (frame) => { for (const view of views) view.show(frame); options.onFrame?.(frame); };
  const controls = transport(root, { frames, fps: options.fps, autoplay: options.autoplay, onFrame });
  return { views, controls, screen: make("div", { class: views.length > 4 ? "ssagan-clips ssagan-many" : "ssagan-clips" }, ...views.map((view) => view.node)) };
}
