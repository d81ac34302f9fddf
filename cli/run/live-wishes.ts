/** Carries out what a person asks of a run that goes on: arrivals paused, another limit, chaos. */
import { AdminClient, TargetError } from "../engine/admin-client.ts";
import type { RunControls, RunHandle } from "../engine/engine.ts";
import type { Wish } from "../tui/dashboard.ts";
import type { MaybeChaos } from "./sale-run.ts";

export interface WishedSale {
  readonly queueUrl: string;
  readonly adminToken: string;
  readonly eventId: number;
  readonly handle: Pick<RunHandle, "controls" | "snapshot">;
  readonly chaos: MaybeChaos;
}

/** As the option --permits-per-minute has it. */
const MOST_PERMITS = 60_000;

/** The next limit: a tenth more or less, at least one, within what a limit may be. */
export function nextLimit(permitsPerMinute: number, wish: "faster" | "slower"): number {
  const step = Math.max(1, Math.round(permitsPerMinute / 10));
  const next = permitsPerMinute + (wish === "faster" ? step : -step);
  return Math.min(MOST_PERMITS, Math.max(1, next));
}

/** Wishes one after another; a key pressed while one is under way is not heard. */
export function granter({ queueUrl, adminToken, eventId, handle, chaos }: WishedSale) {
  const { controls } = handle;
  let busy = false;
  return async (wish: Wish): Promise<void> => {
    const { arrivalsPaused, admissions, phase } = handle.snapshot();
    if (phase !== "selling") return;
    if (wish === "chaos") return toggle(chaos, controls);
    if (wish === "pause") return controls.pauseArrivals(arrivalsPaused !== true);
    if (busy) return;
    busy = true;
    const permitsPerMinute = nextLimit(admissions.permitsPerMinute, wish);
    const client = new AdminClient(queueUrl, adminToken);
    try {
      const path = `/queue/${eventId}/settings`;
      await client.call({ method: "PATCH", path, body: { permitsPerMinute } });
      controls.limitChanged(permitsPerMinute);
    } catch (error) {
      // Refused: the limit is what it was. Never heard: it may be the new one, and the judges have
      // to reckon with that.
      if (error instanceof TargetError && error.kind === "refused") return;
      controls.limitChanged(permitsPerMinute);
    } finally {
      busy = false;
      await client.close();
    }
  };
}

/** Each fault is recorded when it comes; that somebody wanted them, here. */
function toggle(chaos: MaybeChaos, controls: RunControls): void {
  if (!("run" in chaos)) return;
  chaos.turn(!chaos.on);
  controls.note(
    chaos.on ? `chaos is switched on: ${chaos.kinds.join(", ")}` : "chaos is switched off",
  );
}
