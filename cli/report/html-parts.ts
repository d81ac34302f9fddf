/** Pieces of the page that its sections share: numbers, tables, sections. All text is escaped here. */
import { escapeMarkup as esc } from "./escape.ts";

export const SIGNS = { valid: "✓", broken: "✗", unknown: "?", invalid: "✗" } as const;

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

export function milliseconds(value: number): string {
  return value >= 100 ? number(Math.round(value)) : value.toFixed(1);
}

export function money(cents: number): string {
  const options = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return (cents / 100).toLocaleString("en-US", options);
}

/** The first cell of a row names it. Cells are escaped here. */
export function table(caption: string, head: readonly string[], rows: readonly string[][]): string {
  const heads = head.map((name) => `<th scope="col">${esc(name)}</th>`).join("");
  const body = rows.map(([name = "", ...cells]) => {
    const rest = cells.map((cell) => `<td>${esc(cell)}</td>`).join("");
    return `<tr><th scope="row">${esc(name)}</th>${rest}</tr>`;
  });
  const empty = `<tr><td colspan="${head.length}">none</td></tr>`;
  return (
    `<div class="panel scroll" tabindex="0" role="region" aria-label="${esc(caption)}"><table><caption>${esc(caption)}</caption>` +
    `<thead><tr>${heads}</tr></thead><tbody>${body.join("") || empty}</tbody></table></div>`
  );
}

/** Names and values, side by side. */
export function facts(caption: string, rows: readonly (readonly [string, string])[]): string {
  const body = rows.map(
    ([name, value]) =>
      `<tr><th scope="row">${esc(name)}</th><td class="words">${esc(value)}</td></tr>`,
  );
  return (
    `<div class="panel"><table><caption>${esc(caption)}</caption>` +
    `<tbody>${body.join("")}</tbody></table></div>`
  );
}

export function section(id: string, name: string, body: string): string {
  return `<section id="${id}" aria-labelledby="${id}-head"><h2 id="${id}-head">${name}</h2>${body}</section>`;
}
