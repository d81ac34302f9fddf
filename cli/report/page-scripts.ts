/**
 * What report.html carries so that it moves: uPlot and the page's own scripts, inlined, each allowed
 * by its hash alone. Were markup ever to slip in from a record, the browser would not run it.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageData } from "./page-data.ts";

const LIBRARY = dirname(dirname(fileURLToPath(import.meta.resolve("uplot"))));
const OWN = join(import.meta.dirname, "page");

/** Its licence (MIT) asks to be carried along with every copy. */
const NOTICE = readFileSync(join(LIBRARY, "LICENSE"), "utf8").replaceAll("*/", "");

const SCRIPTS: readonly string[] = [
  `/*\nuPlot\n${NOTICE}*/\n${readFileSync(join(LIBRARY, "dist", "uPlot.iife.min.js"), "utf8")}`,
  readFileSync(join(OWN, "charts.js"), "utf8"),
  readFileSync(join(OWN, "time-lapse.js"), "utf8"),
];

/** The charts' own style sheet. */
export const LIBRARY_STYLE = readFileSync(join(LIBRARY, "dist", "uPlot.min.css"), "utf8");

/** The Content-Security-Policy: these scripts and styles in the page, nothing from anywhere. */
export const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src ${SCRIPTS.map(sourceHash).join(" ")}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The data block, then the scripts; belongs at the end of the body. */
export function scriptTags(data: PageData): string {
  // No "<" stands in the block, so no text of a record can end it.
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const block = `<script type="application/json" id="page-data">${json}</script>`;
  return [block, ...SCRIPTS.map((script) => `<script>${script}</script>`)].join("\n");
}

function sourceHash(script: string): string {
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}
