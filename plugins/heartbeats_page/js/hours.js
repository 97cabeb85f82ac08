// The hours: how each stands, what its checks found, where to read more; and the risk mix of the published ones.

import { badge, byId, cells, dataTable, element, keyed, show, text } from "./dom.js";
import { count, hour, minute, percent, seconds, span } from "./format.js";
import { toAirflow } from "./links.js";

const STATES = { open: "○", published: "✓", withheld: "✕", reopened: "↻" };
const LEVELS = ["normal", "elevated", "high"];
const NAMES = ["Hour", "State", "Readings", "Revision", "Quality", "Reason", "More"];

let fillRisk = null;

export function renderHours(look) {
  renderTable(look.slow.hours, look.limits);
  renderHeldBack(look.slow);
  renderRisk(look);
}

function renderTable(hours, limits) {
  show("hours-empty", hours.length === 0);
  show(byId("hour-rows").parentElement, hours.length > 0);
  text("hours-empty", `No hour of the last ${span(limits.hours_seconds)} has readings.`);
  const tally = Object.keys(STATES).map((state) => [state, hours.filter((row) => row.state === state).length]);
  text("hours-summary", hours.length ? tally.filter(([, number]) => number).map(([state, number]) => `${number} ${state}`).join(" · ") : "");
  keyed(byId("hour-rows"), hours, (row) => row.hour, makeRow, updateRow);
}

function makeRow() {
  const [first, ...others] = NAMES;
  return element(
    "tr",
    {},
    element("th", { scope: "row", "data-label": first }),
    ...others.map((name) => element("td", { "data-label": name, class: name === "Readings" || name === "Revision" ? "num" : null })),
  );
}

function updateRow(row, item) {
  const [at, state, readings, revision, quality, reason, more] = cells(row);
  text(at, hour(item.hour));
  badge(state, item.state, STATES[item.state], item.state);
  const waiting = item.unsettled_readings ? ` + ${count(item.unsettled_readings)}` : "";
  text(readings, item.state === "open" ? count(item.unsettled_readings) : `${count(item.readings)}${waiting}`);
  text(revision, item.revision ? String(item.revision) : "–");
  text(quality, qualityText(item));
  text(reason, reasonText(item));
  renderLinks(more, item);
}

function reasonText(item) {
  const notes = [item.reason];
  if (item.state === "reopened") notes.push(item.unsettled_readings ? "late readings wait for the next run" : "waits for the next run");
  if (item.held_back) notes.push(`${customers(item.held_back)} held back`);
  if (item.accepted_by) notes.push(`accepted by ${item.accepted_by} on ${hour(item.accepted_at)}: ${item.accepted_reason}`);
  return notes.filter(Boolean).join("; ");
}

const customers = (number) => `${count(number)} customer${number > 1 ? "s" : ""}`;

function renderHeldBack({ hours, held_back }) {
  const number = hours.reduce((sum, row) => sum + row.held_back, 0);
  show("held-back", number > 0);
  const reach = number > held_back.length ? `; the newest ${held_back.length} are shown` : "";
  text("held-back-text", `${count(number)} times a customer broke a rule in one of these hours and is in none of its sums; the hour of all others goes on without them${reach}.`);
  keyed(byId("held-back-rows"), held_back, (row) => `${row.hour} ${row.customer_id}`, () => element("li"), (item, row) => {
    text(item, `${hour(row.hour)} · ${row.customer_id}: ${row.detail}; readings left out: ${count(row.readings)}`);
  });
}

function qualityText({ checks, failed_checks, warnings }) {
  if (!checks) return "not checked yet";
  const passed = `${checks - failed_checks - warnings} of ${checks} passed`;
  const parts = [failed_checks && `${failed_checks} critical`, warnings && `${warnings} warning${warnings > 1 ? "s" : ""}`].filter(Boolean);
  return parts.length ? `${passed}, ${parts.join(", ")}` : passed;
}

function renderLinks(cell, item) {
  const key = `${item.workflow_run}|${item.docs_page}`;
  if (cell.dataset.links === key) return;
  cell.dataset.links = key;
  const when = hour(item.hour);
  const links = [];
  const run = item.workflow_run ? `dags/heartbeat_hourly/runs/${encodeURIComponent(item.workflow_run)}` : null;
  if (run) links.push(link(run, "Run", `Run of the hour ${when}`));
  if (item.docs_page) links.push(link(`plugin/data-docs/data-docs/${item.docs_page}`, "Data Docs", `Data Docs of the hour ${when}`));
  cell.replaceChildren(...links);
}

const link = (path, label, name) => element("a", { href: toAirflow(path), "data-leave": true, "aria-label": name }, label);

function renderRisk({ slow, taken_at, limits }) {
  fillRisk ??= dataTable(byId("risk-table"), "Readings by hour and risk level", ["Hour (UTC)", "Normal", "Elevated", "High"]);
  const rows = slow.risk_hours;
  const isEmpty = rows.length === 0;
  for (const id of ["risk-columns", "risk-axis", "risk-table"]) show(id, !isEmpty);
  show("risk-hours-empty", isEmpty);
  fillRisk([...rows].reverse().map((row) => [hour(row.hour), ...LEVELS.map((level) => count(row[level]))]));
  const found = new Map(rows.map((row) => [seconds(row.hour), row]));
  const last = Math.floor(seconds(taken_at) / 3600) * 3600;
  const hours = limits.hours_seconds / 3600;
  const slots = Array.from({ length: hours }, (_, place) => last - (hours - 1 - place) * 3600);
  keyed(byId("risk-columns"), slots, (at) => at, makeColumn, (column, at) => updateColumn(column, found.get(at), at));
  keyed(byId("risk-axis"), slots.filter((at) => at % 21_600 === 0), (at) => at, (at) => element("span", {}, minute(at * 1000)), (mark, at) => {
    mark.style.left = `${(((at - slots[0]) / 3600 + 0.5) / hours) * 100}%`;
  });
  const high = rows.reduce((sum, row) => sum + row.high, 0);
  const all = rows.reduce((sum, row) => sum + row.normal + row.elevated + row.high, 0);
  text("risk-hours-text", `${rows.length} published hours, ${count(all)} readings, ${all ? percent(high / all) : "none"} of them High. The table below has each hour.`);
}

function makeColumn() {
  return element("div", { class: "column" }, ...LEVELS.toReversed().map((level) => element("span", { class: level })));
}

function mixText(row, total) {
  if (!row) return "not published";
  if (!total) return "no readings";
  return `Normal ${percent(row.normal / total)}, Elevated ${percent(row.elevated / total)}, High ${percent(row.high / total)} of ${count(total)}`;
}

function updateColumn(column, row, at) {
  const total = row ? row.normal + row.elevated + row.high : 0;
  column.classList.toggle("none", total === 0);
  column.title = `${hour(at * 1000)}: ${mixText(row, total)}`;
  for (const part of column.children) part.style.flexGrow = String(total ? row[part.className] / total : 0);
}
