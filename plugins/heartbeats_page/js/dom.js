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
// Items of one key are told apart by their order. Whatever is no item's goes first: what stays is then in its place
// already, and a node that is not moved keeps the focus.
export function keyed(parent, items, keyOf, make, update) {
  const unused = childrenByKey(parent);
  const children = items.map((item) => {
    const key = String(keyOf(item));
    const child = unused.get(key)?.shift() ?? make(item);
    child.dataset.key = key;
    update(child, item);
    return child;
  });
  for (const twins of unused.values()) for (const child of twins) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

function childrenByKey(parent) {
  const found = new Map();
  for (const child of parent.children) {
    const twins = found.get(child.dataset.key);
    if (twins) twins.push(child);
    else found.set(child.dataset.key, [child]);
  }
  return found;
}

export const cells = (row) => [...row.children];

export function fillCells(row, values) {
  for (const [place, cell] of cells(row).entries()) text(cell, values[place]);
}

// A table that is only filled while somebody has it open, where it can be closed; emptied it is at once. Rows are
// known by their first cell, unless `keys` tell them apart better.
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
      ({ key }) => key,
      () => element("tr", {}, ...headings.map(() => element("td"))),
      (row, { values }) => fillCells(row, values),
    );
  };
  details.addEventListener("toggle", fill);
  return (rows, keys = rows.map(([first]) => first)) => {
    newest = rows.map((values, place) => ({ key: keys[place], values }));
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
