/** Sends probes one after the other, on connections of its own, and records what came of each. */
import type { ProbeOp } from "../../judge/history.ts";
import { HttpDriver, type Reply, type WireJob } from "../http/http-driver.ts";
import type { TargetUrls } from "../plan.ts";

export type Method = WireJob["request"]["method"];

/** One request, what is to be thought of its answer, and how it is told to people. */
export interface Probe {
  readonly promise: ProbeOp["promise"];
  readonly tried: string;
  readonly expected: ProbeOp["expected"];
  readonly service: "account" | "queue" | "ticket";
  readonly method: Method;
  readonly path: string;
  readonly token?: string | undefined;
  /** Names and values by turns. */
  readonly headers?: readonly string[];
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  readonly alike?: string;
  readonly pace?: string;
  /** What is compared of the answer, beside status and code. */
  readonly said?: (body: unknown) => string;
}

/** Where probes are written down. */
export interface ProbeRecord {
  /** The number of an operation that begins now. */
  takeId(): number;
  probed(op: Omit<ProbeOp, "kind" | "op">): void;
}

interface Call extends WireJob {
  readonly answered: (reply: Reply) => void;
  sentMs: number;
}

/** Thrown where the run ends: nothing more is sent. */
export class ProbingStopped extends Error {}

const TIMEOUT_MS = 10_000;

export class Prober {
  readonly #client: number;
  readonly #now: () => number;
  readonly #record: ProbeRecord;
  readonly #drivers: Readonly<Record<Probe["service"], HttpDriver<Call>>>;
  /** Ends the wait of whoever waits now. */
  #interrupt: ((reason: ProbingStopped) => void) | undefined;
  #stopped = false;

  /** `client`: the number under which the prober stands in the record. */
  constructor(
    target: Pick<TargetUrls, Probe["service"]>,
    client: number,
    now: () => number,
    record: ProbeRecord,
  ) {
    this.#client = client;
    this.#now = now;
    this.#record = record;
    const open = (baseUrl: string) =>
      new HttpDriver<Call>(
        { baseUrl, connections: 1, requestTimeoutMs: TIMEOUT_MS, now },
        {
          started: (call, nowMs) => {
            call.sentMs = nowMs;
          },
          ended: (call, reply) => call.answered(reply),
        },
      );
    this.#drivers = {
      account: open(target.account),
      queue: open(target.queue),
      ticket: open(target.ticket),
    };
  }

  /** Rejects with {@link ProbingStopped} when stopped before the answer: nothing is recorded then. */
  async send(probe: Probe): Promise<Reply> {
    const { method, path, service } = probe;
    const intendedMs = this.#now();
    const id = this.#record.takeId();
    const request = { method, path, headers: headersOf(probe), body: bodyOf(probe.body) };
    const call: Call = { request, answered: () => undefined, sentMs: -1 };
    const reply = await this.#unlessStopped<Reply>((resolve) => {
      this.#drivers[service].send(Object.assign(call, { answered: resolve }));
    });
    const { promise, tried, expected, alike, pace, said } = probe;
    const { outcome, status, code, endedMs } = reply;
    this.#record.probed({
      ...{ id, client: this.#client, intendedMs, endedMs, outcome, promise, tried, expected },
      invokedMs: call.sentMs < 0 ? endedMs : call.sentMs,
      ...(status !== undefined && { status }),
      ...(code !== undefined && { code }),
      ...(alike !== undefined && { alike }),
      ...(pace !== undefined && { pace }),
      ...(said && { said: said(reply.body) }),
    });
    return reply;
  }

  pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    return this.#unlessStopped<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    }).finally(() => clearTimeout(timer));
  }

  /** Ends whoever waits, and the connections. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt?.(new ProbingStopped());
    await Promise.all(Object.values(this.#drivers).map((driver) => driver.close()));
  }

  #unlessStopped<T>(begin: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#stopped) return reject(new ProbingStopped());
      this.#interrupt = reject;
      begin(resolve);
    });
  }
}

function headersOf({ token, headers = [], body }: Probe): string[] {
  const all = [...headers];
  if (token !== undefined) all.push("authorization", `Bearer ${token}`);
  if (body !== undefined) all.push("content-type", "application/json");
  return all;
}

function bodyOf(body: unknown): string | undefined {
  if (body === undefined || typeof body === "string") return body;
  return JSON.stringify(body);
}
