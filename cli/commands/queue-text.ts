/** How a waiting room reads in a terminal, and the rate that its record of admissions shows. */
import type { Journal, Settings, Stats } from "../../services/common/contracts/queue.ts";
import { formatCount, formatDuration } from "../tui/number-format.ts";

export type JournalEntry = Journal["entries"][number];

const WINDOW_MS = 60_000;

const yesOrNo = (is: boolean): string => (is ? "yes" : "no");

export function statsText(eventId: number, stats: Stats): string {
  return table(eventId, [
    ["waiting", clients(stats.waiting)],
    ["holding a pass", clients(stats.active)],
    ["admitted", `${formatCount(stats.admittedLastMinute)} in the last minute`],
    ["", `${formatCount(stats.admittedTotal)} in all`],
    ["limit", `${formatCount(stats.permitsPerMinute)} per minute`],
    ["abandoned", `${formatCount(stats.abandonedTotal)} in all`],
    ["paused", yesOrNo(stats.paused)],
  ]);
}

export function settingsText(eventId: number, settings: Settings): string {
  return table(eventId, [
    ["limit", `${formatCount(settings.permitsPerMinute)} per minute`],
    ["pass lives", `${formatCount(settings.passTtlSeconds)} s`],
    ["pacing", settings.pacing],
    ["paused", yesOrNo(settings.paused)],
    ["draining", yesOrNo(settings.draining)],
  ]);
}

/** One line of `watch`: columns stay where they are as long as numbers stay below a million. */
export function watchLine(stats: Stats): string {
  const column = (count: number) => formatCount(count).padStart(7);
  const rate = `${column(stats.admittedLastMinute)} of ${formatCount(stats.permitsPerMinute)}`;
  return [
    `waiting ${column(stats.waiting)}`,
    `active ${column(stats.active)}`,
    `admitted ${rate} in the last minute`,
    `abandoned ${column(stats.abandonedTotal)}`,
    ...(stats.paused ? ["paused"] : []),
  ].join("  ");
}

/** The client's name comes last, because its length is anybody's. */
export function journalLine(entry: JournalEntry): string {
  const waitedMs = Date.parse(entry.admittedAt) - Date.parse(entry.joinedAt);
  const waited = formatDuration(waitedMs).padStart(9);
  const number = String(entry.number).padStart(7);
  return `${number}  ${entry.admittedAt}  waited ${waited}  client ${entry.clientId}`;
}

/** Numbers that are missing count admissions that nobody can check any more. */
export function journalSummary(entries: readonly JournalEntry[]): string {
  const total = formatCount(entries.length);
  const admissions = entries.length === 1 ? "admission" : "admissions";
  const most = formatCount(mostInAnyMinute(entries.map((one) => Date.parse(one.admittedAt))));
  const missing = (entries.at(-1)?.number ?? 0) - entries.length;
  const gone = missing > 0 ? `; ${formatCount(missing)} earlier no longer kept` : "";
  return `${total} ${admissions}, at most ${most} in any 60 s${gone}`;
}

/**
 * The most admissions that any window of 60 s holds, both its ends included, as the service counts.
 * @param admittedAtMs ascending
 */
export function mostInAnyMinute(admittedAtMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  admittedAtMs.forEach((last, index) => {
    while (last - admittedAtMs[first]! > WINDOW_MS) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

const clients = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? "client" : "clients"}`;

function table(eventId: number, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  return [`event ${eventId}`, ...lines].join("\n");
}
