/** Admissions in full: the last 60 seconds against the limit, and the course second by second. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { type Line, span } from "../line.ts";
import { formatCount, formatPercent } from "../number-format.ts";
import { limitChart } from "../panels/waiting-room.ts";
import { chartLines, facts, section } from "./page.ts";

const PACE_SECONDS = 10;

export function admissionsPage(snapshot: Snapshot, width: number, room: number): readonly Line[] {
  const { admissions, admissionHistory, clients } = snapshot;
  const { lastMinute, permitsPerMinute, total } = admissions;
  const headroom = permitsPerMinute - lastMinute;
  const recent = admissionHistory.slice(-PACE_SECONDS);
  const pace = recent.reduce((sum, one) => sum + one, 0) / Math.max(1, recent.length);
  const words =
    headroom < 0
      ? `✘ ${formatCount(-headroom)} too many`
      : `${formatCount(headroom)}, ${formatPercent(headroom / Math.max(1, permitsPerMinute))}`;
  const figures = facts(
    [
      ["last 60 s", formatCount(lastMinute), headroom < 0 ? "bad" : "strong"],
      ["limit", `${formatCount(permitsPerMinute)} a minute`],
      ["headroom", words, headroom < 0 ? "bad" : "plain"],
      ["admitted so far", formatCount(total)],
      [`last ${PACE_SECONDS} s`, `${pace.toFixed(1)}/s`],
      ["the limit is", `${(permitsPerMinute / 60).toFixed(1)}/s`],
      ["waiting", formatCount(clients.waiting)],
    ],
    width,
  );
  const bar: Line = [span("60 s  ", "dim"), ...limitChart(snapshot, width - 6)];
  const chart = chartLines(admissionHistory, width, room - figures.length - 2);
  return section(
    "ADMISSIONS",
    "a column a second, newest right",
    [bar, ...figures, ...chart],
    width,
  );
}
