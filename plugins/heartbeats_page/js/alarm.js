// One alarm of the list: what it is, who has seen it, what can be done, and all that happened to it.

import { act, canAct } from "./acts.js";
import { ask } from "./ask.js";
import { badge, byId, element, keyed, show, text } from "./dom.js";
import { moment, seconds, span, time } from "./format.js";

const SEVERITIES = { critical: ["high", "◆"], warning: ["elevated", "▲"] };
const RESTS = [["15", "15 min"], ["60", "1 hour"], ["240", "4 hours"], ["1440", "1 day"]];

export const severityColour = (severity) => SEVERITIES[severity][0];

const part = (item, name) => item.querySelector(`.${name}`);
const saidOf = () => ({ error: byId("alarms-error"), done: byId("alarms-done") });
const nameOf = ({ rule, customer_id }) => `${rule} of customer ${customer_id}`;

export function makeAlarm(alarm, follow) {
  const { id, rule, customer_id } = alarm;
  const who = element("button", { type: "button", class: "id", title: customer_id, "aria-label": `Show customer ${customer_id}` }, customer_id.slice(0, 8), element("span", { "aria-hidden": "true" }, "…"));
  who.addEventListener("click", () => follow(customer_id));
  const acknowledge = element("button", { type: "button", class: "acknowledge", "aria-label": `Acknowledge ${nameOf(alarm)}` }, "Acknowledge");
  const more = element("button", { type: "button", class: "toggle", "aria-expanded": "false", "aria-controls": `alarm-${id}`, "aria-label": `More about ${nameOf(alarm)}` }, "More");
  const item = element(
    "li",
    {},
    element("div", { class: "line" }, element("span", { class: "severity" }), element("b", {}, rule), who, element("span", { class: "since" }), element("span", { class: "peak" }), element("span", { class: "acts" }, acknowledge, more)),
    element("p", { class: "standing quiet" }),
    element("div", { class: "more", id: `alarm-${id}`, hidden: true }, ...forms(alarm), element("h3", {}, "History"), element("ol", { class: "history" })),
  );
  acknowledge.addEventListener("click", async () => {
    await act("acknowledge", { id }, { button: acknowledge, said: saidOf(), done: `Acknowledged: ${nameOf(alarm)}.` });
    if (document.activeElement === acknowledge) more.focus(); // the button is about to go
    acted(item);
  });
  more.addEventListener("click", () => {
    const isOpen = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", String(isOpen));
    show(part(item, "more"), isOpen);
    if (isOpen) tell(item, id);
  });
  part(item, "snooze").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [rest, button] = event.target.elements;
    await act("snooze", { id, minutes: Number(rest.value) }, { button, said: saidOf(), done: `Snoozed: ${nameOf(alarm)}.` });
    acted(item);
  });
  part(item, "note").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [words, button] = event.target.elements;
    const isDone = await act("note", { id, note: words.value }, { button, said: saidOf(), done: `Noted: ${nameOf(alarm)}.` });
    if (isDone) words.value = "";
    acted(item);
  });
  return item;
}

function forms({ id, rule }) {
  const options = RESTS.map(([minutes, label]) => element("option", { value: minutes, selected: minutes === "60" }, label));
  return [
    element(
      "form",
      { class: "form snooze" },
      element("label", { for: `alarm-${id}-rest` }, `Tell nobody of ${rule} of this customer for`),
      element("select", { id: `alarm-${id}-rest` }, ...options),
      element("button", {}, "Snooze"),
    ),
    element(
      "form",
      { class: "form note" },
      element("label", { for: `alarm-${id}-note` }, "Note"),
      element("input", { id: `alarm-${id}-note`, maxlength: "1000", required: true, autocomplete: "off" }),
      element("button", {}, "Save note"),
    ),
  ];
}

// The list is asked for anew at once, also where somebody else was quicker.
function acted(item) {
  item.dispatchEvent(new Event("acted", { bubbles: true }));
}

export function renderAlarm(item, alarm, now) {
  const isOpen = alarm.state === "open";
  badge(part(item, "severity"), ...SEVERITIES[alarm.severity], alarm.severity);
  item.classList.toggle("over", !isOpen);
  const lasted = (alarm.cleared ? seconds(alarm.cleared) : seconds(now)) - seconds(alarm.onset);
  text(part(item, "since"), `since ${moment(alarm.onset, now)}${alarm.state === "retracted" ? "" : `, ${span(lasted)}`}`);
  text(part(item, "peak"), alarm.peak_bpm == null ? "" : `peak ${alarm.peak_bpm} bpm`);
  text(part(item, "standing"), standing(alarm, now));
  show(part(item, "acknowledge"), isOpen && canAct() && !alarm.acknowledged_by);
  show(part(item, "snooze"), isOpen && canAct());
  show(part(item, "note"), canAct());
  const version = [alarm.state, alarm.onset, alarm.cleared, alarm.acknowledged_at, alarm.snoozed_until, alarm.note].join();
  if (item.dataset.version !== version) {
    item.dataset.version = version;
    if (!part(item, "more").hidden) tell(item, alarm.id);
  }
}

function standing(alarm, now) {
  const rests = alarm.state === "open" && alarm.snoozed_until && seconds(alarm.snoozed_until) > seconds(now);
  return [
    alarm.state === "open" ? "" : alarm.state === "cleared" ? `cleared ${moment(alarm.cleared, now)}` : "retracted: late readings say that it was none",
    alarm.acknowledged_by && `acknowledged by ${alarm.acknowledged_by} at ${moment(alarm.acknowledged_at, now)}`,
    rests && `rests until ${moment(alarm.snoozed_until, now)}`,
    alarm.note && `note: ${alarm.note}`,
  ].filter(Boolean).join(" · ");
}

async function tell(item, id) {
  const { value, problem } = await ask("alarm", { id });
  const events = value?.events ?? [{ number: 0, problem }];
  keyed(part(item, "history"), events, ({ number }) => number, () => element("li"), (row, event) => text(row, event.problem ?? eventText(event)));
}

function eventText({ kind, recorded_at, actor, detail, opened, cleared }) {
  const when = kind === "opened" ? ` at ${time(opened)}` : cleared && !actor ? ` at ${time(cleared)}` : "";
  const known = `${recorded_at.slice(0, 10)} ${time(recorded_at)}`;
  return `${known} · ${kind}${actor ? ` by ${actor}` : when}${detail ? `: ${detail}` : ""}`;
}
