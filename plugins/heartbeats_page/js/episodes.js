// A customer's alarms and limits: as stripes and lines in the chart, and as tables for whoever does not see these.

import { severityColour } from "./alarm.js";
import { dataTable, byId, element, show } from "./dom.js";
import { moment, seconds } from "./format.js";
import { colour } from "./theme.js";

const STRIPE_PX = 9;
const ROW_GAP_PX = 2;

let shown = { episodes: [], spans: [] };
let fill = null;

export function startEpisodes() {
  fill = dataTable(byId("customer-episodes"), "Alarms of the customer, newest first", [
    "Alarm", "Rule", "Severity", "Since (UTC)", "Until (UTC)", "Peak bpm", "Acknowledged by",
  ]);
}

export function renderEpisodes({ alarms, until }) {
  shown = alarms;
  show("customer-episodes", alarms.episodes.length > 0);
  fill(
    alarms.episodes.map((row) => [
      String(row.id), row.rule, row.severity, moment(row.onset, until), row.cleared ? moment(row.cleared, until) : "open",
      row.peak_bpm == null ? "–" : String(row.peak_bpm), row.acknowledged_by ?? "–",
    ]),
  );
}

export function clearEpisodes() {
  shown = { episodes: [], spans: [] };
  fill([]);
  show("customer-episodes", false);
}

export function episodeLegend() {
  const severities = [...new Set(shown.episodes.map(({ severity }) => severity))].sort();
  return [
    ...severities.map((severity) => element("li", {}, element("span", { class: `swatch band stripe ${severityColour(severity)}` }), `${severity} alarm`)),
    element("li", {}, element("span", { class: "swatch dashed limit" }), "alarm limits"),
  ];
}

// Below the line: a dashed line for each limit while it is in force.
export function drawLimits(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("muted");
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  for (const { rule, since, until, limit_bpm } of shown.spans) {
    const y = plot.valToPos(limit_bpm, "y", true);
    const to = Math.min(plot.valToPos(seconds(until), "x", true), bbox.left + bbox.width);
    ctx.beginPath();
    ctx.moveTo(Math.max(plot.valToPos(seconds(since), "x", true), bbox.left), y);
    ctx.lineTo(to, y);
    ctx.stroke();
    ctx.fillText(`${rule} ${limit_bpm}`, to - 4 * devicePixelRatio, y - 3 * devicePixelRatio);
  }
  ctx.restore();
}

const rulesShown = () => [...new Set(shown.episodes.map(({ rule }) => rule))].sort();

// How high the rows of stripes are.
export const stripesPx = () => rulesShown().length * (STRIPE_PX + ROW_GAP_PX);

// At the top: a stripe for each alarm, each rule's in a row of its own.
export function drawEpisodes(plot) {
  const { ctx, bbox } = plot;
  const rules = rulesShown();
  const height = STRIPE_PX * devicePixelRatio;
  for (const { rule, severity, onset, cleared } of shown.episodes) {
    const from = Math.max(plot.valToPos(seconds(onset), "x", true), bbox.left);
    const to = cleared ? plot.valToPos(seconds(cleared), "x", true) : bbox.left + bbox.width;
    const top = bbox.top + rules.indexOf(rule) * (height + ROW_GAP_PX * devicePixelRatio);
    ctx.fillStyle = colour(severityColour(severity));
    ctx.fillRect(from, top, Math.max(to - from, 2 * devicePixelRatio), height);
  }
}
