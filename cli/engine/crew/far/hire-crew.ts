/** Finds workers on other machines for a run, and keeps them for it. */
import { randomBytes } from "node:crypto";
import type { NatsConnection } from "nats";
import { hostOf } from "../../../../services/common/contracts/nats-url.ts";
import { UnavailableError } from "../../../../services/common/errors.ts";
import { clockOrigin, startClock } from "../../clock.ts";
import type { RunPlan } from "../../plan.ts";
import type { RunOutput } from "../../run-handle.ts";
import { Crew, type SharedRun } from "../crew.ts";
import { askAgain, packed, unpacked, wordsOf } from "./ask-again.ts";
import { connectNats } from "./connect-nats.ts";
import { FarMember } from "./far-member.ts";
import {
  type Call,
  callSubject,
  type Heard,
  type Hire,
  hireSubject,
  type Offer,
  OUR_SPEECH,
  offerSubject,
  speaksAlike,
  speechInWords,
  wireOf,
} from "./far-messages.ts";

export interface HireWish {
  readonly url: string;
  readonly group: string;
  readonly count: number;
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

export interface HiredCrew {
  readonly names: readonly string[];
  /** Open files that a process of the least of their machines may have, where that can be told. */
  readonly fileLimit: number | undefined;
  /** Like `runSale`, over all of them. */
  run(plan: RunPlan, out: RunOutput, signal: AbortSignal): SharedRun;
  /** Lets go of them, and of NATS. */
  close(): Promise<void>;
}

const CALL_EVERY_MS = 500;
const HIRE_PATIENCE_MS = 3_000;

/**
 * Waits until so many are there; undefined when the signal came first.
 * @throws UnavailableError with one line when fewer come in time, or NATS does not answer
 */
export async function hireCrew(wish: HireWish): Promise<HiredCrew | undefined> {
  const nats = await connectNats(wish.url, "reservex simulate");
  const hiring = new Hiring(nats, wish);
  try {
    const members = await hiring.gather();
    if (members === undefined) {
      await hiring.close();
      return undefined;
    }
    const limits = members.flatMap(({ offer }) => offer.fileLimit ?? []);
    return {
      names: members.map(({ name }) => name),
      fileLimit: limits.length === 0 ? undefined : Math.min(...limits),
      run: (plan, out, signal) => new Crew(plan, out.historyPath, members).begin(signal),
      close: () => hiring.close(),
    };
  } catch (error) {
    await hiring.close();
    throw error;
  }
}

class Hiring {
  readonly #nats: NatsConnection;
  readonly #wish: HireWish;
  readonly #runToken = randomBytes(8).toString("hex");
  readonly #originNs = clockOrigin();
  readonly #clock = startClock(this.#originNs);
  /** Of the last call. */
  readonly #offers = new Map<string, Offer>();
  readonly #members: FarMember[] = [];

  constructor(nats: NatsConnection, wish: HireWish) {
    this.#nats = nats;
    this.#wish = wish;
    nats.subscribe(offerSubject(wish.group, this.#runToken), {
      callback: (error, message) => {
        if (error !== null) return;
        const offer = unpacked<Offer>(message);
        this.#offers.set(offer.worker, offer);
      },
    });
  }

  async gather(): Promise<readonly FarMember[] | undefined> {
    const { group, count, waitSeconds, signal } = this.#wish;
    const untilMs = this.#clock.now() + waitSeconds * 1_000;
    const call = packed({ ...OUR_SPEECH, runToken: this.#runToken } satisfies Call);
    const reply = offerSubject(group, this.#runToken);
    while (!signal.aborted) {
      this.#offers.clear();
      this.#nats.publish(callSubject(group), call, { reply });
      await new Promise((resolve) => setTimeout(resolve, CALL_EVERY_MS));
      const fit = [...this.#offers.values()].filter((one) => speaksAlike(one) && !one.busy);
      // One not enough is no use to us and may be all that somebody else lacks.
      const enough = this.#members.length + fit.length >= count;
      if (enough) await this.#hire(fit.sort((a, b) => (a.name < b.name ? -1 : 1)));
      if (this.#members.length === count) return this.#members;
      if (this.#clock.now() > untilMs) throw new UnavailableError(this.#tooFew());
    }
    return undefined;
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.dismiss()));
    await this.#nats.close();
  }

  async #hire(offers: readonly Offer[]): Promise<void> {
    for (const offer of offers) {
      if (this.#members.length === this.#wish.count) return;
      const { group } = this.#wish;
      const wire = wireOf(group, this.#runToken, this.#members.length);
      const hire = packed({ ...OUR_SPEECH, wire } satisfies Hire);
      const subject = hireSubject(group, offer.worker);
      const heard = await askAgain<Heard>(this.#nats, subject, hire, HIRE_PATIENCE_MS).catch(
        (error: unknown): Heard => ({ ok: false, because: wordsOf(error) }),
      );
      // Gone meanwhile, or taken: whoever answers the next call is asked then.
      if (!heard.ok) continue;
      const clock = { now: () => this.#clock.now(), originNs: this.#originNs };
      this.#members.push(new FarMember({ nats: this.#nats, offer, wire, ...clock }));
    }
  }

  #tooFew(): string {
    const { url, group, count, waitSeconds } = this.#wish;
    const others = [...this.#offers.values()];
    const strangers = others.filter((one) => !speaksAlike(one));
    const alike = others.filter(speaksAlike);
    const idle = alike.filter(({ busy }) => !busy).length;
    const free = idle + this.#members.length;
    // Those that we hired ourselves are busy with us.
    const busy = alike.length - idle - this.#members.length;
    const words = [
      `${count} workers are needed at ${hostOf(url)} (group ${group}), ` +
        `${free} came within ${waitSeconds} s`,
      ...(busy > 0 ? [`${busy} more work for another run`] : []),
      ...strangers.map((one) => {
        const ours = speechInWords(OUR_SPEECH);
        return `${one.name} is ${speechInWords(one)}, this is ${ours}: run one version everywhere`;
      }),
      `start one with: reservex worker --join ${new URL(url).protocol}//${hostOf(url)}`,
    ];
    return words.join("; ");
  }
}
