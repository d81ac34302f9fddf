/** The tester's health in full: whether what the run says is about the target at all. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { type Line, span } from "../line.ts";
import { formatCount, formatMilliseconds } from "../number-format.ts";
import { grid } from "../panels/panel.ts";
import { MAX_SEND_LAG_MS, testerWarnings } from "../panels/tester.ts";
import { section } from "./page.ts";

export function testerPage({ tester }: Snapshot, width: number, room: number): readonly Line[] {
  const { sendLagMs, eventLoopLagMs, connections, workerSendLagP99Ms } = tester;
  const late = sendLagMs.p99 > MAX_SEND_LAG_MS;
  const ms = (value: number) => `${formatMilliseconds(value)} ms`;
  const workers = workerSendLagP99Ms ?? [];
  const figures = grid(
    [
      { label: "send lag p50", value: ms(sendLagMs.p50) },
      { label: "send lag p99", value: ms(sendLagMs.p99), tone: late ? "unsure" : "strong" },
      { label: "send lag max", value: ms(sendLagMs.max) },
      { label: "loop lag p99", value: ms(eventLoopLagMs.p99) },
      { label: "loop lag max", value: ms(eventLoopLagMs.max) },
      { label: "dropped", value: formatCount(tester.droppedArrivals) },
      { label: "requests/s", value: formatCount(tester.requestsPerSecond) },
      { label: "in flight", value: formatCount(tester.inFlight) },
      { label: "memory", value: `${formatCount(tester.rssMb)} MB` },
      { label: "connections", value: formatCount(connections.open) },
      { label: "wait for one", value: formatCount(connections.queued) },
      ...workers.map((p99, at) => ({ label: `worker ${at} p99`, value: ms(p99) })),
    ],
    width,
  );
  const warnings = testerWarnings(tester);
  const verdict: Line =
    warnings.length === 0
      ? [span("✔ the tester keeps up: what is slow is the target", "good")]
      : [span("✘ so far this run would be invalid", "bad")];
  const limits: Line[] = [
    [span(`valid: send lag p99 up to ${MAX_SEND_LAG_MS} ms, no dropped arrivals`, "dim")],
  ];
  const content = [verdict, ...warnings, ...figures, ...limits];
  return section("TESTER'S HEALTH", "", content, width).slice(0, Math.max(0, room));
}
