/**
 * A keep-alive connection, reopened when it has to be, and the one job it carries: a request is
 * written once, whole, and whatever then happens short of a whole answer leaves its fate unknown.
 */
import type { Socket } from "node:net";
import { AnswerReader, type Progress } from "./answer-reader.ts";
import { type Destination, openSocket, type SocketListener } from "./client-socket.ts";
import { type Reply, readRetryAfter, replyOf, silence } from "./http-reply.ts";
import { requestText, type WireRequest } from "./http-request.ts";

/** What a driver needs to know of a job; the rest of it is its owner's. */
export interface WireJob {
  readonly request: WireRequest;
}

/** Whoever gives the connection its jobs. */
export interface ConnectionOwner<J extends WireJob> {
  /** True once it listens no more: what begins then would be on the wire and in no record. */
  readonly closed: boolean;
  /** A number that is another one after each round of input. */
  readonly turn: number;
  /** The connection has a job to write: {@link Connection.write}, after this round of input. */
  ready(connection: Connection<J>): void;
  started(job: J, nowMs: number): void;
  ended(job: J, reply: Reply): void;
  /** The connection can carry another job. */
  free(connection: Connection<J>): void;
}

/** What all connections of a driver share. */
export interface ConnectionOptions {
  readonly destination: Destination;
  /** The value of the Host header. */
  readonly host: string;
  /** Comes before every request's path. */
  readonly prefix: string;
  readonly maxBodyBytes: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A server that says when it closes what is idle is left this much earlier. */
const BEFORE_CLOSING_MS = 1_000;
const LONGEST_IDLE_MS = 600_000;

export class Connection<J extends WireJob> implements SocketListener {
  readonly #owner: ConnectionOwner<J>;
  readonly #options: ConnectionOptions;
  readonly #localAddress: string | undefined;
  readonly #maxIdleMs: number;
  readonly #answer: AnswerReader;
  #socket: Socket | undefined;
  #isOpen = false;
  #job: J | undefined;
  /** The job's bytes were given to the socket. */
  #written = false;
  /** When the job was written or its connection begun; Infinity while neither has happened. */
  #sinceMs = Number.POSITIVE_INFINITY;
  /** The socket is not to be used when idle after this. */
  #freshUntilMs = 0;
  /** The turn in which it was answered and no job waited for it. */
  #idleTurn = -1;

  /** `maxIdleMs`: as long as nothing else is said by the server, a socket idle for so long is left. */
  constructor(
    owner: ConnectionOwner<J>,
    options: ConnectionOptions,
    localAddress: string | undefined,
    maxIdleMs: number,
  ) {
    this.#owner = owner;
    this.#options = options;
    this.#localAddress = localAddress;
    this.#maxIdleMs = maxIdleMs;
    this.#answer = new AnswerReader(options.maxBodyBytes);
  }

  /** Takes the job, which is written when its owner says so. Only while the connection is free. */
  carry(job: J): void {
    this.#job = job;
    this.#written = false;
    this.#sinceMs = Number.POSITIVE_INFINITY;
    this.#owner.ready(this);
  }

  /** Writes the job, or opens a socket first where there is none that can be trusted. */
  write(): void {
    if (this.#job === undefined || this.#owner.closed) return;
    const nowMs = this.#options.now();
    if (nowMs >= this.#freshUntilMs) this.#drop();
    if (this.#socket === undefined) {
      this.#sinceMs = nowMs;
      this.#socket = openSocket(this.#options.destination, this.#localAddress, this);
    } else if (this.#idleTurn === this.#owner.turn) {
      // Some servers close right behind an answer and do not say so; the next round would tell. A
      // job that has waited for the connection has waited long enough.
      this.#owner.ready(this);
    } else {
      this.#put(this.#job, nowMs);
    }
  }

  /** TIMEOUT for a job on the wire, or on its way there, since before then. */
  cutIfBegunBefore(ms: number): void {
    if (this.#job === undefined || this.#sinceMs >= ms) return;
    this.#lose(new TimeoutError());
  }

  /** Cuts the connection and forgets its job. */
  destroy(): void {
    this.#job = undefined;
    this.#drop();
  }

  opened(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#isOpen = true;
    if (this.#job !== undefined) this.#put(this.#job, this.#options.now());
  }

  came(socket: Socket, buffer: Buffer, length: number): void {
    if (socket !== this.#socket) return;
    // What nobody asked for spoils the socket; a job that waits to be written gets another.
    if (this.#written) this.#proceed(this.#answer.take(buffer, length));
    else this.#drop();
  }

  ended(socket: Socket): void {
    if (socket !== this.#socket) return;
    if (this.#written) this.#proceed(this.#answer.end());
    else if (this.#isOpen) this.#drop();
    else this.#lose(new Error("closed before it was open"));
  }

  failed(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return;
    if (this.#written || !this.#isOpen) this.#lose(error);
    else this.#drop();
  }

  #put(job: J, nowMs: number): void {
    const { host, prefix } = this.#options;
    const text = requestText(host, prefix, job.request);
    if (text === undefined) {
      this.#lose(new Error("no text that HTTP could carry"), "keep the socket");
      return;
    }
    if (this.#owner.closed) {
      this.destroy();
      return;
    }
    this.#answer.begin();
    this.#written = true;
    this.#sinceMs = nowMs;
    this.#owner.started(job, nowMs);
    this.#socket?.write(text, "latin1");
  }

  #proceed(progress: Progress): void {
    switch (progress) {
      case "more":
        return;
      case "done":
        this.#conclude(this.#answer.text, false);
        return;
      case "too-long":
        // The status has said what happened; only the details are lost.
        this.#conclude("", true);
        return;
      case "broken":
        this.#lose(new Error("no answer, or half of one"));
        return;
    }
  }

  #conclude(text: string, tooLong: boolean): void {
    const job = this.#job!;
    const endedMs = this.#options.now();
    const { status, retryAfter, idleMs } = this.#answer.head!;
    // An answer before the whole request was read: the rest of it would lie in the way.
    const isClean = !tooLong && this.#answer.reusable && this.#socket!.writableLength === 0;
    const spareMs = idleMs === undefined ? this.#maxIdleMs : idleMs - BEFORE_CLOSING_MS;
    this.#freshUntilMs = endedMs + Math.min(spareMs, LONGEST_IDLE_MS);
    if (!isClean) this.#drop();
    this.#job = undefined;
    this.#written = false;
    // First free, then heard: what the client asks next may go over this connection.
    this.#owner.free(this);
    if (this.#job === undefined) this.#idleTurn = this.#owner.turn;
    const reply = replyOf(status, text, tooLong, readRetryAfter(retryAfter), endedMs);
    this.#owner.ended(job, reply);
  }

  /** The last word on a job without an answer. */
  #lose(error: Error, then: "drop the socket" | "keep the socket" = "drop the socket"): void {
    if (then === "drop the socket") this.#drop();
    const job = this.#job;
    this.#job = undefined;
    this.#written = false;
    if (job === undefined) return;
    this.#owner.ended(job, silence(error, this.#options.now()));
    // Not at once: a target that refuses every connection must not turn the queue into one long loop.
    setImmediate(freeLater, this.#owner, this);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    socket?.destroy();
  }
}

class TimeoutError extends Error {
  readonly code = "ETIMEDOUT";
}

function freeLater<J extends WireJob>(owner: ConnectionOwner<J>, connection: Connection<J>): void {
  owner.free(connection);
}
