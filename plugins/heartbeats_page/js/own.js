// A customer's own limits: which are in force, who set them, and a form for who may set them.

import { act, canAct } from "./acts.js";
import { byId, dataTable, element, keyed, show, text } from "./dom.js";
import { moment } from "./format.js";
import { shownCustomer, whose } from "./shown.js";

const SAID = { error: "own-error", done: "own-done" };
const LEVEL = ["own-limit", "own-clear"];
const WRITTEN = [...LEVEL, "own-after", "own-from"];

let rules = [];
let tables = null;

export function startOwn() {
  tables = {
    rules: dataTable(byId("own-rules"), "Limits in force", ["Rule", "Severity", "Alarm", "Clear", "Whose"]),
    history: dataTable(byId("own-history"), "Limits that people set, newest first", [
      "Version", "Rule", "Valid from (UTC)", "Limit", "Clear", "After", "Set by", "Set at (UTC)",
    ]),
  };
  byId("own-rule").addEventListener("change", suit);
  byId("own-form").addEventListener("submit", (event) => {
    event.preventDefault();
    set(event.submitter);
  });
}

async function set(button) {
  const customer = shownCustomer();
  const rule = byId("own-rule").value;
  const isBack = button.value === "policy";
  const written = (id) => (isBack || byId(id).closest("label").hidden ? "" : byId(id).value.trim());
  if (!isBack && !LEVEL.concat("own-after").some(written)) {
    text("own-done", "");
    text("own-error", "Write a number first, or choose the policy's limit.");
    return;
  }
  const what = {
    customer_id: customer, rule, limit_bpm: written("own-limit"), clear_bpm: written("own-clear"),
    after_seconds: written("own-after"), valid_from: byId("own-from").value.trim(),
  };
  const done = isBack ? `The policy's limits of ${rule} count again.` : `Set: the customer's own limits of ${rule}.`;
  const isDone = await act("limits", what, { button, said: SAID, done, whose: () => whose(customer) });
  if (isDone && customer === shownCustomer()) for (const id of WRITTEN) byId(id).value = "";
}

export function renderOwn({ until, alarms }) {
  rules = alarms.rules;
  show("customer-own", true);
  show("own-form", canAct());
  show("own-history", alarms.limits.length > 0);
  const names = rules.map(({ rule }) => rule);
  keyed(byId("own-rule"), names, (rule) => rule, (rule) => element("option", { value: rule }, rule), () => {});
  suit();
  tables.rules(rules.map((row) => [row.rule, row.severity, ...bounds(row), row.is_own ? "the customer's own" : "the policy's"]));
  tables.history(
    alarms.limits.map((row) => [
      String(row.id), row.rule, moment(row.valid_from, until), number(row.limit_bpm, "bpm"), number(row.clear_bpm, "bpm"),
      row.limit_bpm == null && row.after_seconds == null ? "the policy's" : number(row.after_seconds, "s"), row.set_by, moment(row.set_at, until),
    ]),
  );
}

export function clearOwn() {
  rules = [];
  for (const table of Object.values(tables)) table([]);
  for (const id of Object.values(SAID)) text(id, "");
  for (const id of WRITTEN) byId(id).value = "";
  show("customer-own", false);
}

// A rule about silence takes seconds, any other one heart rates.
function suit() {
  const isLevel = rules.find(({ rule }) => rule === byId("own-rule").value)?.limit_bpm != null;
  for (const id of LEVEL) show(byId(id).closest("label"), isLevel);
  show(byId("own-after").closest("label"), !isLevel);
}

const number = (value, unit) => (value == null ? "–" : `${value} ${unit}`);

function bounds({ limit_bpm, clear_bpm, after_seconds }) {
  if (limit_bpm == null) return [`after ${after_seconds} s`, "next reading"];
  const isHigh = clear_bpm <= limit_bpm;
  return [`${isHigh ? "above" : "at most"} ${limit_bpm} bpm`, `${isHigh ? "at most" : "at least"} ${clear_bpm} bpm`];
}
