// Figures as text. All instants are UTC.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const count = (value) => (value == null ? "–" : whole.format(value));

export const rate = (value) => (value == null ? "–" : value < 10 ? short.format(value) : whole.format(value));

export const percent = (share) => `${short.format(share * 100)} %`;

// Milliseconds up to ten seconds, then seconds or minutes: the number and its unit apart.
export function duration(ms) {
  if (ms == null) return ["–", "ms"];
  if (ms < 10_000) return [whole.format(ms), "ms"];
  if (ms < 600_000) return [whole.format(ms / 1000), "s"];
  return [whole.format(ms / 60_000), "min"];
}

export const seconds = (instant) => Date.parse(instant) / 1000;

export const time = (instant) => new Date(instant).toISOString().slice(11, 19);

export const minute = (instant) => new Date(instant).toISOString().slice(11, 16);

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export function hour(instant) {
  const date = new Date(instant);
  return `${WEEKDAYS[date.getUTCDay()]} ${date.toISOString().slice(11, 16)}`;
}

// Today's instants by the time alone.
export function moment(instant, now) {
  const [date, clock] = new Date(instant).toISOString().slice(0, 19).split("T");
  return date === new Date(now).toISOString().slice(0, 10) ? clock : `${date} ${clock}`;
}

export function span(total) {
  const value = Math.max(0, Math.round(total));
  if (value < 120) return `${value} s`;
  if (value < 7200) return `${Math.floor(value / 60)} min`;
  if (value < 172_800) return `${Math.floor(value / 3600)} h`;
  return `${Math.floor(value / 86_400)} days`;
}

export const ago = (instant, now) => `${span(seconds(now) - seconds(instant))} ago`;
