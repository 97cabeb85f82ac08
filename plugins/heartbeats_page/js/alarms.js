// The alarms: how many are open, and the list of those that were asked for, open and critical ones first.

import { startActs } from "./acts.js";
import { renderAlarm, makeAlarm } from "./alarm.js";
import { UUID, ask } from "./ask.js";
import { byId, element, keyed, mark, refuse, show, text } from "./dom.js";
import { isLive } from "./feed.js";
import { count } from "./format.js";

const ASK_SECONDS = 2;

let timer = 0;
let asked = 0;
let answered = null;
let onFollow = () => {};

export function startAlarms(follow) {
  onFollow = follow;
  byId("alarms-form").addEventListener("change", refresh);
  byId("alarms-form").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  byId("alarm-rows").addEventListener("acted", refresh);
  startActs();
  loop();
}

function refresh() {
  clearTimeout(timer);
  loop({ isAsked: true });
}

// What was just chosen is asked for also while the page stands still, until there is an answer.
async function loop({ isAsked = false } = {}) {
  const number = ++asked;
  const wanted = question();
  let wait = 0;
  let isOpen = isAsked;
  if (wanted && (isAsked || isLive())) {
    const found = await ask("alarms", wanted);
    if (number !== asked) return;
    wait = found.wait ?? 0;
    isOpen = isAsked && Boolean(found.isBusy);
    tell(found, wanted);
    if (found.value) render(found.value, wanted);
  }
  timer = setTimeout(() => loop({ isAsked: isOpen && wanted !== null }), Math.max(wait, ASK_SECONDS) * 1000);
}

// What an act was refused for stays until the next act.
function tell({ problem, isBusy }, wanted) {
  const isOfAct = byId("alarms-error").textContent.startsWith("Not done");
  const words = `${isBusy ? "Trying again: " : ""}${problem}.${standing(wanted)}`;
  if (problem || !isOfAct) text("alarms-error", problem ? words : "");
}

// What the list that stands there is, where it is not the newest.
function standing(wanted) {
  if (answered === null) return "";
  return JSON.stringify(wanted) === answered ? " What you see is the last answer." : " What you see is the answer to an earlier choice.";
}

function question() {
  const customer = byId("alarms-customer").value.trim();
  const isGood = customer === "" || UUID.test(customer);
  refuse("alarms-customer", !isGood);
  if (!isGood) {
    text("alarms-error", `A customer id is a UUID, like 550e8400-e29b-41d4-a716-446655440000.${standing(null)}`);
    return null;
  }
  const chosen = (id) => byId(id).value || null;
  return { show: chosen("alarms-show"), severity: chosen("alarms-severity"), rule: chosen("alarms-rule"), customer_id: customer || null };
}

export function renderAlarmCounts({ alarms }) {
  const sum = (name, rows) => rows.reduce((total, row) => total + row[name], 0);
  const critical = alarms.filter(({ severity }) => severity === "critical");
  const open = sum("open", alarms);
  text("alarms-open", count(open));
  text("sub-alarms", open ? `${count(sum("open", critical))} critical, ${count(sum("unacknowledged", alarms))} not acknowledged` : "none open");
  mark("tile-alarms", "alarm", critical.length > 0);
}

function render({ alarms, is_cut, past_days, rules, taken_at }, wanted) {
  answered = JSON.stringify(wanted);
  const list = byId("alarm-rows");
  const focused = list.contains(document.activeElement);
  keyed(list, alarms, ({ id }) => id, (alarm) => makeAlarm(alarm, onFollow), (item, alarm) => renderAlarm(item, alarm, taken_at));
  // Whoever was in an alarm that is no longer listed goes on at the list's beginning.
  if (focused && document.activeElement === document.body) byId("alarms-title").focus();
  const chosen = byId("alarms-rule");
  keyed(chosen, ["", ...rules], (rule) => rule, (rule) => element("option", { value: rule }, rule || "all"), () => {});
  const what = wanted.show === "all" ? `open ones and those of the last ${past_days} days` : wanted.show === "unseen" ? "open and not acknowledged" : "open";
  text("alarms-note", is_cut ? `the first ${alarms.length}, ${what}: choose fewer` : `${count(alarms.length)} shown, ${what}`);
  show("alarms-empty", alarms.length === 0);
  show(list, alarms.length > 0);
  text("alarms-empty", wanted.severity || wanted.rule || wanted.customer_id ? "No such alarm." : wanted.show === "all" ? "No alarm." : "No alarm is open.");
}
