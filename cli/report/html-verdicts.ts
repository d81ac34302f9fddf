/** The verdicts of the page: one card a promise, broken ones first, with the operations that show it. */
import type { Op } from "../judge/history.ts";
import type { Verdict, Witness } from "../judge/verdict.ts";
import { escapeMarkup as esc } from "./escape.ts";
import { number, SIGNS } from "./html-parts.ts";
import type { Report } from "./report.ts";

const URGENCY = { broken: 0, unknown: 1, valid: 2 } as const;

/** More rows than this are behind their witness' sentence, by their ids. */
const MAX_ROWS = 60;

export function renderVerdicts(report: Report): string {
  const known = new Map(report.evidence.map((op) => [op.id, op]));
  const { tester } = report;
  const word = tester.valid ? "valid" : tester.known ? "invalid" : "unknown";
  const promises = report.verdicts
    .toSorted((a, b) => URGENCY[a.verdict] - URGENCY[b.verdict])
    .map((verdict) => verdictCard(verdict, known));
  const testerCard = card("tester", word, tester.because, "");
  // A run that its tester spoilt says so before anything else.
  const all = word === "invalid" ? [testerCard, ...promises] : [...promises, testerCard];
  return `<div class="cards">${all.join("\n")}</div>`;
}

function verdictCard(
  { promise, verdict, because, checked, witnesses }: Verdict,
  known: ReadonlyMap<number, Op>,
): string {
  const items = witnesses.map((witness) => `<li>${witnessItem(witness, known)}</li>`);
  const list = items.length > 0 ? `<ul>${items.join("")}</ul>` : "";
  return card(
    promise,
    verdict,
    because,
    `${list}<p class="quiet">${number(checked)} facts checked</p>`,
  );
}

function witnessItem({ words, ops }: Witness, known: ReadonlyMap<number, Op>): string {
  if (ops.length === 0) return esc(words);
  const found = ops.flatMap((id) => known.get(id) ?? []).slice(0, MAX_ROWS);
  const shown = ops.slice(0, MAX_ROWS).join(", ");
  const more = ops.length > MAX_ROWS ? ` and ${number(ops.length - MAX_ROWS)} more` : "";
  const head = `${ops.length === 1 ? "operation" : "operations"} ${shown}${more}`;
  if (found.length === 0) return `${esc(words)} <span class="ops">${head}</span>`;
  return `${esc(words)}<details><summary class="ops">${head}</summary>${opTable(found)}</details>`;
}

const HEADS = ["operation", "client", "what", "sent at", "took", "answer", "details"] as const;

function opTable(ops: readonly Op[]): string {
  const heads = HEADS.map((head) => `<th scope="col">${head}</th>`).join("");
  const rows = ops.map((op) => {
    const answer = [op.outcome, op.status, op.code].filter((part) => part !== undefined).join(" ");
    return (
      `<tr><th scope="row">${op.id}</th><td>${op.client}</td><td class="words">${esc(op.op)}</td>` +
      `<td data-at="${op.invokedMs}">${(op.invokedMs / 1000).toFixed(3)} s</td>` +
      `<td>${(op.endedMs - op.invokedMs).toFixed(1)} ms</td>` +
      `<td class="words">${esc(answer)}</td><td class="words">${esc(detailsOf(op))}</td></tr>`
    );
  });
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="operations"><table class="small">` +
    `<thead><tr>${heads}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

const COMMON = new Set(
  "kind id client op intendedMs invokedMs endedMs outcome status code".split(" "),
);

/** Whatever else the record says of an operation, under the record's own names. */
function detailsOf(op: Op): string {
  return Object.entries(op)
    .filter(([name, value]) => !COMMON.has(name) && value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function card(name: string, word: keyof typeof SIGNS, because: string, more: string): string {
  return `<article class="card ${word}" data-promise="${esc(name)}"><div><h3>${esc(name)}</h3>
<span class="badge">${SIGNS[word]} ${word}</span></div><p>${esc(because)}</p>${more}</article>`;
}
