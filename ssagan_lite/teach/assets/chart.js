// Axes for the small charts: scales, round ticks and a grid.

function scale([low, high], [from, to]) {
  const map = (value) => from + ((value - low) / (high - low)) * (to - from);
  map.back = (place) => low + ((place - from) / (to - from)) * (high - low);
  return map;
}

function roundTicks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(10)));
  return ticks;
}

function axes({ width, height, margin, x, y, xTicks, yTicks, xLabel, yLabel, xText = String, yText = String }) {
  const group = draw("g", { "aria-hidden": "true" });
  const bottom = height - margin.bottom, right = width - margin.right;
  for (const tick of yTicks) {
    group.append(draw("line", { class: "ssagan-grid", x1: margin.left, x2: right, y1: y(tick), y2: y(tick) }));
    group.append(draw("text", { class: "ssagan-soft", x: margin.left - 6, y: y(tick) + 4, "text-anchor": "end" }, yText(tick)));
  }
  for (const tick of xTicks) {
    group.append(draw("line", { class: "ssagan-grid", x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 5 }));
    group.append(draw("text", { class: "ssagan-soft", x: x(tick), y: bottom + 18, "text-anchor": "middle" }, xText(tick)));
  }
  group.append(draw("text", { class: "ssagan-soft", x: right, y: height - 4, "text-anchor": "end" }, xLabel));
  group.append(draw("text", { class: "ssagan-soft", x: 2, y: 12 }, yLabel));
  return group;
}
