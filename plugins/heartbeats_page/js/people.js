// Customers: how many at each level, and who is at High.

import { badge, byId, cells, element, keyed, mark, show, text } from "./dom.js";
import { count, percent, seconds, span, time } from "./format.js";

const LEVELS = [
  { name: "Normal", key: "normal", glyph: "●" },
  { name: "Elevated", key: "elevated", glyph: "▲" },
  { name: "High", key: "high", glyph: "◆" },
];

export function levelBadge(place, level) {
  const { key, glyph } = LEVELS.find(({ name }) => name === level);
  badge(place, key, glyph, level);
}

// Counting very many takes long and is done less often: from here on it is said how old the figures are.
const OLD_SECONDS = 5;
const UNCOUNTED = "there are too many readings to count in time";

export function renderPeople(look, follow) {
  text("risk-policy", policyText(look.bands));
  if (look.customers) {
    renderMix(look);
    renderHigh(look, follow);
  } else renderUncounted();
}

// Whom the counts leave out: where the minute holds too many readings, those heard longest ago.
const heard = ({ reach_seconds, is_whole }, limits) =>
  is_whole ? `heard in the last ${span(limits.now_seconds)}` : `heard in the last ${reach_seconds < 10 ? reach_seconds.toFixed(1) : Math.floor(reach_seconds)} s, as far as the newest readings reach`;

function age({ taken_at }, now) {
  const old = seconds(now) - seconds(taken_at);
  return old > OLD_SECONDS ? `, counted ${span(old)} ago` : "";
}

function renderUncounted() {
  text("high-total", "–");
  mark("tile-high", "alarm", false);
  text("sub-high", UNCOUNTED);
  text("risk-note", UNCOUNTED);
  renderLevels(null);
  text("high-note", "by the newest reading");
  renderRows([]);
  text("high-empty", `Not known: ${UNCOUNTED}.`);
}

function renderMix({ customers, taken_at, limits }) {
  const total = renderLevels(customers);
  text("risk-note", total ? `${count(total)} customers ${heard(customers, limits)}, by their newest reading${age(customers, taken_at)}` : `no reading in the last ${span(limits.now_seconds)}`);
}

// How many are at each level, or null where that is not known; returns how many they are.
function renderLevels(customers) {
  const total = customers ? customers.normal + customers.elevated + customers.high : 0;
  const bar = byId("risk-bar");
  keyed(bar, LEVELS, ({ key }) => key, ({ key }) => element("span", { class: key }), (part, { key }) => {
    part.style.flexGrow = String(total ? customers[key] : 0);
  });
  mark(bar, "none", total === 0);
  keyed(
    byId("risk-rows"),
    LEVELS,
    ({ key }) => key,
    () => element("tr", {}, element("th", { scope: "row" }), element("td", { class: "num" }), element("td", { class: "num quiet" })),
    (row, { name, key }) => {
      const [level, number, share] = cells(row);
      levelBadge(level, name);
      text(number, count(customers?.[key]));
      text(share, total ? percent(customers[key] / total) : "–");
    },
  );
  return total;
}

function policyText(bands) {
  const low = bands.high_at_most_bpm == null ? "" : ` or at most ${bands.high_at_most_bpm}`;
  const lowElevated = bands.elevated_at_most_bpm == null ? "" : ` or at most ${bands.elevated_at_most_bpm}`;
  return `High above ${bands.high_above_bpm}${low} bpm, Elevated from ${bands.elevated_at_least_bpm}${lowElevated} bpm (policy ${bands.version}).`;
}

function renderHigh({ customers, taken_at, limits }, follow) {
  text("high-total", count(customers.high));
  mark("tile-high", "alarm", customers.high > 0);
  const people = customers.high === 1 ? "customer" : "customers";
  text("sub-high", `${customers.is_whole ? people : `${people} ${heard(customers, limits)}`}${age(customers, taken_at)}`);
  const shown = customers.at_high.length;
  const among = customers.followed < customers.high ? `, among the ${count(customers.followed)} heard last` : "";
  text("high-note", `${shown < customers.high ? `newest ${shown} of ${count(customers.high)}${among}` : "newest first"}${age(customers, taken_at)}`);
  renderRows(customers.at_high, follow, (row, item) => {
    const [, bpm, since] = cells(row);
    text(bpm, String(item.heart_rate));
    text(since.firstChild, time(item.high_since));
    const lasted = seconds(taken_at) - seconds(item.high_since);
    // It was followed back no further, and the reading before may be as long ago as a pause is.
    const isWhole = lasted > limits.high_horizon_seconds - limits.high_pause_seconds;
    text(since.lastChild, isWhole ? `${span(limits.high_horizon_seconds)} or longer` : span(lasted));
  });
  const total = customers.normal + customers.elevated;
  text("high-empty", total ? "No customer is at High." : `No reading in the last ${span(limits.now_seconds)}, so nothing is known of anyone.`);
}

function renderRows(people, follow, update) {
  keyed(byId("high-rows"), people, (row) => row.customer_id, (row) => makeRow(row, follow), update);
  show("high-empty", people.length === 0);
  show(byId("high-rows").parentElement, people.length > 0);
}

function makeRow({ customer_id }, follow) {
  const button = element(
    "button",
    { type: "button", class: "id", title: customer_id, "aria-label": `Follow customer ${customer_id}` },
    customer_id.slice(0, 8),
    element("span", { "aria-hidden": "true" }, "…"),
  );
  button.addEventListener("click", () => follow(customer_id));
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, button),
    element("td", { class: "num high-text" }),
    element("td", { class: "num" }, element("span"), element("small", { class: "quiet" })),
  );
}
