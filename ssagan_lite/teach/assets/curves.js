// Needs: dom, theme, marks, player, chart.
// Truth, one prediction and their difference, above the error of every frame. The scrubber is a cursor on the curves.

function errorChart(data, pick) {
  const margin = { top: 24, right: 12, bottom: 38, left: 52 }, height = 230;
  const frames = data.frames, top = Math.max(...data.curves.flatMap((curve) => curve.values)) * 1.08 || 1;
  const chart = draw("svg", { class: "ssagan-chart", height, role: "img", "aria-label": data.chart });
  let x, y, frame = 0, marker;

  function render(width) {
    x = scale([0, frames - 1], [margin.left, width - margin.right]);
    y = scale([0, top], [height - margin.bottom, margin.top]);
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const xTicks = roundTicks(0, frames - 1, width < 480 ? 4 : 8).filter(Number.isInteger);
    chart.replaceChildren(axes({ width, height, margin, x, y, xTicks, yTicks: roundTicks(0, top, 4), xLabel: "frame", yLabel: data.unit }));
    for (const curve of data.curves) {
      const points = curve.values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
      chart.append(draw("polyline", { class: "ssagan-curve", points, style: `stroke: var(--${curve.role}); stroke-dasharray: ${MARKS[curve.role].dash || "none"}` }));
    }
    marker = draw("g");
    chart.append(marker);
    show(frame);
  }

  function show(next) {
    frame = next;
    if (!marker) return;
    marker.replaceChildren(draw("line", { class: "ssagan-cursor", x1: x(frame), x2: x(frame), y1: margin.top, y2: height - margin.bottom }));
    for (const curve of data.curves) marker.append(draw("g", { transform: `translate(${x(frame)} ${y(curve.values[frame])})` }, shapeOf(curve.role, 5)));
  }

  // A finger or the mouse on the chart scrubs.
  const drag = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const place = x.back(event.clientX - chart.getBoundingClientRect().left);
    pick(Math.max(0, Math.min(frames - 1, Math.round(place))));
  };
  chart.addEventListener("pointerdown", drag);
  chart.addEventListener("pointermove", drag);
  onWidth(chart, render);
  return { node: chart, show };
}

function readout(data) {
  const values = data.curves.map(() => make("span"));
  const list = make("ul", { class: "ssagan-readout" });
  data.curves.forEach((curve, i) => list.append(make("li", {}, swatch(curve.role), `${curve.name} `, values[i])));
  const show = (frame) => data.curves.forEach((curve, i) => { values[i].textContent = curve.values[frame].toFixed(data.digits); });
  return { node: list, show };
}

mountAll("curves", async (stage, data, root) => {
  // One clip view a place: the prediction and the difference change with the choice.
  const views = {};
  for (const clip of data.clips) views[clip.id] = await clipView(clip);
  const screen = make("div", { class: "ssagan-clips" });
  let shown = [], frame = 0;
  const onFrame = (next) => { frame = next; for (const view of shown) view.show(frame); chart.show(frame); numbers.show(frame); };
  const chart = errorChart(data, (next) => controls.seek(next)), numbers = readout(data);
  const controls = transport(root, { frames: data.frames, fps: data.fps, autoplay: data.autoplay, onFrame });

  const buttons = data.predictions.map((name, i) => make("button", { type: "button", onclick: () => choose(i) }, name));
  function choose(index) {
    root.dataset.prediction = data.predictions[index];
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === index));
    shown = [views.truth, views[`prediction-${index}`], views[`difference-${index}`]];
    for (const view of shown) view.show(frame);
    screen.replaceChildren(...shown.map((view) => view.node));
  }
  choose(0);
  if (buttons.length > 1) stage.append(make("div", { class: "ssagan-controls", role: "group", "aria-label": "prediction shown" }, "show", ...buttons));
  stage.append(screen, controls.node, chart.node, numbers.node);
});
