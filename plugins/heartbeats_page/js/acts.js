// What a person does: only who may act is offered it, and the server decides again.

import { ask } from "./ask.js";
import { show, text } from "./dom.js";

const AGAIN_SECONDS = 10;

let mayAct = false;

export const canAct = () => mayAct;

export async function startActs() {
  const { value } = await ask("me");
  if (!value) {
    setTimeout(startActs, AGAIN_SECONDS * 1000);
    return;
  }
  mayAct = value.may_act;
  text("alarms-right", mayAct ? "" : `Signed in as ${value.name}: your role in Airflow lets you look, but not act.`);
  show("alarms-right", !mayAct && !value.refusal);
}

// Do something once and say how it went, and of whom if `whose` names somebody by then; tell whether it was done.
export async function act(path, what, { button, done, said, whose = () => "" }) {
  if (button.getAttribute("aria-disabled") === "true") return false;
  button.setAttribute("aria-disabled", "true");
  const { problem } = await ask(path, what);
  button.removeAttribute("aria-disabled");
  text(said.error, problem ? `${whose()}Not done: ${problem}.` : "");
  text(said.done, problem ? "" : `${whose()}${done}`);
  return !problem;
}
