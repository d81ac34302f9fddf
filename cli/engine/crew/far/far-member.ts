/** A worker on another machine, hired for one run, as the run's crew knows it. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import type { Msg, NatsConnection, Subscription } from "nats";
import type { Change } from "../../live-controls.ts";
import type { CrewMember, MemberClock, MemberListener, Task } from "../crew-member.ts";
import type { FromWorker } from "../worker-messages.ts";
import { askAgain, isSilence, packed, unpacked, wordsOf } from "./ask-again.ts";
import { ClockTrack } from "./clock-track.ts";
import {
  type Changed,
  CLOCK_EVERY_MS,
  type ClockAnswer,
  HEARD,
  type Heard,
  lastWord,
  type Offer,
  type Open,
  type Order,
  orderSubject,
  type Report,
  reportSubject,
  SILENCE_MS,
  type Start,
} from "./far-messages.ts";
import { ParcelReceiver, type ParcelSink, sendParcel } from "./parcel.ts";

export interface FarMemberOptions {
  readonly nats: NatsConnection;
  readonly offer: Offer;
  readonly wire: string;
  /** Our monotonic clock, in milliseconds from `originNs`. */
  readonly now: () => number;
  readonly originNs: bigint;
}

/** In a row, before a run and after it: the best of them bounds the offset. */
const BURST = 20;
const CLOCK_PATIENCE_MS = 2_000;
/** An hour of a share of 100,000 clients is some 5 GB; what is longer than this is none. */
const MOST_PART_BYTES = 64 * 1_073_741_824;

export class FarMember implements CrewMember {
  readonly name: string;
  /** A second round trip, should the first be lost. */
  readonly noticeMs = 1_000;
  readonly offer: Offer;
  readonly #options: FarMemberOptions;
  readonly #track = new ClockTrack();
  readonly #reports: Subscription;
  readonly #gone = Promise.withResolvers<never>();
  #listener: MemberListener | undefined;
  #part: ParcelReceiver | undefined;
  #partPath = "";
  /** The 0 of the run on our clock and on theirs. */
  #zero = { oursMs: 0, theirsMs: 0 };
  /** That it was told of. */
  #changes = 0;
  #heardMs: number;
  #clockTimer: NodeJS.Timeout | undefined;
  /** Nothing more is expected of it. */
  #over = false;
  /** It may be lost before it was given anything to do. */
  #lost: string | undefined;
  #dismissed = false;

  /** The worker has said yes. */
  constructor(options: FarMemberOptions) {
    const { nats, offer, wire, now } = options;
    this.name = offer.name;
    this.offer = offer;
    this.#options = options;
    this.#heardMs = now();
    this.#gone.promise.catch(() => undefined);
    this.#reports = nats.subscribe(reportSubject(wire, "*"), {
      callback: (error, message) => {
        if (error === null) this.#take(message);
      },
    });
    this.#askClockSoon(0);
  }

  start({ plan, partPath, originNs }: Task, listener: MemberListener): void {
    this.#listener = listener;
    this.#partPath = partPath;
    if (this.#lost !== undefined) {
      listener.lost(this.#lost);
      return;
    }
    this.#begin(JSON.stringify(plan), originNs).catch((error: unknown) =>
      this.#lose(`could not be given its part: ${wordsOf(error)}`),
    );
  }

  open(atMs: number): void {
    this.#order("open", { atMs } satisfies Open).catch((error: unknown) =>
      this.#lose(`does not open: ${wordsOf(error)}`),
    );
  }

  carryOut(change: Change): void {
    const changed: Changed = { no: this.#changes, change };
    this.#changes += 1;
    this.#order("change", changed).catch((error: unknown) =>
      this.#lose(`does not hear of a change: ${wordsOf(error)}`),
    );
  }

  stop(): void {
    // Whether it heard, its silence or its last word will tell.
    this.#order("stop", {}).catch(() => undefined);
  }

  async bring(): Promise<void> {
    await this.#burst();
    const arrived = Promise.withResolvers<void>();
    this.#part = new ParcelReceiver(fileSink(this.#partPath, arrived.resolve), MOST_PART_BYTES);
    await this.#order("part", {});
    await Promise.race([arrived.promise, this.#gone.promise]);
  }

  clock(): MemberClock {
    const fit = this.#track.fit();
    const { oursMs, theirsMs } = this.#zero;
    const { errorMs, driftMs, exchanges } = fit;
    return { errorMs, driftMs, exchanges, toRun: (ms) => fit.toOurs(ms + theirsMs) - oursMs };
  }

  async dismiss(): Promise<void> {
    if (this.#dismissed) return;
    this.#dismissed = true;
    this.#over = true;
    clearTimeout(this.#clockTimer);
    this.#reports.unsubscribe();
    const { nats, wire } = this.#options;
    nats.publish(orderSubject(wire, "leave"));
    await nats.flush().catch(() => undefined);
  }

  async #begin(plan: string, originNs: bigint): Promise<void> {
    const { nats, wire } = this.#options;
    const pieces = Readable.from([Buffer.from(plan)]).pipe(createGzip());
    await sendParcel(nats, orderSubject(wire, "plan"), pieces, SILENCE_MS);
    await this.#burst();
    const offsetMs = this.#track.offsetMs;
    if (offsetMs === undefined) throw new Error("its clock cannot be read");
    const oursMs = Number(originNs - this.#options.originNs) / 1_000_000;
    this.#zero = { oursMs, theirsMs: oursMs + offsetMs };
    await this.#order("start", { zeroMs: this.#zero.theirsMs } satisfies Start);
  }

  async #order(order: Order, payload: object): Promise<void> {
    const { nats, wire } = this.#options;
    const subject = orderSubject(wire, order);
    const heard = await askAgain<Heard>(nats, subject, packed(payload), SILENCE_MS);
    if (!heard.ok) throw new Error(heard.because);
  }

  #take(message: Msg): void {
    this.#heardMs = this.#options.now();
    const report = lastWord(message.subject) as Report;
    switch (report) {
      case "view":
        this.#listener?.heard(unpacked<FromWorker>(message));
        return;
      case "said":
        message.respond(packed(HEARD));
        this.#hear(unpacked<FromWorker>(message));
        return;
      case "part": {
        const none: Heard = { ok: false, because: "nobody asked for it" };
        const heard = this.#part?.take(message.data) ?? Promise.resolve(none);
        void heard.then((one) => message.respond(packed(one)));
        return;
      }
    }
  }

  #hear(said: FromWorker): void {
    if (said.type === "failed") this.#lose(said.because);
    else this.#listener?.heard(said);
  }

  #askClockSoon(afterMs: number): void {
    this.#clockTimer = setTimeout(async () => {
      await this.#askClock();
      const silentMs = this.#options.now() - this.#heardMs;
      if (silentMs > SILENCE_MS) this.#lose(`silent for ${Math.round(silentMs / 1_000)} s`);
      if (!this.#over) this.#askClockSoon(CLOCK_EVERY_MS);
    }, afterMs);
  }

  async #burst(): Promise<void> {
    for (let n = 0; n < BURST; n += 1) await this.#askClock();
  }

  /** A question that is not answered tells nothing. */
  async #askClock(): Promise<void> {
    const { nats, wire, now } = this.#options;
    const subject = orderSubject(wire, "clock");
    try {
      const sentMs = now();
      const message = await nats.request(subject, undefined, { timeout: CLOCK_PATIENCE_MS });
      const heardMs = now();
      const { receivedMs, sentMs: theirSentMs } = unpacked<ClockAnswer>(message);
      this.#track.add({ sentMs, theirReceivedMs: receivedMs, theirSentMs, heardMs });
      this.#heardMs = heardMs;
    } catch (error) {
      if (!isSilence(error)) this.#lose(wordsOf(error));
    }
  }

  #lose(because: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#lost = because;
    clearTimeout(this.#clockTimer);
    this.#gone.reject(new Error(because));
    this.#listener?.lost(because);
  }
}

/** Unpacks into a file, no faster than the disk takes it. */
function fileSink(path: string, whole: () => void): ParcelSink {
  const gunzip = createGunzip();
  const written = pipeline(gunzip, createWriteStream(path));
  written.catch(() => undefined);
  return {
    write: async (bytes) => {
      const taken = new Promise<void>((resolve, reject) => {
        gunzip.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      await Promise.race([taken, written]);
    },
    whole: async () => {
      gunzip.end();
      await written;
      whole();
    },
  };
}
