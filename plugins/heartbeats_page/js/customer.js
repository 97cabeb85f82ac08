// One customer's heart rate: over the bands of the risk policy, with gaps where readings are missing.

import { lineChart, plotPx } from "./charts.js";
import { UUID, ask as askServer } from "./ask.js";
import { byId, dataTable, element, refuse, show, text } from "./dom.js";
import { clearEpisodes, drawEpisodes, drawLimits, episodeLegend, renderEpisodes, startEpisodes, stripesPx } from "./episodes.js";
import { isLive } from "./feed.js";
import { count, hour, percent, seconds, span, time } from "./format.js";
import { clearOwn, renderOwn, startOwn } from "./own.js";
import { clearPauses, renderPauses, startPauses } from "./pauses.js";
import { levelBadge } from "./people.js";
import { showCustomer, shownCustomer } from "./shown.js";
import { colour } from "./theme.js";

const ASK_SECONDS = 2;
const SPREAD_SECONDS = 2;
const CHART_PX = 260;
const MOST_ROWS = 500;
const PARTS = ["customer-reading", "customer-chart", "customer-legend", "customer-table"];

let followed = null;
let minutes = 15;
let points = [];
let bands = null;
let bounds = null;
let timer = 0;
let asked = 0;
let chart = null;
let tables = null;

export function startCustomer() {
  byId("customer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    follow(byId("customer-id").value.trim());
  });
  byId("customer-minutes").addEventListener("change", () => followed && follow(followed));
  byId("customer-stop").addEventListener("click", stop);
  chart = lineChart(byId("customer-chart"), {
    lines: [{ label: "Heart rate", colour: "line", width: 2, points: (plot) => plot.data[0].length < 150 }],
    height: CHART_PX,
    unit: " bpm",
    range: limits,
    draw: drawBands,
  });
  startEpisodes();
  startOwn();
  startPauses();
  tables = {
    readings: dataTable(byId("customer-table"), "Readings of the customer, newest first", ["Time (UTC)", "bpm"]),
    hours: dataTable(byId("customer-hours"), "Published hours of the customer", [
      "Hour (UTC)", "Readings", "Lowest", "Mean", "Highest", "At High", "Coverage", "Alarms",
    ]),
  };
}

export function setBands(look) {
  bands = look.bands;
  bounds = look.limits;
}

export function follow(id) {
  if (!UUID.test(id)) {
    leave();
    fail("A customer id is a UUID, like 550e8400-e29b-41d4-a716-446655440000.");
    byId("customer-id").focus();
    return;
  }
  minutes = Number(byId("customer-minutes").value);
  if (followed !== id) clear("Asking for this customer.");
  followed = id;
  byId("customer-id").value = id;
  fail("");
  show("customer-stop", true);
  ask({ isAsked: true });
}

function stop() {
  leave();
  fail("");
  byId("customer-id").focus();
}

function leave() {
  clearTimeout(timer);
  asked += 1; // an answer that is still to come is nobody's
  followed = null;
  clear("Choose a customer, or enter an id.");
  show("customer-stop", false);
}

// Nothing of one customer stands there while another one is asked for.
function clear(words) {
  showCustomer(null);
  points = [];
  chart.clear();
  byId("customer-level").replaceChildren();
  for (const table of Object.values(tables)) table([]);
  clearEpisodes();
  clearOwn();
  clearPauses();
  for (const id of [...PARTS, "customer-hours"]) show(id, false);
  show("customer-empty", true);
  text("customer-empty", words);
  text("customer-note", "heart rate over time");
}

// Whoever was just chosen is asked for also while the page stands still, until there is an answer.
async function ask({ isAsked = false } = {}) {
  clearTimeout(timer);
  const number = ++asked;
  let wait = ASK_SECONDS;
  let isOpen = isAsked;
  if (isAsked || isLive()) {
    const found = await askServer("customer", { customer_id: followed, minutes });
    if (number !== asked) return;
    isOpen = isAsked && Boolean(found.isBusy);
    fail(found.problem ? wordsFor(found) : "");
    if (found.value) render(found.value);
    // Pages that were told to come again do not all come at once.
    else if (found.wait > 0) wait = found.wait + Math.random() * SPREAD_SECONDS;
  }
  timer = setTimeout(ask, wait * 1000, { isAsked: isOpen });
}

function wordsFor({ problem, isBusy }) {
  const kept = shownCustomer() ? " What you see is the last answer." : "";
  return `${isBusy ? "Trying again: " : ""}${problem}.${kept}`;
}

function fail(message) {
  text("customer-error", message);
  refuse("customer-id", message.startsWith("A customer id"));
}

function render(view) {
  showCustomer(view.customer_id);
  // Where the server looks back less far than asked, what was seen before is kept.
  const since = seconds(view.until) - view.asked_minutes * 60;
  const first = view.points.length ? seconds(view.points[0].at) : Infinity;
  const before = points.filter(([at]) => at >= since && at < Math.min(first, seconds(view.since)));
  points = [...before, ...view.points.map(({ at, bpm }) => [seconds(at), bpm])];
  const readings = points.filter(([, bpm]) => bpm != null);
  const isEmpty = readings.length === 0;
  show("customer-empty", isEmpty);
  text("customer-empty", `No reading of this customer in the last ${span((seconds(view.until) - seconds(view.since)))}.`);
  for (const id of PARTS) show(id, !isEmpty);
  show("customer-hours", view.hours.length > 0);
  text("customer-note", note(view, readings));
  renderEpisodes(view);
  renderOwn(view);
  renderPauses(view);
  if (!isEmpty) {
    renderReading(view, readings.at(-1));
    chart.set([points.map(([at]) => at), points.map(([, bpm]) => bpm)]);
  }
  const newest = readings.slice(-MOST_ROWS).reverse();
  tables.readings(newest.map(([at, bpm]) => [time(at * 1000), String(bpm)]), newest.map(([at]) => at));
  tables.hours(
    [...view.hours].reverse().map((row) => [
      hour(row.hour), count(row.readings), `${row.min_bpm}`, row.avg_bpm.toFixed(1), `${row.max_bpm}`, count(row.high),
      row.coverage == null ? "–" : percent(row.coverage), count(row.alarms),
    ]),
  );
  byId("customer-legend").replaceChildren(...legendItems(view));
}

function note(view, readings) {
  if (!view.is_shortened) return `${view.customer_id}: ${count(readings.length)} readings`;
  const first = time(readings[0][0] * 1000);
  return `${view.customer_id}: the newest ${count(readings.length)} readings of the window, since ${first} UTC`;
}

function renderReading(view, [at, bpm]) {
  text("customer-bpm", String(bpm));
  if (view.newest_level) levelBadge(byId("customer-level"), view.newest_level);
  text("customer-age", `${span(seconds(view.until) - at)} ago, ${time(at * 1000)} UTC`);
}

function legendItems(view) {
  const item = (name, label) => element("li", {}, element("span", { class: `swatch band ${name}` }), label);
  const items = [item("high", "High"), item("elevated", "Elevated"), item("gap", "no readings")];
  if (view.gap_seconds != null) items[2].append(` for more than ${span(view.gap_seconds)}`);
  return [...items, ...episodeLegend()];
}

function limits(_, low, high) {
  if (low == null || !bands) return [(low ?? 44) - 4, (high ?? 156) + 4];
  const least = Math.min(low, bands.elevated_at_least_bpm - 45);
  const most = Math.max(high, bands.high_above_bpm + 8);
  const [from, to] = [Math.max(bounds.lowest_bpm, Math.floor(least - 4)), Math.min(bounds.highest_bpm, Math.ceil(most + 4))];
  // The stripes stand above the line, not over it.
  return [from, to + Math.ceil(((to - from) * stripesPx()) / (plotPx(CHART_PX) - stripesPx()))];
}

function drawBands(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (bands) {
    stripe(plot, bands.high_above_bpm, bounds.highest_bpm, "high", "High");
    stripe(plot, bands.elevated_at_least_bpm, bands.high_above_bpm, "elevated", "Elevated");
    if (bands.elevated_at_most_bpm != null) {
      stripe(plot, bands.high_at_most_bpm ?? 0, bands.elevated_at_most_bpm, "elevated", "");
    }
    if (bands.high_at_most_bpm != null) stripe(plot, 0, bands.high_at_most_bpm, "high", "");
  }
  drawGaps(plot);
  drawLimits(plot);
  drawEpisodes(plot);
  ctx.restore();
}

function stripe(plot, from, to, level, label) {
  const { ctx, bbox } = plot;
  const top = plot.valToPos(to, "y", true);
  const bottom = plot.valToPos(from, "y", true);
  ctx.fillStyle = colour(`${level}-band`);
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.fillStyle = colour(`${level}-text`);
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  if (label) ctx.fillText(label, bbox.left + 6 * devicePixelRatio, bottom - 5 * devicePixelRatio);
}

function drawGaps(plot) {
  const { ctx, bbox } = plot;
  const [at, bpm] = plot.data;
  ctx.fillStyle = colour("gap");
  bpm.forEach((value, place) => {
    if (value != null) return;
    const from = plot.valToPos(at[place - 1] ?? at[place], "x", true);
    const to = plot.valToPos(at[place + 1] ?? at[place], "x", true);
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
  });
}
