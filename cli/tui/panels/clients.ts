/** Where the clients are, and what became of their bookings. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { partCells } from "../charts.ts";
import { type Line, lineWidth, type Span, span } from "../line.ts";
import { formatCount } from "../number-format.ts";
import { type Figure, grid, type Panel, panel } from "./panel.ts";

/** Signs are as different in shape as in colour: the bar reads without colour too. */
const CONFIRMED = span("█", "good");
const BUYING = span("▓", "accent");
const WAITING = span("▒", "plain");
const EMPTY_HANDED = span("░", "dim");
const TO_COME = span("·", "dim");

export function clientsPanel({ clients }: Snapshot, width: number): Panel {
  const emptyHanded =
    clients.cancelled +
    clients.soldOut +
    clients.leftEarly +
    clients.absent +
    clients.attackers +
    clients.gaveUp;
  const parts: readonly (readonly [sign: Span, count: number])[] = [
    [CONFIRMED, clients.confirmed],
    [BUYING, clients.buying],
    [WAITING, clients.waiting],
    [EMPTY_HANDED, emptyHanded],
    [TO_COME, clients.notArrived],
  ];
  const cells = partCells(
    parts.map(([, count]) => count),
    width,
  );
  const bar: Line = parts.map(([sign], at) => span(sign.text.repeat(cells[at] ?? 0), sign.tone));
  const figures: Figure[] = [
    { sign: CONFIRMED, label: "confirmed", value: formatCount(clients.confirmed) },
    { sign: BUYING, label: "buying", value: formatCount(clients.buying) },
    { sign: WAITING, label: "waiting", value: formatCount(clients.waiting) },
    { sign: TO_COME, label: "to come", value: formatCount(clients.notArrived) },
    { sign: EMPTY_HANDED, label: "absent", value: formatCount(clients.absent) },
    { sign: EMPTY_HANDED, label: "sold out", value: formatCount(clients.soldOut) },
    ...(clients.leftEarly === 0
      ? []
      : [{ sign: EMPTY_HANDED, label: "left early", value: formatCount(clients.leftEarly) }]),
    { sign: EMPTY_HANDED, label: "cancelled", value: formatCount(clients.cancelled) },
    { sign: EMPTY_HANDED, label: "attackers", value: formatCount(clients.attackers) },
    {
      sign: EMPTY_HANDED,
      label: "gave up",
      value: formatCount(clients.gaveUp),
      tone: clients.gaveUp > 0 ? "unsure" : "plain",
    },
  ];
  const content = clients.total > 0 ? [bar, ...grid(figures, width)] : [[span("nobody", "dim")]];
  return panel(2, "CLIENTS", [span(formatCount(clients.total), "strong")], content, width);
}

/** One line where that fits. */
export function bookingsPanel({ bookings }: Snapshot, width: number): Panel {
  const { pending, confirmed, cancelled } = bookings;
  const figures: Figure[] = [
    { sign: BUYING, label: "pending", value: formatCount(pending) },
    { sign: CONFIRMED, label: "confirmed", value: formatCount(confirmed) },
    { sign: EMPTY_HANDED, label: "cancelled", value: formatCount(cancelled) },
  ];
  const inOneLine = figures.flatMap(({ sign, label, value }, at) => [
    span(at === 0 ? "" : "  "),
    ...(sign === undefined ? [] : [sign]),
    span(` ${label} `, "dim"),
    span(value),
  ]);
  const total = span(formatCount(pending + confirmed + cancelled), "strong");
  const content = lineWidth(inOneLine) <= width ? [inOneLine] : grid(figures, width);
  return panel(3, "BOOKINGS", [total], content, width);
}
