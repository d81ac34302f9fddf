/**
 * Sends requests to one origin over a few keep-alive connections, or one a client, and says what came of each:
 * ok, fail or unknown. Never throws and makes no promise per request: answers go to one listener.
 */
import { destinationOf } from "./client-socket.ts";
import {
  Connection,
  type ConnectionOptions,
  type ConnectionOwner,
  type WireJob,
} from "./http-connection.ts";
import type { Reply } from "./http-reply.ts";
import { type OwnSocketOptions, OwnSockets } from "./own-sockets.ts";

export type { WireJob } from "./http-connection.ts";
export type { Reply } from "./http-reply.ts";

export interface DriverListener<J> {
  /** The job's first byte is about to be written. Called once a job, before {@link ended}. */
  started(job: J, nowMs: number): void;
  /** The last word on a job; a job whose connection could not be opened never started. */
  ended(job: J, reply: Reply): void;
}

export interface DriverOptions<J = never> {
  /** An http or https URL; its path, if any, goes before every request's. */
  readonly baseUrl: string;
  readonly connections: number;
  /** From the first byte out to the last byte in; up to a tenth longer, for one sweep sees all. */
  readonly requestTimeoutMs: number;
  /** A longer body is not read to its end. */
  readonly maxBodyBytes?: number;
  /** Each client's first request at a time goes over its own socket. */
  readonly ownSockets?: OwnSocketOptions<J> | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const DEFAULT_MAX_BODY_BYTES = 1_048_576;
/** Node's servers close what is idle for 5 s and say so; some close it then and do not. */
const KEEP_ALIVE_MS = 4_000;
/** A client keeps its socket while it waits in line; the server may close it sooner. */
const OWN_KEEP_ALIVE_MS = 600_000;

export class HttpDriver<J extends WireJob> implements ConnectionOwner<J> {
  readonly #options: DriverOptions<J>;
  readonly #listener: DriverListener<J>;
  readonly #shared: ConnectionOptions;
  readonly #connections: Connection<J>[] = [];
  /** Idle connections, the most lately used on top: a quiet run keeps few of them warm. */
  readonly #idle: Connection<J>[] = [];
  readonly #queue = new JobQueue<J>();
  readonly #own: OwnSockets<J> | undefined;
  /** They have a job to write, once this round of input is over. */
  #writing: Connection<J>[] = [];
  #turn = 0;
  readonly #flush = () => this.#writeAll();
  readonly #sweep: NodeJS.Timeout;
  #closed = false;

  /** Throws TypeError for a base URL that is none. Opens no connection before the first request. */
  constructor(options: DriverOptions<J>, listener: DriverListener<J>) {
    const url = new URL(options.baseUrl);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new TypeError(`${options.baseUrl} is neither http nor https`);
    }
    this.#options = options;
    this.#listener = listener;
    this.#shared = {
      destination: destinationOf(url),
      host: url.host,
      prefix: url.pathname.replace(/\/+$/, ""),
      maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
      now: options.now,
    };
    const { ownSockets: own } = options;
    this.#own =
      own && new OwnSockets((client) => this.#connect(own.addressOf(client), OWN_KEEP_ALIVE_MS));
    const everyMs = Math.max(10, Math.min(250, options.requestTimeoutMs / 10));
    this.#sweep = setInterval(() => this.#cutLate(), everyMs);
    this.#sweep.unref();
  }

  /** Jobs that wait for a free connection. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Connections that were opened and not closed again, those of clients included. */
  get open(): number {
    return this.#connections.length + (this.#own?.size ?? 0);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** For a connection: whether a round of input has passed. */
  get turn(): number {
    return this.#turn;
  }

  /** Takes the job; after {@link close} it is forgotten. Jobs leave in the order they came. */
  send(job: J): void {
    if (this.#closed) return;
    const own = this.#own?.take(this.#options.ownSockets!.clientOf(job));
    const connection = own ?? this.#idle.pop() ?? this.#open();
    if (connection === undefined) this.#queue.push(job);
    else connection.carry(job);
  }

  /** The client asks nothing more: a socket of its own is closed. */
  release(client: number): void {
    if (!this.#closed) this.#own?.release(client);
  }

  /** Cuts everything off at once and says nothing more to the listener. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweep);
    // Not at once: the caller may be a listener, and its connection still at work on the answer.
    await new Promise((resolve) => setImmediate(resolve));
    for (const connection of this.#connections) connection.destroy();
    this.#own?.close();
    // The turn after that the sockets are closed for the system as well.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * For a connection: it has a job to write. Those of one turn are written together at its end:
   * by then a server that has closed an idle connection is known to have done so, if it could be.
   */
  ready(connection: Connection<J>): void {
    this.#writing.push(connection);
    if (this.#writing.length === 1) setImmediate(this.#flush);
  }

  /** For a connection: its job began, or came to its end. */
  started(job: J, nowMs: number): void {
    if (!this.#closed) this.#listener.started(job, nowMs);
  }

  ended(job: J, reply: Reply): void {
    if (!this.#closed) this.#listener.ended(job, reply);
  }

  /** For a connection: it is free again. */
  free(connection: Connection<J>): void {
    if (this.#closed || this.#own?.free(connection)) return;
    const next = this.#queue.shift();
    if (next === undefined) this.#idle.push(connection);
    else connection.carry(next);
  }

  #open(): Connection<J> | undefined {
    if (this.#connections.length >= this.#options.connections) return undefined;
    const opened = this.#connect(undefined, KEEP_ALIVE_MS);
    this.#connections.push(opened);
    return opened;
  }

  #connect(localAddress: string | undefined, maxIdleMs: number): Connection<J> {
    return new Connection<J>(this, this.#shared, localAddress, maxIdleMs);
  }

  #writeAll(): void {
    const writing = this.#writing;
    this.#writing = [];
    for (const connection of writing) connection.write();
    this.#turn += 1;
  }

  #cutLate(): void {
    const oldest = this.#options.now() - this.#options.requestTimeoutMs;
    for (const connection of this.#connections) connection.cutIfBegunBefore(oldest);
    this.#own?.cutIfBegunBefore(oldest);
  }
}

/** First in, first out, without moving the rest at each step. */
class JobQueue<J> {
  #jobs: (J | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#jobs.length - this.#head;
  }

  push(job: J): void {
    this.#jobs.push(job);
  }

  shift(): J | undefined {
    if (this.#head === this.#jobs.length) return undefined;
    const job = this.#jobs[this.#head];
    this.#jobs[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 1_024 && this.#head * 2 > this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    return job;
  }
}
