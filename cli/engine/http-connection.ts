/** A keep-alive connection and the answer it is reading: reused, so a request costs no closure. */
import { Client, type Dispatcher } from "undici";
import { type Reply, readRetryAfter, readText, replyOf, silence } from "./http-reply.ts";

/** What a driver needs to know of a job; the rest of it is its owner's. */
export interface WireJob {
  readonly request: {
    readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
    /** Starts with a slash; added to the path of the base URL. */
    readonly path: string;
    /** Names and values by turns. */
    readonly headers: string[];
    readonly body?: string | undefined;
  };
}

/** Whoever gives the connection its jobs. */
export interface ConnectionOwner<J extends WireJob> {
  /** True once it listens no more: what begins then would be on the wire and in no record. */
  readonly closed: boolean;
  started(job: J, nowMs: number): void;
  ended(job: J, reply: Reply): void;
  /** The connection can carry another job. */
  free(connection: Connection<J>): void;
}

export interface ConnectionOptions {
  readonly connectTimeoutMs: number;
  /** Where it comes from; the system's choice without. */
  readonly localAddress?: string | undefined;
  /** Closes itself when idle for so long; the client library's choice (4 s) without. */
  readonly keepAliveMs?: number | undefined;
  readonly maxBodyBytes: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Carries one job at a time. */
export class Connection<J extends WireJob> implements Dispatcher.DispatchHandler {
  readonly #owner: ConnectionOwner<J>;
  readonly #client: Client;
  readonly #now: () => number;
  readonly #maxBodyBytes: number;
  #job: J | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #startedMs = 0;
  #started = false;
  #status = 0;
  #retryAfterMs: number | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(owner: ConnectionOwner<J>, origin: string, options: ConnectionOptions) {
    this.#owner = owner;
    this.#now = options.now;
    this.#maxBodyBytes = options.maxBodyBytes;
    const { localAddress, keepAliveMs } = options;
    this.#client = new Client(origin, {
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs }),
      pipelining: 1,
      connectTimeout: options.connectTimeoutMs,
      // The sweep keeps the time: the client's own timers are coarse and count per chunk.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
  }

  /** Sends the job; `prefix` comes before its path. Only while the connection is free. */
  carry(job: J, prefix: string): void {
    const { method, path, headers, body } = job.request;
    this.#job = job;
    this.#controller = undefined;
    this.#started = false;
    this.#status = 0;
    this.#retryAfterMs = undefined;
    this.#chunks = [];
    this.#bytes = 0;
    // Errors of dispatch itself (a header that cannot be sent) come to onResponseError as well.
    this.#client.dispatch({ method, path: prefix + path, headers, body: body ?? null }, this);
  }

  /** TIMEOUT for a job on the wire since before then. */
  cutIfStartedBefore(ms: number): void {
    if (this.#job === undefined || !this.#started || this.#startedMs >= ms) return;
    this.#finish({ outcome: "unknown", code: "TIMEOUT", endedMs: this.#now() });
    this.#controller?.abort(new Error("timed out"));
  }

  /** Cuts the connection and forgets its job. */
  async destroy(): Promise<void> {
    this.#job = undefined;
    await this.#client.destroy();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Called again when an idle connection turns out to be closed and the request moves to a new
    // one; nothing was heard of the first write, so the interval keeps its early start.
    if (this.#started || this.#job === undefined) return;
    if (this.#owner.closed) {
      controller.abort(new Error("the run is over"));
      return;
    }
    this.#started = true;
    this.#startedMs = this.#now();
    this.#owner.started(this.#job, this.#startedMs);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#retryAfterMs = readRetryAfter(headers["retry-after"]);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#maxBodyBytes) {
      this.#chunks.push(chunk);
      return;
    }
    // The status has said what happened; only the details are lost.
    if (this.#job !== undefined) this.#finish(this.#reply("", true));
    controller.abort(new Error("body too long"));
  }

  onResponseEnd(): void {
    if (this.#job !== undefined) this.#finish(this.#reply(readText(this.#chunks), false));
    this.#owner.free(this);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#job !== undefined) this.#finish(silence(error, this.#now()));
    // Not at once: the client is still clearing its own queue, and a target that refuses every
    // connection must not turn the queue into one long loop.
    setImmediate(freeLater, this.#owner, this);
  }

  #reply(text: string, tooLong: boolean): Reply {
    return replyOf(this.#status, text, tooLong, this.#retryAfterMs, this.#now());
  }

  #finish(reply: Reply): void {
    const job = this.#job!;
    this.#job = undefined;
    this.#chunks = [];
    this.#owner.ended(job, reply);
  }
}

function freeLater<J extends WireJob>(owner: ConnectionOwner<J>, connection: Connection<J>): void {
  owner.free(connection);
}
