// Small helpers that every figure uses. All files of a figure are joined into one module, so their names stay private.

// make("button", {class: "x", onclick: act}, "text", child): an HTML element.
function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// The same for SVG.
function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-") && typeof value === "boolean") node.setAttribute(name, String(value)); // their false is said
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// What a reader must not see before committing travels as base64 of JSON.
function unveil(hidden) {
  const bytes = Uint8Array.from(atob(hidden), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

// Draw again whenever the node gets another width.
function onWidth(node, render) {
  let last = 0;
  new ResizeObserver(() => {
    const width = Math.floor(node.clientWidth);
    if (width > 0 && width !== last) render((last = width));
  }).observe(node);
}

// Bring every waiting figure of one kind to life. Several outputs of a page may carry this code: the first to run
// finds them all. `build` may return a promise; the still picture stays until it is kept.
function mountAll(kind, build) {
  for (const root of document.querySelectorAll(`.ssagan[data-kind="${kind}"]:not([data-mounted])`)) {
    root.dataset.mounted = "";
    followTheme(root);
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const stage = root.querySelector(".ssagan-stage");
    Promise.resolve()
      .then(() => build(stage, data, root))
      .then(() => { root.dataset.ready = ""; })
      .catch((error) => { root.dataset.failed = error.message; console.error(error); });
  }
}
