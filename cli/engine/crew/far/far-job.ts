/** One run at a worker: from its hire until it is let go, or has heard nothing for too long. */
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip, gunzipSync } from "node:zlib";
import type { Msg, NatsConnection, Subscription } from "nats";
import type { RunPlan } from "../../plan.ts";
import { LocalMember } from "../crew-member.ts";
import { sizeOf } from "../share.ts";
import type { FromWorker } from "../worker-messages.ts";
import { askAgain, packed, unpacked, wordsOf } from "./ask-again.ts";
import {
  type Changed,
  type ClockAnswer,
  HEARD,
  type Heard,
  lastWord,
  type Open,
  type Order,
  orderSubject,
  reportSubject,
  SILENCE_MS,
  type Start,
} from "./far-messages.ts";
import { ParcelReceiver, sendParcel } from "./parcel.ts";

export interface JobHost {
  /** The machine's monotonic clock, in milliseconds from `originNs`. */
  readonly now: () => number;
  readonly originNs: bigint;
  /** One line for whoever looks after the worker. */
  readonly say: (line: string) => void;
  /** The worker is free again. */
  readonly over: () => void;
}

/** Tokens of 100,000 clients are some 60 MB, and pack to a third. */
const MOST_PLAN_BYTES = 256 * 1_048_576;
const LOOK_MS = 1_000;
const SILENT = "the coordinator fell silent";

export class FarJob {
  readonly wire: string;
  readonly #nats: NatsConnection;
  readonly #host: JobHost;
  readonly #orders: Subscription;
  readonly #watch: NodeJS.Timeout;
  readonly #plan: Buffer[] = [];
  readonly #planParcel: ParcelReceiver;
  #folder: string | undefined;
  #member: LocalMember | undefined;
  #sending: Promise<void> | undefined;
  /** Perhaps before there is anything to stop. */
  #stopAsked = false;
  /** Changes it has heard of. */
  #changes = 0;
  #heardMs: number;
  #ended = false;

  constructor(nats: NatsConnection, wire: string, host: JobHost) {
    this.wire = wire;
    this.#nats = nats;
    this.#host = host;
    this.#heardMs = host.now();
    const write = async (bytes: Uint8Array) => void this.#plan.push(Buffer.from(bytes));
    this.#planParcel = new ParcelReceiver({ write, whole: async () => {} }, MOST_PLAN_BYTES);
    this.#orders = nats.subscribe(orderSubject(wire, "*"), {
      callback: (error, message) => {
        if (error === null) this.#take(message);
      },
    });
    this.#watch = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Leaves the run, telling why; the run is invalid then. */
  async breakOff(because: string): Promise<void> {
    if (this.#ended) return;
    await this.#tell({ type: "failed", because }).catch(() => undefined);
    await this.#end(because);
  }

  #take(message: Msg): void {
    const receivedMs = this.#host.now();
    this.#heardMs = receivedMs;
    const order = lastWord(message.subject) as Order;
    if (order === "clock") {
      const answer: ClockAnswer = { receivedMs, sentMs: this.#host.now() };
      message.respond(packed(answer));
      return;
    }
    this.#obey(order, message)
      .catch((error: unknown): Heard => ({ ok: false, because: wordsOf(error) }))
      .then((heard) => message.respond(packed(heard)));
  }

  async #obey(order: Exclude<Order, "clock">, message: Msg): Promise<Heard> {
    switch (order) {
      case "plan":
        return this.#planParcel.take(message.data);
      case "start":
        await this.#start(unpacked<Start>(message));
        return HEARD;
      case "open":
        this.#member?.open(unpacked<Open>(message).atMs);
        return HEARD;
      case "change": {
        const { no, change } = unpacked<Changed>(message);
        if (no >= this.#changes) this.#member?.carryOut(change);
        this.#changes = Math.max(this.#changes, no + 1);
        return HEARD;
      }
      case "stop":
        this.#stopAsked = true;
        this.#member?.stop();
        return HEARD;
      case "part":
        this.#sending ??= this.#sendPart();
        return HEARD;
      case "leave":
        void this.#end("the run is over");
        return HEARD;
    }
  }

  async #start({ zeroMs }: Start): Promise<void> {
    if (this.#member !== undefined) return;
    const member = new LocalMember("the engine");
    this.#member = member;
    this.#folder = await mkdtemp(join(tmpdir(), "reservex-worker-"));
    const plan = JSON.parse(gunzipSync(Buffer.concat(this.#plan)).toString()) as RunPlan;
    this.#plan.length = 0;
    const { settings, share, runId } = plan;
    const own = share === undefined ? settings.clients : sizeOf(share, settings.clients);
    const targets = [...new Set(Object.values(settings.target))].join(", ");
    this.#host.say(`run ${runId}: ${own} of ${settings.clients} clients, against ${targets}`);
    const originNs = this.#host.originNs + BigInt(Math.round(zeroMs * 1_000_000));
    member.start(
      { plan, partPath: this.#partPath(), originNs },
      {
        heard: (said) => void this.#pass(said),
        lost: (because) => void this.breakOff(`its engine ${because}`),
      },
    );
    if (this.#stopAsked) member.stop();
  }

  #partPath(): string {
    if (this.#folder === undefined) throw new Error("it has not begun");
    return join(this.#folder, "part.ndjson");
  }

  async #pass(said: FromWorker): Promise<void> {
    if (this.#ended) return;
    if (said.type === "view") {
      this.#nats.publish(reportSubject(this.wire, "view"), packed(said));
      return;
    }
    await this.#tell(said).catch(() => this.#end(SILENT));
  }

  async #tell(said: FromWorker): Promise<void> {
    await askAgain<Heard>(this.#nats, reportSubject(this.wire, "said"), packed(said), SILENCE_MS);
  }

  async #sendPart(): Promise<void> {
    const subject = reportSubject(this.wire, "part");
    try {
      const part = createReadStream(this.#partPath()).pipe(createGzip());
      await sendParcel(this.#nats, subject, part, SILENCE_MS);
    } catch (error) {
      await this.breakOff(wordsOf(error));
    }
  }

  #look(): void {
    const silentMs = this.#host.now() - this.#heardMs;
    if (silentMs > SILENCE_MS) void this.#end(SILENT);
  }

  async #end(because: string): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#watch);
    this.#orders.unsubscribe();
    await this.#member?.dismiss();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    this.#host.say(because);
    this.#host.over();
  }
}
