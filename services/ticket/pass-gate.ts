/** The ticket service's side of the gate: spends a pass, and gives it back after a refusal. */
import type { ServiceBroker } from "moleculer";
import { z } from "zod";
import type { PassRedemption } from "../common/contracts/queue.ts";
import type { Log } from "../common/log.ts";
import { systemTimers, type Timers } from "../common/timers.ts";

/** silent: the queue could not be asked, so nothing is known of the pass. */
export type Redemption = "redeemed" | "replayed" | "invalid" | "silent";

const redeemAnswer = z.object({ result: z.enum(["redeemed", "replayed", "invalid"]) });

/** The buyer waits for the first attempt, so it must not take long; later ones are in private. */
const FIRST_RESTORE_MS = 1_000;
/** Together about 13 s: longer than a queue process needs to be replaced. */
const RESTORE_PAUSES_MS = [200, 400, 800, 1_600, 3_200, 6_400];
/** Passes being given back in private; an outage under load must not fill the memory. */
const RESTORES_AT_ONCE = 1_000;

export interface PassGateOptions {
  readonly broker: Pick<ServiceBroker, "call">;
  readonly log: Log;
  /** Whether a reservation was made with the pass, as the database knows. */
  readonly isSpent: (passToken: string) => Promise<boolean>;
  /** Told of each pass that could not be given back. */
  readonly onLost: () => void;
  readonly timers?: Timers;
}

export class PassGate {
  readonly #options: PassGateOptions;
  readonly #restoring = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #pauses = new Set<() => void>();

  constructor(options: PassGateOptions) {
    this.#options = options;
  }

  async redeem(redemption: PassRedemption): Promise<Redemption> {
    try {
      const answer = await this.#options.broker.call("queue.redeemPass", redemption);
      return redeemAnswer.parse(answer).result;
    } catch (error) {
      this.#options.log.warn({ err: error }, "the queue cannot be asked about a pass");
      return "silent";
    }
  }

  /**
   * Makes a pass usable again that bought nothing. Resolves after the first attempt, so that a
   * refused buyer usually finds the pass restored; failed attempts go on in private.
   */
  async giveBack(redemption: PassRedemption): Promise<void> {
    if (!(await this.#restore(redemption))) this.giveBackLater(redemption);
  }

  /**
   * The same where nobody has looked whether the pass has bought: an earlier request by the same key
   * may have, or another one at this moment.
   */
  async giveBackUnlessSpent(redemption: PassRedemption): Promise<void> {
    const spent = await this.#isSpent(redemption);
    if (spent === false) await this.giveBack(redemption);
    else if (spent === undefined) this.giveBackLater(redemption);
  }

  /** The same, for a queue or a database that is known not to answer now. */
  giveBackLater(redemption: PassRedemption): void {
    if (this.#restoring.size >= RESTORES_AT_ONCE) {
      this.#options.onLost();
      return;
    }
    const restoring = this.#keepTrying(redemption).finally(() => this.#restoring.delete(restoring));
    this.#restoring.add(restoring);
  }

  /** Ends the private attempts; the passes they were for stay spent until they expire. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const end of this.#pauses) end();
    await Promise.allSettled(this.#restoring);
  }

  async #keepTrying(redemption: PassRedemption): Promise<void> {
    const { signal } = this.#stopping;
    for (const pause of RESTORE_PAUSES_MS) {
      await this.#pause(pause);
      if (signal.aborted) break;
      // Meanwhile a repetition by the same key may have bought with it.
      const spent = await this.#isSpent(redemption);
      if (spent === true) return;
      if (spent === false && (await this.#restore(redemption))) return;
    }
    this.#options.onLost();
  }

  /** Undefined: the database does not answer now. */
  async #isSpent({ passToken }: PassRedemption): Promise<boolean | undefined> {
    try {
      return await this.#options.isSpent(passToken);
    } catch (error) {
      this.#options.log.warn({ err: error }, "whether a pass has bought is not known now");
      return undefined;
    }
  }

  /** Ends early when the service stops. */
  #pause(ms: number): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        this.#pauses.delete(end);
        callOff();
        resolve();
      };
      const callOff = (this.#options.timers ?? systemTimers).after(ms, end);
      this.#pauses.add(end);
    });
  }

  async #restore(redemption: PassRedemption): Promise<boolean> {
    try {
      await this.#options.broker.call("queue.restorePass", redemption, {
        timeout: FIRST_RESTORE_MS,
      });
      return true;
    } catch (error) {
      this.#options.log.debug({ err: error }, "a pass could not be given back, will try again");
      return false;
    }
  }
}
