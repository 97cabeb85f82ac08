// The parts, the health checks, the lag of each partition, and why records were quarantined.

import { byId, cells, element, fillCells, keyed, mark, show, stateItem, text, updateState } from "./dom.js";
import { ago, count, seconds, span } from "./format.js";
import { toAirflow } from "./links.js";

const AIRFLOW_SECONDS = 10;
const STREAM = {
  never: ["warn", "not yet", "no launch has taken the lease so far: after a start one follows, unless heartbeat_stream is paused"],
  running: ["ok", "running", ""],
  stopping: ["warn", "stopping", "was asked to stop; the next launch follows"],
  fenced: ["warn", "fenced", "stood still and was fenced; the next launch follows"],
  silent: ["fail", "silent", "no sign of life"],
};
const CHECK_WORDS = { ok: "ok", warn: "warning", fail: "failed" };

let airflow = [];
let newest = null;

export function startPipeline() {
  const ask = async () => {
    try {
      const answer = await fetch(toAirflow("api/v2/monitor/health"));
      airflow = airflowParts(await answer.json());
    } catch {
      airflow = [{ name: "Airflow", status: "fail", word: "no answer", message: "" }];
    }
    if (newest) renderParts(newest);
  };
  ask();
  setInterval(() => !document.hidden && ask(), AIRFLOW_SECONDS * 1000);
}

function airflowParts(health) {
  return [["scheduler", "Scheduler"], ["dag_processor", "DAG processor"], ["triggerer", "Triggerer"]].map(([key, name]) => {
    const status = health[key]?.status;
    return { name, status: status === "healthy" ? "ok" : "fail", word: status ?? "not running", message: "" };
  });
}

export function renderPipeline(look) {
  newest = look;
  renderParts(look);
  renderChecks(look);
  renderLag(look);
  renderReasons(look);
}

function renderParts(look) {
  const parts = [streamPart(look), kafkaPart(look), { name: "PostgreSQL", status: "ok", word: "answers", message: "" }, ...airflow];
  keyed(byId("parts"), parts, (part) => part.name, stateItem, updateState);
}

function streamPart({ stream, taken_at }) {
  const [status, word, message] = STREAM[stream.state];
  const lease = stream.lease;
  const since = lease ? `launch ${lease.epoch}, ${span(seconds(taken_at) - seconds(lease.started_at))} old` : "";
  const silence = stream.state === "silent" ? `no sign of life for ${span(seconds(taken_at) - seconds(lease.renewed_at))}` : message;
  return { name: "Stream", status, word, message: [since, silence].filter(Boolean).join("; ") };
}

function kafkaPart({ broker }) {
  if (broker.problem) return { name: "Kafka", status: "fail", word: "no answer", message: broker.problem };
  if (!broker.asked_at) return { name: "Kafka", status: "unknown", word: "asking", message: "" };
  return { name: "Kafka", status: "ok", word: "answers", message: `${broker.partitions.length} partitions` };
}

function renderChecks({ slow, taken_at, limits }) {
  const checks = slow.checks;
  show("checks-empty", checks.length === 0);
  keyed(
    byId("checks"),
    checks,
    (check) => check.name,
    (check) => stateItem({ name: check.name.replaceAll("_", " ") }),
    (item, check) => updateState(item, { status: check.status, word: CHECK_WORDS[check.status], message: check.message }),
  );
  if (!checks.length) return;
  const age = seconds(taken_at) - seconds(checks[0].checked_at);
  const isLate = age > limits.checks_late_seconds;
  text("checks-note", `${isLate ? "have not run since then: " : ""}${ago(checks[0].checked_at, taken_at)}`);
  mark("checks-note", "warn-text", isLate);
}

function renderLag({ broker, taken_at }) {
  const partitions = broker.partitions;
  const total = partitions.reduce((sum, { lag }) => sum + lag, 0);
  const isKnown = partitions.length > 0 && !broker.problem;
  text("lag-total", isKnown ? count(total) : "–");
  text("sub-lag", isKnown ? "records to do" : "Kafka does not say");
  text("lag-note", broker.problem && broker.asked_at ? `as of ${ago(broker.asked_at, taken_at)}` : "Kafka's end less what is committed");
  show("lag-empty", partitions.length === 0);
  text("lag-empty", broker.problem ?? "Waiting for Kafka.");
  keyed(
    byId("lag-rows"),
    partitions,
    (row) => row.partition,
    () => element("tr", {}, element("th", { scope: "row" }), ...Array.from({ length: 3 }, () => element("td", { class: "num" }))),
    (row, item) => fillCells(row, [String(item.partition), count(item.next_offset), count(item.end_offset), count(item.lag)]),
  );
}

function renderReasons({ flow, limits }) {
  show("reasons-empty", flow.reasons.length === 0);
  keyed(
    byId("reason-rows"),
    flow.reasons,
    (row) => row.reason,
    (row) => element("tr", {}, element("th", { scope: "row" }, element("code", {}, row.reason)), element("td", { class: "num" })),
    (row, item) => text(cells(row)[1], item.records >= limits.letters_counted ? `${count(limits.letters_counted)} or more` : count(item.records)),
  );
}
