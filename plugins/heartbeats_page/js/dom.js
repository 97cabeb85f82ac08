// The few things that the page does with the document. Text is always set as text: nothing here parses HTML.

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value != null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Only what has changed is touched, so that a selection, the focus and a screen reader's place stay where they are.
export function text(node, value) {
  const target = typeof node === "string" ? byId(node) : node;
  if (target.textContent !== value) target.textContent = value;
}

export function show(node, isShown) {
  const target = typeof node === "string" ? byId(node) : node;
  if (target.hidden === isShown) target.hidden = !isShown;
}

export function mark(node, name, isMarked) {
  const target = typeof node === "string" ? byId(node) : node;
  target.classList.toggle(name, isMarked);
}

// A word in its colour, with a glyph.
export function badge(place, level, glyph, word) {
  if (place.textContent === `${glyph} ${word}`) return;
  place.replaceChildren(element("span", { class: `badge ${level}` }, element("span", { "aria-hidden": "true" }, glyph), ` ${word}`));
}

export function refuse(input, isRefused) {
  if (isRefused) byId(input).setAttribute("aria-invalid", "true");
  else byId(input).removeAttribute("aria-invalid");
}

// Keep a list of children in step with a list of items; a child stays the same node as long as its item's key does.
export function keyed(parent, items, keyOf, make, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = known.get(key);
    if (child) known.delete(key);
    else {
      child = make(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of known.values()) child.remove();
}

export const cells = (row) => [...row.children];

export function fillCells(row, values) {
  for (const [place, cell] of cells(row).entries()) text(cell, values[place]);
}

// A table that is only filled while somebody has it open, where it can be closed; emptied it is at once.
export function dataTable(details, caption, headings) {
  const body = element("tbody");
  const table = element(
    "table",
    { class: "rows compact" },
    element("caption", { class: "hidden" }, caption),
    element("thead", {}, element("tr", {}, ...headings.map((name) => element("th", { scope: "col" }, name)))),
    body,
  );
  details.append(element("div", { class: "scroll short", tabindex: "0", role: "region", "aria-label": caption }, table));
  let newest = [];
  const fill = () => {
    if (details.open === false && newest.length > 0) return;
    keyed(
      body,
      newest,
      (row) => row[0],
      (row) => element("tr", {}, ...row.map(() => element("td"))),
      fillCells,
    );
  };
  details.addEventListener("toggle", fill);
  return (rows) => {
    newest = rows;
    fill();
  };
}

const GLYPHS = { ok: "✓", warn: "!", fail: "✕", unknown: "?" };

// A state is told by a glyph and a word, never by colour alone.
export function stateItem({ name }) {
  return element(
    "li",
    {},
    element("span", { class: "glyph", "aria-hidden": "true" }),
    element("span", { class: "name" }, name),
    element("span", { class: "word" }),
    element("span", { class: "message" }),
  );
}

export function updateState(item, { status, word, message }) {
  const [glyph, , label, detail] = item.children;
  if (item.dataset.status !== status) item.dataset.status = status;
  text(glyph, GLYPHS[status]);
  text(label, word);
  text(detail, message ?? "");
}
