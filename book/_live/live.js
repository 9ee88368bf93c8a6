// Starts the live page, or says in one sentence why there is only a recording. No module, so that it also runs where
// browsers refuse modules: on a page that was opened as a file.
(() => {
  const root = document.querySelector("figure[data-kind=live]"), told = root.querySelector(".live-told");

  function showRecording(sentence) {
    root.dataset.state = "recording";
    root.dataset.ready = "";
    told.textContent = sentence;
  }

  // A photo that is dropped before the page is ready does not open in its place.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });

  if (location.protocol === "file:") {
    showRecording("This page was opened as a file, and from a file browsers load no model, so you see a recording; from a web server (make serve starts one) it runs live.");
    return;
  }
  told.textContent = "The model is on its way.";
  import("./app.js")
    .then(({ mount }) => mount(root))
    .catch((error) => showRecording(`${error.sentence ?? "This browser cannot run the live page."} You see a recording.`));
})();
