/** Faults one after the other for as long as somebody has switched them on; all undone in the end. */
import { once } from "node:events";
import { type Fault, type FaultDrawing, type FaultKind, wordsOf } from "./faults.ts";
import { lasting } from "./havoc.ts";

export interface UnrestOptions {
  readonly kinds: readonly FaultKind[];
  readonly drawing: FaultDrawing;
  /** Brings one fault about, and resolves when it is undone: at the latest soon after the signal. */
  readonly strike: (fault: Fault, until: AbortSignal) => Promise<void>;
  /** Resolves when everything is up again. */
  readonly mend: () => Promise<void>;
  readonly on: boolean;
}

export class Unrest {
  readonly kinds: readonly FaultKind[];
  readonly #options: UnrestOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  readonly #turned = new EventTarget();
  #faults = 0;
  /** Aborted when it is switched off; undefined while it is. */
  #period: AbortController | undefined;

  constructor(options: UnrestOptions) {
    this.kinds = options.kinds;
    this.#options = options;
    if (options.on) this.#period = new AbortController();
  }

  get on(): boolean {
    return this.#period !== undefined;
  }

  /** Begun so far. */
  get faults(): number {
    return this.#faults;
  }

  /** Off: what lasts is undone at once. */
  turn(on: boolean): void {
    if (on === this.on) return;
    this.#period?.abort();
    this.#period = on ? new AbortController() : undefined;
    this.#turned.dispatchEvent(new Event("turned"));
  }

  /** `tell` hears of each fault as it begins. Resolves when the signal has come and all is mended. */
  async run(
    tell: (what: string, target: string, text: string) => void,
    until: AbortSignal,
  ): Promise<void> {
    while (!until.aborted) {
      if (this.#period === undefined) {
        await once(this.#turned, "turned", { signal: until }).catch(() => undefined);
      } else {
        await this.#rage(tell, AbortSignal.any([until, this.#period.signal]));
      }
    }
    await Promise.all(this.#underWay);
    await this.#options.mend();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #rage(
    tell: (what: string, target: string, text: string) => void,
    until: AbortSignal,
  ): Promise<void> {
    const { drawing, strike } = this.#options;
    for (;;) {
      const fault = drawing.next();
      await lasting(fault.afterMs, until);
      if (until.aborted) return;
      this.#faults += 1;
      tell(fault.kind, fault.target, wordsOf(fault));
      const done: Promise<void> = strike(fault, until)
        .catch((error: unknown) => void this.#failures.push(error))
        .finally(() => this.#underWay.delete(done));
      this.#underWay.add(done);
    }
  }
}
