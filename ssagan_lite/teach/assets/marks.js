// The same thing has the same colour, line and shape through the whole book, so it can be told apart in grey too.
const MARKS = {
  "truth": { dash: "", shape: "star" },
  "copy-first": { dash: "", shape: "square" },
  "fading-copy": { dash: "9 4", shape: "diamond" },
  "ours": { dash: "14 3 2 3", shape: "circle" },
  "mdgan-stage1": { dash: "2 3", shape: "up" },
  "mdgan-stage2": { dash: "5 3 1 3", shape: "down" },
  "paper": { dash: "4 4", shape: "cross" },
  "other": { dash: "6 2", shape: "hexagon" },
};

function polygon(radius, count, turn, inner = radius) {
  return Array.from({ length: count }, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / count, r = i % 2 ? inner : radius;
    return `${(r * Math.cos(angle)).toFixed(2)},${(r * Math.sin(angle)).toFixed(2)}`;
  }).join(" ");
}

// An SVG shape centred on (0, 0); `hollow` for what cannot be compared.
function shapeOf(role, size = 7, hollow = false) {
  const { shape } = MARKS[role];
  const style = hollow ? `fill: none; stroke: var(--${role}); stroke-width: 2` : `fill: var(--${role})`;
  if (shape === "circle") return draw("circle", { r: size, style });
  if (shape === "cross") return draw("path", { d: `M${-size},${-size}L${size},${size}M${-size},${size}L${size},${-size}`, style: `stroke: var(--${role}); stroke-width: 3` });
  const points = {
    square: polygon(size * 1.25, 4, Math.PI / 4), diamond: polygon(size * 1.35, 4, 0), hexagon: polygon(size * 1.1, 6, 0),
    up: polygon(size * 1.3, 3, -Math.PI / 2), down: polygon(size * 1.3, 3, Math.PI / 2), star: polygon(size * 1.45, 10, -Math.PI / 2, size * 0.6),
  }[shape];
  return draw("polygon", { points, style });
}

// A piece of the line, or the dot, that stands for a role in labels and legends.
function swatch(role, kind = "line", hollow = false) {
  const box = draw("svg", { class: "ssagan-swatch", viewBox: "0 0 26 14", "aria-hidden": "true" });
  if (kind === "line") box.append(draw("line", { x1: 0, x2: 26, y1: 7, y2: 7, style: `stroke: var(--${role}); stroke-width: 2.5; stroke-dasharray: ${MARKS[role].dash || "none"}` }));
  else box.append(draw("g", { transform: "translate(13 7)" }, shapeOf(role, 5.5, hollow)));
  return box;
}
