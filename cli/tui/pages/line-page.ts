/** The line in full: how long it was and is, and how far back people were told they stand. */
import type { Snapshot } from "../../engine/snapshot.ts";
import type { Line } from "../line.ts";
import { formatCount, formatEta } from "../number-format.ts";
import { barRows, chartLines, facts, section } from "./page.ts";

const PLACES = [
  "next",
  "1 to 9",
  "10 to 99",
  "100 to 999",
  "1 000 to 9 999",
  "10 000 to 99 999",
  "100 000 and more",
] as const;

export function linePage(snapshot: Snapshot, width: number, room: number): readonly Line[] {
  const { clients, admissions, lineHistory, placesTold } = snapshot;
  const served =
    admissions.permitsPerMinute > 0
      ? formatEta((clients.waiting / admissions.permitsPerMinute) * 60)
      : "–";
  const figures = facts(
    [
      ["in line", formatCount(clients.waiting), "strong"],
      ["let in at this limit within", served],
      ["to come", formatCount(clients.notArrived)],
      ["left early", formatCount(clients.leftEarly)],
      ["never came back", formatCount(clients.absent)],
      ["gave up", formatCount(clients.gaveUp), clients.gaveUp > 0 ? "unsure" : "plain"],
    ],
    width,
  );
  // The longest place that anybody was told of ends the list: a short line has no empty decades.
  const last = placesTold.findLastIndex((count) => count > 0);
  const places = PLACES.slice(0, Math.max(3, last + 1)).map((label, at) => {
    return { label, count: placesTold[at] ?? 0 };
  });
  const below = section("AHEAD OF THEM", "as they were last told", barRows(places, width), width);
  const chart = chartLines(lineHistory, width, room - figures.length - below.length - 1);
  const above = section("LINE", "a column a second, newest right", [...figures, ...chart], width);
  return [...above, ...below];
}
