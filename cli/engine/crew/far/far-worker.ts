/** A worker for runs that others plan: answers their calls, works for one at a time, waits again. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Msg, NatsConnection, Subscription } from "nats";
import { clockOrigin, startClock } from "../../clock.ts";
import { openFileLimit } from "../../http/open-files.ts";
import { packed, unpacked } from "./ask-again.ts";
import { FarJob } from "./far-job.ts";
import {
  type Call,
  callSubject,
  HEARD,
  type Heard,
  type Hire,
  hireSubject,
  type Offer,
  OUR_SPEECH,
  type Speech,
  speaksAlike,
  speechInWords,
} from "./far-messages.ts";

export interface FarWorkerOptions {
  readonly group: string;
  /** For people. */
  readonly name?: string;
  readonly say: (line: string) => void;
}

/** Host and process: nobody has to invent a name, and a dead one is found. */
const ownName = (): string => `${hostname()}:${process.pid}`;

export class FarWorker {
  readonly name: string;
  readonly #nats: NatsConnection;
  readonly #options: FarWorkerOptions;
  readonly #id = randomBytes(6).toString("hex");
  readonly #originNs = clockOrigin();
  readonly #clock = startClock(this.#originNs);
  readonly #subscriptions: readonly Subscription[];
  readonly #refused = new Set<string>();
  #job: FarJob | undefined;
  #closing = false;
  /** Runs that it was hired for. */
  runs = 0;

  /** Is there for whoever calls from now on. The connection is the caller's to close. */
  constructor(nats: NatsConnection, options: FarWorkerOptions) {
    const { group } = options;
    this.#nats = nats;
    this.#options = options;
    this.name = options.name ?? ownName();
    const on = (subject: string, take: (message: Msg) => void) =>
      nats.subscribe(subject, { callback: (error, message) => error === null && take(message) });
    this.#subscriptions = [
      on(callSubject(group), (message) => this.#offer(message)),
      on(hireSubject(group, this.#id), (message) => message.respond(packed(this.#hired(message)))),
    ];
  }

  /** Leaves a run that is under way, which makes it invalid. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const one of this.#subscriptions) one.unsubscribe();
    await this.#job?.breakOff("was stopped by its operator");
    await this.#nats.flush();
  }

  #offer(message: Msg): void {
    const call = unpacked<Call>(message);
    if (!speaksAlike(call)) this.#refuse(call);
    const fileLimit = openFileLimit();
    const offer: Offer = {
      ...OUR_SPEECH,
      worker: this.#id,
      name: this.name,
      busy: this.#job !== undefined,
      ...(fileLimit !== undefined && { fileLimit }),
    };
    message.respond(packed(offer));
  }

  #hired(message: Msg): Heard {
    const hire = unpacked<Hire>(message);
    const { wire } = hire;
    if (!speaksAlike(hire)) {
      this.#refuse(hire);
      return { ok: false, because: `it is ${speechInWords(OUR_SPEECH)}` };
    }
    if (this.#job?.wire === wire) return HEARD;
    if (this.#job !== undefined) return { ok: false, because: "it works for another run" };
    this.runs += 1;
    this.#job = new FarJob(this.#nats, wire, {
      now: () => this.#clock.now(),
      originNs: this.#originNs,
      say: this.#options.say,
      over: () => {
        this.#job = undefined;
        if (!this.#closing) this.#options.say("waiting for a run");
      },
    });
    return HEARD;
  }

  /** Told once for each: whoever looks for workers calls twice a second. */
  #refuse(whoever: Speech): void {
    const words = speechInWords(whoever);
    if (this.#refused.has(words)) return;
    this.#refused.add(words);
    const ours = speechInWords(OUR_SPEECH);
    this.#options.say(`refused a run of ${words}, this is ${ours}: run one version everywhere`);
  }
}
