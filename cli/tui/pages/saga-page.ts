/** Bookings under way: the coordinator's states, what became of the others, and what hangs. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean } from "../cells.ts";
import { type Line, span } from "../line.ts";
import { formatCount, formatDuration } from "../number-format.ts";
import { barRows, section } from "./page.ts";

export function sagaPage(snapshot: Snapshot, width: number, room: number): readonly Line[] {
  const { sagas, bookings } = snapshot;
  const { pending, confirmed, cancelled } = bookings;
  const outcomes = section(
    "OUTCOMES",
    "as the clients saw them",
    barRows(
      [
        { label: "confirmed", count: confirmed, tone: "good" },
        { label: "cancelled", count: cancelled, tone: "plain" },
        { label: "pending", count: pending },
      ],
      width,
    ),
    width,
  );
  const lines = [...underWay(sagas, width), ...oldest(sagas, width), ...outcomes];
  return lines.slice(0, Math.max(0, room));
}

function underWay(sagas: Snapshot["sagas"], width: number): readonly Line[] {
  if (sagas === undefined) {
    const words = "the coordinator was not asked, or has not answered";
    return section("SAGAS UNDER WAY", "", [[span(words, "dim")]], width);
  }
  const { charging, confirming, cancelling, refunding, overdue } = sagas;
  const rows = barRows(
    [
      { label: "charging", count: charging },
      { label: "confirming", count: confirming },
      { label: "cancelling", count: cancelling },
      { label: "refunding", count: refunding },
    ],
    width,
  );
  const hang: Line =
    overdue > 0
      ? [span(`! ${formatCount(overdue)} of them overdue: reservex saga list --overdue`, "unsure")]
      : [span("none of them overdue", "dim")];
  return section("SAGAS UNDER WAY", "of all sales here", [...rows, hang], width);
}

function oldest(sagas: Snapshot["sagas"], width: number): readonly Line[] {
  const saga = sagas?.oldest;
  if (saga === undefined) return [];
  const lines: Line[] = [
    [
      span(`${saga.state} for ${formatDuration(saga.ageMs)}`, "strong"),
      span(", as seen from here", "dim"),
    ],
    [span("next: ", "dim"), span(clean(saga.next))],
    [span(clean(saga.sagaId), "dim")],
  ];
  return section("OLDEST UNFINISHED", "", lines, width);
}
