// The rate–distortion curves.

const KINDS = [
  { kind: "network", title: "Measured", dash: "solid", width: 2.5 },
  { kind: "classic", title: "Classic", dash: "dash", width: 1.6 },
  { kind: "published", title: "Published", dash: "dot", width: 1.8 },
];
// Colours that can be told apart by colour-blind readers, on light and dark backgrounds. When they
// repeat, the marker changes.
const COLOURS = ["#c2410c", "#0a7f94", "#7c4dbd", "#2f8f4e", "#c08a00", "#c73a78", "#4169c9", "#7a6a5a"];
const MUTED = ["#6f7a87", "#9a8238", "#5b8fb0", "#a0739b", "#5f9a76", "#b07a66"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross"];
// The markers in the legend, centred at (13, 6).
const OUTLINES = {
  circle: "M9.5 6a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z",
  square: "M9.5 2.5h7v7h-7Z",
  diamond: "M13 1.5L17.5 6L13 10.5L8.5 6Z",
  "triangle-up": "M13 1.5L17.5 9.5H8.5Z",
  cross: "M11.5 1.5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z",
};

function drawCurves(data) {
  const curves = styled(data.curves);
  const { metrics, rates } = data;
  const state = { metrics, metric: metrics[0].value, rate: "best", hidden: hiddenAtFirst(curves) };
  const update = (change) => {
    Object.assign(state, change);
    plotCurves(curves, state);
    drawLegend(curves, state, update);
  };
  segments(byId("metric"), metrics, state.metric, (metric) => update({ metric }));
  options(byId("rate"), rates, state.rate);
  byId("rate").addEventListener("change", (event) => update({ rate: event.target.value }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => update({}));
  update({});
}

/** The keys of the curves that are hidden at first: none if that would leave nothing. */
const hiddenAtFirst = (curves) =>
  new Set(curves.some(({ shown }) => shown) ? curves.filter(({ shown }) => !shown).map(({ key }) => key) : []);

/** Adds colour, marker and line style to the curves. */
function styled(curves) {
  const counts = new Map();
  return curves.map((curve, index) => {
    const palette = curve.kind === "classic" ? MUTED : COLOURS;
    const place = counts.get(palette) ?? 0;
    counts.set(palette, place + 1);
    return {
      ...curve,
      key: String(index),
      colour: palette[place % palette.length],
      symbol: SYMBOLS[Math.floor(place / palette.length) % SYMBOLS.length],
      line: KINDS.find(({ kind }) => kind === curve.kind),
    };
  });
}

/** The line of a curve over the chosen rate; classic and published codecs have only one. */
const lineOf = (curve, rate) => curve.lines[rate] ?? curve.lines.only;

const drawable = (curve, state) => state.metric in (lineOf(curve, state.rate)?.scores ?? {});

function plotCurves(curves, state) {
  const metric = state.metrics.find(({ value }) => value === state.metric);
  const shown = curves.filter((curve) => drawable(curve, state) && !state.hidden.has(curve.key));
  const traces = shown.map((curve) => trace(curve, state, metric));
  const layout = plotLayout(traces, shown, state, metric);
  const coarse = matchMedia("(pointer: coarse)").matches;
  // On a touch screen dragging scrolls the page; the buttons zoom.
  if (coarse) layout.dragmode = false;
  Plotly.react("plot", traces, layout, {
    responsive: true,
    displaylogo: false,
    displayModeBar: true,
    // The page works offline, so nothing may be uploaded.
    modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { filename: "rate-distortion", scale: 2 },
  });
  const absent = curves.filter((curve) => !drawable(curve, state));
  byId("curves-note").textContent =
    "Mean over the images. Drag or use the buttons to zoom, double-click to reset the view; click a name to hide or show its curve: of the models only the best of each family are shown at first. " +
    "Classic codecs have the rates of their files, published curves the rates they were published with." +
    (absent.length ? ` Without these measurements: ${absent.map(({ name }) => name).join(", ")}.` : "");
}

function trace(curve, state, metric) {
  const unit = metric.unit && ` ${metric.unit}`;
  const line = lineOf(curve, state.rate);
  const point = { network: "level %{customdata}", classic: "quality %{customdata}" }[curve.kind];
  return {
    type: "scatter",
    mode: "lines+markers",
    name: curve.name,
    x: line.bpp,
    y: line.scores[state.metric],
    customdata: line.points,
    line: { color: curve.colour, width: curve.line.width, dash: curve.line.dash },
    marker: { color: curve.colour, size: curve.kind === "network" ? 7 : 4, symbol: curve.symbol },
    hovertemplate:
      `<b>%{fullData.name}</b><br>%{x:.3f} bpp, %{y:.${metric.digits}f}${unit}` +
      (point ? `<br>${point}` : "") +
      "<extra></extra>",
  };
}

function plotLayout(traces, shown, state, metric) {
  const ink = cssColour("--ink");
  const axis = { gridcolor: cssColour("--line"), zeroline: false, linecolor: cssColour("--line"), ticks: "" };
  const [x, y] = ranges(traces, shown);
  return {
    uirevision: state.metric,
    margin: { l: 56, r: 16, t: 40, b: 48 },
    showlegend: false,
    hovermode: "closest",
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.documentElement).fontFamily, size: 13, color: ink },
    hoverlabel: { bgcolor: cssColour("--panel"), bordercolor: cssColour("--line"), font: { color: ink } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: cssColour("--soft"), activecolor: cssColour("--accent") },
    xaxis: { ...axis, title: { text: "bits per pixel", standoff: 8 }, range: x },
    yaxis: { ...axis, title: { text: metric.axis, standoff: 8 }, range: y },
  };
}

/** The range of the networks' rates, and the qualities in it: classic codecs extend far beyond. */
function ranges(traces, shown) {
  const own = traces.filter((_, index) => shown[index].kind === "network");
  const highest = Math.max(...(own.length ? own : traces).flatMap(({ x }) => x), 0.01) * 1.03;
  const seen = traces.flatMap(({ x, y }) => y.filter((_, index) => x[index] <= highest));
  if (!seen.length) return [[0, 2], [0, 1]];
  const [low, high] = [Math.min(...seen), Math.max(...seen)];
  const margin = 0.05 * (high - low || 1);
  return [[0, highest], [low - margin, high + margin]];
}

function drawLegend(curves, state, update) {
  const focused = document.activeElement?.dataset?.legend;
  const groups = KINDS.map(({ kind, title }) => {
    const own = curves.filter((curve) => curve.kind === kind);
    if (!own.length) return null;
    const group = element("div", { className: "legend-group" }, element("h3", { textContent: title }));
    for (const curve of own) group.append(chip(curve, state, update));
    if (own.length > 1) group.append(allChip(kind, own, state, update));
    return group;
  });
  byId("legend").replaceChildren(...groups.filter(Boolean));
  // Redrawing must not take the focus from a keyboard user in the legend.
  if (focused) document.querySelector(`[data-legend="${focused}"]`)?.focus();
}

function chip(curve, state, update) {
  const button = element("button", {
    type: "button",
    className: "chip",
    title: curve.source,
    disabled: !drawable(curve, state),
    "aria-pressed": String(!state.hidden.has(curve.key)),
    "data-legend": curve.key,
  });
  button.append(swatch(curve), curve.name);
  button.addEventListener("click", () => {
    const hidden = new Set(state.hidden);
    if (!hidden.delete(curve.key)) hidden.add(curve.key);
    update({ hidden });
  });
  return button;
}

function allChip(kind, own, state, update) {
  const none = own.every(({ key }) => state.hidden.has(key));
  const button = element("button", {
    type: "button",
    className: "chip all",
    textContent: none ? "all" : "none",
    "aria-label": `${none ? "show" : "hide"} all of this group`,
    "data-legend": `all-${kind}`,
  });
  button.addEventListener("click", () => {
    const others = [...state.hidden].filter((key) => !own.some((curve) => curve.key === key));
    update({ hidden: new Set(none ? others : [...others, ...own.map(({ key }) => key)]) });
  });
  return button;
}

function swatch(curve) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ width: 26, height: 12, "aria-hidden": "true" })) drawing.setAttribute(name, value);
  const line = document.createElementNS(space, "path");
  const dash = { solid: "", dash: "6 3", dot: "2 3" }[curve.line.dash];
  const style = { d: "M1 6H25", stroke: curve.colour, "stroke-width": curve.line.width, "stroke-dasharray": dash };
  for (const [name, value] of Object.entries(style)) line.setAttribute(name, value);
  drawing.append(line);
  if (curve.kind !== "network") return drawing;
  // If there are more curves than colours, the markers tell them apart.
  const marker = document.createElementNS(space, "path");
  marker.setAttribute("d", OUTLINES[curve.symbol]);
  marker.setAttribute("fill", curve.colour);
  drawing.append(marker);
  return drawing;
}
