// Line charts over time with uPlot, in the page's colours and in UTC.

import { element } from "./dom.js";
import { colour, onTheme } from "./theme.js";

const PADDING = [10, 24, 0, 0];
const TIME_AXIS_PX = 28;

// How high a chart's lines can go, of the height of all of it.
export const plotPx = (height) => height - PADDING[0] - TIME_AXIS_PX - PADDING[2];

// `lines` are {label, colour, fill}; `draw` gets the plot below the lines; `range` gives the limits of the value axis.
export function lineChart(target, { lines, height = 180, draw, range, unit }) {
  let plot = null;
  let data = null;

  const build = () => {
    plot?.destroy();
    plot = new uPlot(options(), data, target);
  };

  function options() {
    const grid = { stroke: colour("grid"), width: 1 };
    const axis = { stroke: colour("muted"), grid, ticks: { ...grid, size: 4 }, font: "12px system-ui, sans-serif" };
    return {
      width: Math.max(target.clientWidth, 120),
      height,
      padding: PADDING,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: range ?? ((_, _low, high) => [0, Math.max(high, 1) * 1.1]) } },
      axes: [
        { ...axis, size: TIME_AXIS_PX, space: 70, values: [[60, "{HH}:{mm}", null, null, null, null, null, null, 1], [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1]] },
        { ...axis, size: 46, space: 34, values: (_, ticks) => ticks.map((tick) => (tick >= 10_000 ? `${tick / 1000}k` : String(tick))) },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          label: line.label,
          stroke: colour(line.colour),
          fill: line.fill ? `${colour(line.colour)}${line.fill}` : undefined,
          width: line.width ?? 1.75,
          dash: line.dash,
          points: { show: line.points ?? false, size: 4 },
          spanGaps: false,
        })),
      ],
      hooks: {
        drawClear: draw ? [draw] : [],
        setCursor: [(self) => tooltip(self, lines, unit)],
      },
    };
  }

  new ResizeObserver(() => plot?.setSize({ width: Math.max(target.clientWidth, 120), height })).observe(target);
  onTheme(() => data && build());
  return {
    set(next) {
      data = next;
      if (plot) plot.setData(next);
      else build();
    },
    clear() {
      plot?.destroy();
      plot = data = null;
    },
  };
}

function tooltip(plot, lines, unit) {
  let box = plot.over.querySelector(".tip");
  if (!box) {
    box = element("div", { class: "tip" });
    plot.over.append(box);
  }
  const place = plot.cursor.idx;
  box.hidden = place == null || plot.cursor.left < 0;
  if (box.hidden) return;
  const at = new Date(plot.data[0][place] * 1000).toISOString().slice(11, 19);
  const values = lines.map((line, number) => {
    const value = plot.data[number + 1][place];
    return `${line.label} ${value == null ? "–" : Math.round(value).toLocaleString("en")}${value == null ? "" : unit ?? ""}`;
  });
  box.textContent = [at, ...values].join("\n");
  const isRight = plot.cursor.left > plot.over.clientWidth / 2;
  box.style.left = isRight ? "" : `${plot.cursor.left + 12}px`;
  box.style.right = isRight ? `${plot.over.clientWidth - plot.cursor.left + 12}px` : "";
}

export function legend(target, lines) {
  const swatch = (line) => element("span", { class: `swatch ${line.colour}${line.dash ? " dashed" : ""}` });
  target.replaceChildren(...lines.map((line) => element("li", {}, swatch(line), line.label)));
}
