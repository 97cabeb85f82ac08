// Check an AsyncAPI document: `node tools/contract/validate.mjs FILE`. Exit code 1 for anything worse than a hint.

import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const WARNING = 1;
const [file] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(await readFile(file, "utf8"), { source: file });

for (const { severity, path, message } of diagnostics) {
  console.error(`${file}: ${["error", "warning", "info", "hint"][severity]} at ${path.join(".") || "/"}: ${message}`);
}
process.exit(!document || diagnostics.some(({ severity }) => severity <= WARNING) ? 1 : 0);
