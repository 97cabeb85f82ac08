// How far back the figures reach, wherever the document says so: the server tells.

import { text } from "./dom.js";
import { span } from "./format.js";

export function renderLimits(limits) {
  for (const node of document.querySelectorAll("[data-limit]")) text(node, span(limits[node.dataset.limit]));
}
