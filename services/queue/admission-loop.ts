/** Issues passes as permits open, whoever polls or not: one timer for each event with a line. */
import { failpoint } from "../common/failpoints.ts";
import type { Log } from "../common/log.ts";
import { systemTimers, type Timers } from "../common/timers.ts";
import type { Sale } from "./admission.ts";
import type { Admission, Admitted, WaitingRoomStore } from "./waiting-room-store.ts";

/** Permits open at known instants; these bounds keep bursts of looks and late changes small. */
const SOONEST_MS = 10;
const LATEST_MS = 100;
/** While the sale is closed; while nothing is known of it. */
const CLOSED_MS = 500;
const UNKNOWN_MS = 250;

export interface AdmissionLoopOptions {
  readonly store: Pick<WaitingRoomStore, "admit">;
  /** undefined: not known now, so the gate stays closed. Asks for it when that helps. */
  readonly saleOf: (eventId: number) => Sale | undefined;
  /** Passes that this look has issued, and clients whom other processes have admitted meanwhile. */
  readonly onAdmitted: (
    eventId: number,
    admitted: readonly Admitted[],
    elsewhere: readonly string[],
  ) => void;
  readonly log: Log;
  readonly timers?: Timers | undefined;
}

interface Line {
  /** Calls the next look off. */
  callOff: (() => void) | undefined;
  looking: Promise<void> | undefined;
  /** During the look, somebody came or something changed: maybe too late for it. */
  touched: boolean;
  changed: boolean;
  /** At the last look permits were open and nobody was there. */
  permitsIdle: boolean;
  /** The last look failed: said once. */
  failing: boolean;
}

export class AdmissionLoop {
  readonly #options: AdmissionLoopOptions;
  readonly #timers: Timers;
  readonly #lines = new Map<number, Line>();
  #stopped = false;

  constructor(options: AdmissionLoopOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  /** Events that have a line now, as far as this process knows. */
  events(): readonly number[] {
    return [...this.#lines.keys()];
  }

  /**
   * Somebody joined or polled. Cheap enough for each poll: it looks at once where a permit lies
   * idle or nobody looked before; otherwise the timer is set for the next permit already.
   */
  touch(eventId: number): void {
    const line = this.#lines.get(eventId);
    if (!line) this.#begin(eventId);
    else if (line.looking) line.touched = true;
    else if (line.permitsIdle) this.#look(eventId, line);
  }

  /** Settings or the event changed: what the timer waits for may be wrong. */
  changed(eventId: number): void {
    const line = this.#lines.get(eventId);
    if (line?.looking) line.changed = true;
    else if (line) this.#look(eventId, line);
  }

  /** Resolves when the last look has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const lines = [...this.#lines.values()];
    for (const line of lines) line.callOff?.();
    await Promise.all(lines.map((line) => line.looking));
    this.#lines.clear();
  }

  #begin(eventId: number): void {
    if (this.#stopped) return;
    const line: Line = {
      callOff: undefined,
      looking: undefined,
      touched: false,
      changed: false,
      permitsIdle: false,
      failing: false,
    };
    this.#lines.set(eventId, line);
    this.#look(eventId, line);
  }

  #look(eventId: number, line: Line): void {
    if (this.#stopped) return;
    line.callOff?.();
    line.touched = false;
    line.changed = false;
    line.looking = this.#admit(eventId, line).then((admission) => {
      line.looking = undefined;
      if (this.#stopped) return;
      line.permitsIdle = admission?.lookAgainMs === 0;
      if (line.changed) return this.#look(eventId, line);
      if (admission?.waiting === 0 && !line.touched) {
        this.#lines.delete(eventId);
        return;
      }
      const ms = line.touched && line.permitsIdle ? SOONEST_MS : pauseMs(admission);
      line.callOff = this.#timers.after(ms, () => this.#look(eventId, line));
    });
  }

  /** undefined: it could not be decided; the gate is closed until it can. */
  async #admit(eventId: number, line: Line): Promise<Admission | undefined> {
    const { saleOf, store, onAdmitted, log } = this.#options;
    try {
      const sale = saleOf(eventId);
      if (!sale) return undefined;
      const admission = await store.admit(eventId, sale);
      const { admitted, elsewhere } = admission;
      if (admitted.length > 0) await failpoint("queue.admit.afterIssue");
      if (admitted.length + elsewhere.length > 0) onAdmitted(eventId, admitted, elsewhere);
      if (line.failing) log.info({ eventId }, "queue: clients are admitted again");
      line.failing = false;
      return admission;
    } catch (error) {
      if (!line.failing) log.warn({ err: error, eventId }, "queue: nobody can be admitted now");
      line.failing = true;
      return undefined;
    }
  }
}

function pauseMs(admission: Admission | undefined): number {
  if (!admission) return UNKNOWN_MS;
  const again = admission.lookAgainMs;
  if (again === undefined) return CLOSED_MS;
  // Nobody is there: whoever comes looks by coming.
  if (again === 0) return LATEST_MS;
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, again));
}
