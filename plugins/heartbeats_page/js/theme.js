// Light or dark: as Airflow shows itself around this page, otherwise as the system asks for.

const listeners = [];
const system = window.matchMedia("(prefers-color-scheme: dark)");

function airflow() {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null; // framed by a stranger: nothing of it can be read
  }
}

function apply() {
  const around = airflow()?.classList;
  const isDark = around?.contains("dark") || (!around?.contains("light") && system.matches);
  const theme = isDark ? "dark" : "light";
  if (document.documentElement.dataset.theme === theme) return;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

export function colour(name) {
  const root = document.documentElement;
  const [light, dark] = getComputedStyle(root).getPropertyValue(`--${name}`).match(/#\w+/g);
  return root.dataset.theme === "dark" ? dark : light;
}

export const onTheme = (listener) => listeners.push(listener);

export function startTheme() {
  apply();
  system.addEventListener("change", apply);
  const around = airflow();
  if (around) new MutationObserver(apply).observe(around, { attributes: true, attributeFilter: ["class"] });
}
