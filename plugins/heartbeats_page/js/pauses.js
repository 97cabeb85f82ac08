// A customer's pauses, in which nobody is silent: which there are, who noted and ended them, and a form for who may.

import { act, canAct } from "./acts.js";
import { byId, element, keyed, show, text } from "./dom.js";
import { moment } from "./format.js";
import { shownCustomer, whose } from "./shown.js";

const SAID = { error: "pause-error", done: "pause-done" };
const WRITTEN = ["pause-starts", "pause-ends"];

export function startPauses() {
  byId("pause-form").addEventListener("submit", (event) => {
    event.preventDefault();
    note(event.submitter);
  });
}

async function note(button) {
  const customer = shownCustomer();
  const [starts, ends] = WRITTEN.map((id) => byId(id).value.trim());
  const done = "Noted: nobody is silent meanwhile.";
  const isDone = await act("pause", { customer_id: customer, starts, ends }, { button, said: SAID, done, whose: () => whose(customer) });
  if (isDone && customer === shownCustomer()) for (const id of WRITTEN) byId(id).value = "";
}

export function renderPauses({ until, alarms }) {
  show("customer-pauses", true);
  show("pause-form", canAct());
  show("pause-none", alarms.pauses.length === 0);
  keyed(byId("pause-rows"), alarms.pauses, (pause) => pause.id, make, (row, pause) => update(row, pause, until));
}

export function clearPauses() {
  byId("pause-rows").replaceChildren();
  for (const id of Object.values(SAID)) text(id, "");
  for (const id of WRITTEN) byId(id).value = "";
  show("customer-pauses", false);
}

function make({ id }) {
  const button = element("button", { type: "button" }, "End now");
  button.addEventListener("click", async () => {
    const customer = shownCustomer();
    const done = "Ended: silence is an alarm again.";
    const isDone = await act("end_pause", { id }, { button, said: SAID, done, whose: () => whose(customer) });
    if (isDone && customer === shownCustomer()) byId("customer-pauses").querySelector("summary").focus();
  });
  return element("li", {}, element("span"), button);
}

function update(row, pause, now) {
  const [words, button] = row.children;
  const starts = moment(pause.starts, now);
  const end = isCancelled(pause) ? pause.ends : (pause.ended ?? pause.ends);
  text(words, `${starts} to ${end == null ? "whenever" : moment(end, now)} UTC, noted by ${pause.noted_by} at ${moment(pause.noted_at, now)}${ending(pause, now)}`);
  button.setAttribute("aria-label", `End now: the pause from ${starts}`);
  show(button, canAct() && pause.ended == null && (end == null || Date.parse(end) > Date.parse(now)));
}

// One that was ended before it began never was.
const isCancelled = ({ ended, starts }) => ended != null && Date.parse(ended) <= Date.parse(starts);

function ending(pause, now) {
  if (pause.ended == null) return "";
  return `, ${isCancelled(pause) ? "cancelled" : "ended"} by ${pause.ended_by} at ${moment(pause.ended_at, now)}`;
}
