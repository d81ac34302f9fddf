/** How bookings ended by the services' own books: sagas, reservations and payments, each as one bar. */
import { escapeMarkup as esc } from "./escape.ts";
import { number } from "./html-parts.ts";
import type { Report } from "./report.ts";

/** Words of the services that mean a good, an undone or a still open end. */
const TONES: Readonly<Record<string, string>> = {
  COMPLETED: "good",
  CONFIRMED: "good",
  COMPENSATED: "other",
  CANCELLED: "other",
  REFUNDED: "other",
  FAILED: "other",
};

export function renderOutcomes({ books }: Report): string {
  if (!books) {
    return `<div class="panel"><p class="empty">The books were not read: nobody knows.</p></div>`;
  }
  const bars = [
    bar("Booking sagas", books.sagas),
    bar("Reservations", books.reservations),
    bar("Payments", books.payments),
  ];
  const open = books.settled
    ? `Every saga had ended when the books were read, after ${books.settleSeconds} s.`
    : `Some sagas were still open after ${books.settleSeconds} s.`;
  return `<div class="panel outcomes">${bars.join("")}<p class="summary">${open}</p></div>`;
}

function bar(name: string, counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  const total = entries.reduce((sum, [, many]) => sum + many, 0);
  if (total === 0) return `<h3>${name}</h3><p class="empty">none</p>`;
  const parts = entries.map(
    ([state, many]) =>
      `<i class="${TONES[state] ?? "warn"}" style="flex-grow:${many}" title="${esc(state)}"></i>`,
  );
  const words = entries.map(
    ([state, many]) =>
      `<li><i class="${TONES[state] ?? "warn"}"></i>${number(many)} ${esc(state)} ` +
      `<span class="quiet">${((many / total) * 100).toFixed(1)} %</span></li>`,
  );
  return (
    `<h3>${name}</h3><div class="bar" aria-hidden="true">${parts.join("")}</div>` +
    `<ul class="legend">${words.join("")}</ul>`
  );
}
