// What comes in and what becomes of it: tiles, and the two charts of the last minutes.

import { byId, dataTable, mark, show, text } from "./dom.js";
import { legend, lineChart } from "./charts.js";
import { count, duration, rate, seconds, span, time } from "./format.js";

const OUTCOMES = [
  { label: "Accepted", colour: "accepted", fill: "26" },
  { label: "Duplicates", colour: "duplicates", dash: [6, 3] },
  { label: "Quarantined", colour: "quarantined", dash: [2, 3], width: 2 },
];
const LATENCIES = [
  { label: "p50 of the median commit", colour: "accepted" },
  { label: "p99 of the slowest commit", colour: "quarantined", dash: [6, 3] },
];

let charts = null;

function prepare() {
  legend(byId("flow-legend"), OUTCOMES);
  legend(byId("latency-legend"), LATENCIES);
  return {
    flow: lineChart(byId("flow-chart"), { lines: OUTCOMES, unit: " /s" }),
    latency: lineChart(byId("latency-chart"), { lines: LATENCIES, unit: " ms" }),
    flowTable: dataTable(byId("flow-table"), "Records per second by outcome", [
      "Second (UTC)", "Accepted", "Duplicates", "Quarantined",
    ]),
    latencyTable: dataTable(byId("latency-table"), "Latency by second", ["Second (UTC)", "p50 (ms)", "p99 (ms)"]),
  };
}

export function renderFlow(look) {
  charts ??= prepare();
  renderTiles(look);
  renderCharts(look);
}

function renderTiles({ flow, broker, limits }) {
  text("rate-arriving", rate(flow.rates.arriving));
  text("sub-arriving", broker.problem ? "Kafka does not say" : "records into Kafka");
  text("rate-accepted", rate(flow.rates.accepted));
  text("rate-duplicates", rate(flow.rates.duplicates));
  text("rate-quarantined", rate(flow.rates.quarantined));
  mark("tile-quarantined", "warn", flow.rates.quarantined > 0);
  for (const name of ["p50", "p99"]) {
    const [value, unit] = duration(flow.latency[`${name}_ms`]);
    text(`latency-${name}`, value);
    text(`latency-${name}-unit`, unit);
  }
  text("sub-latency", flow.latency.records ? `last ${span(limits.recent_seconds)}` : `no commit in ${span(limits.recent_seconds)}`);
}

function renderCharts({ flow }) {
  // Whole seconds that are over: one that is cut, or still goes on, would look like a drop.
  const [first, end] = [seconds(flow.since), seconds(flow.until)];
  const at = Array.from({ length: end - first }, (_, place) => first + place);
  const found = new Map(flow.seconds.map((row) => [seconds(row.second), row]));
  const column = (name, missing) => at.map((second) => found.get(second)?.[name] ?? missing);
  charts.flow.set([at, column("accepted", 0), column("duplicates", 0), column("quarantined", 0)]);
  const measured = at.filter((second) => found.get(second)?.p50_ms != null);
  const over = (name) => measured.map((second) => found.get(second)[name]);
  show("flow-empty", flow.seconds.length === 0);
  show("latency-empty", measured.length === 0);
  charts.latency.set([measured, over("p50_ms"), over("p99_ms")]);
  const newestFirst = [...flow.seconds].reverse();
  charts.flowTable(
    newestFirst.map((row) => [time(row.second), count(row.accepted), count(row.duplicates), count(row.quarantined)]),
  );
  charts.latencyTable(
    newestFirst.filter((row) => row.p50_ms != null).map((row) => [time(row.second), count(row.p50_ms), count(row.p99_ms)]),
  );
}
