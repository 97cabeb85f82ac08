// The stream of looks, and what is to be said while there is none: connecting, live, stale, a problem, paused,
// signed out, no right to read.

import { ask, ENDED } from "./ask.js";
import { byId, element, show, text } from "./dom.js";
import { span, time } from "./format.js";
import { toAirflow } from "./links.js";

const STALE_SECONDS = 5;
const REOPEN_SECONDS = 3;

let source = null;
let heardAt = 0;
let isPaused = false;
let hasLook = false;
let isNew = false; // the look is one of the source that is open
let problem = null;
let refusal = null;
let state = "loading";
let onLook = () => {};

const WORDS = {
  loading: "Connecting",
  live: "Live",
  stale: "No update",
  problem: "Problem",
  paused: "Paused",
  "signed-out": "Signed out",
  refused: "No right",
};
const FINAL = ["signed-out", "refused"];

export const isLive = () => !isPaused && !document.hidden && !FINAL.includes(state);

export function startFeed(listener) {
  onLook = listener;
  heardAt = performance.now();
  byId("pause").addEventListener("click", () => setPaused(!isPaused));
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  setInterval(judge, 500);
  open();
}

function setPaused(value) {
  isPaused = value;
  byId("pause").setAttribute("aria-pressed", String(value));
  text("pause", value ? "Resume" : "Pause");
  if (value) close();
  else open();
  judge();
}

function open() {
  if (source || isPaused || document.hidden) return;
  heardAt = performance.now();
  isNew = false;
  source = new EventSource("api/stream");
  source.addEventListener("look", (event) => {
    heardAt = performance.now();
    problem = null;
    hasLook = isNew = true;
    const look = JSON.parse(event.data);
    text("taken-at", `${time(look.taken_at)} UTC`);
    onLook(look);
    judge();
  });
  source.addEventListener("problem", (event) => {
    heardAt = performance.now();
    problem = JSON.parse(event.data).problem;
    judge();
  });
  source.addEventListener("error", () => {
    // While it is connecting the browser goes on by itself; a refusal ends it for good.
    if (source?.readyState === EventSource.CLOSED) reopen();
  });
}

function close() {
  source?.close();
  source = null;
}

async function reopen() {
  close();
  // Where the server is away there is neither: the next try will tell.
  const { value, problem: why } = await ask("me");
  if (why === ENDED) return end("signed-out");
  if (value?.refusal) {
    refusal = value.refusal;
    return end("refused");
  }
  setTimeout(open, REOPEN_SECONDS * 1000);
}

// Nothing more is asked for; only a look that comes all the same, as after a login in another tab, ends that.
function end(next) {
  isNew = false;
  say(next);
}

function judge() {
  if (FINAL.includes(state) && !isNew) return;
  const silence = (performance.now() - heardAt) / 1000;
  if (isPaused) say("paused");
  else if (silence > STALE_SECONDS) say("stale", silence);
  else if (problem) say("problem");
  else say(isNew ? "live" : "loading");
}

function say(next, silence = 0) {
  const notice = byId("notice");
  // The word alone is announced, and only when it changes; the counting seconds are not.
  if (state !== next || !notice.dataset.said) {
    state = next;
    notice.dataset.said = "yes";
    document.body.dataset.feed = next;
    text("feed-state", WORDS[next]);
    notice.replaceChildren(...noticeFor(next));
    show(notice, notice.childNodes.length > 0);
  }
  if (next === "stale") text("silence", span(silence));
  if (next === "problem") text("problem-text", problem);
}

function noticeFor(next) {
  const kept = hasLook ? " What you see is the last look." : "";
  if (next === "stale") {
    return ["No update has come for ", element("span", { id: "silence", "aria-live": "off" }), `: trying again.${kept}`];
  }
  if (next === "problem") return [element("span", { id: "problem-text" }, problem), kept];
  if (next === "paused") return ["Paused: the figures stand still until you resume."];
  if (next === "signed-out") {
    const link = element("a", { href: toAirflow("auth/login/"), "data-leave": true }, "Sign in again");
    return ["Your login to Airflow has ended. ", link, "."];
  }
  if (next === "refused") return [`${refusal[0].toUpperCase()}${refusal.slice(1)}.`];
  return [];
}
