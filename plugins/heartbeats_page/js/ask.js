// Ask the server. What comes back is a value, or a problem in words; `isBusy`: the same may work in `wait` seconds.

export const ENDED = "Your login to Airflow has ended";
// The server itself gives up sooner, and says why.
const PATIENCE_SECONDS = 30;
const SILENT = { problem: "Airflow does not answer", isBusy: true, wait: 0 };

export async function ask(path, question) {
  const body = question && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) };
  try {
    const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
    const answer = await fetch(`api/${path}`, { cache: "no-store", signal, ...body });
    if (answer.ok) return { value: await answer.json() };
    return { problem: await reasonOf(answer), isBusy: answer.status >= 500, wait: Number(answer.headers.get("Retry-After")) };
  } catch {
    return SILENT;
  }
}

async function reasonOf(answer) {
  if (answer.status === 401) return ENDED;
  const { detail } = await answer.json().catch(() => ({}));
  if (answer.status === 403 && detail === "Invalid JWT token") return ENDED;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}`).join("; ");
  return `the server answered ${answer.status}`;
}

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
