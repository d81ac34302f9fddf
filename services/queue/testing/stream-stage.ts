/** Streams on a real HTTP server, with time and the store's answers in the hands of the test. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import type { InLine } from "../replies.ts";
import { PositionStreams, TICK_MS, type Ticking } from "../streams/position-streams.ts";
import { lastEventId } from "../streams/server-sent.ts";
import type { Polled } from "../waiting-room-store.ts";

export const ADVICE = { estimatedWaitSeconds: 60, pollAfterSeconds: 30 };

export function waiting(position: number): InLine {
  return { result: "waiting", position, ...ADVICE };
}

export function admitted(passToken: string): InLine {
  return { result: "admitted", passToken, admittedAtMs: 0, expiresAtMs: 300_000, ...ADVICE };
}

/** Passes as fast as the test wants it to. */
export class DrivenTime implements Ticking {
  #nowMs = 0;
  #run: (() => void) | undefined;

  nowMs(): number {
    return this.#nowMs;
  }

  every(_ms: number, run: () => void): () => void {
    this.#run = run;
    return () => {
      this.#run = undefined;
    };
  }

  get ticking(): boolean {
    return this.#run !== undefined;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.#nowMs += TICK_MS;
      this.#run?.();
      await settled();
    }
  }
}

/** Polls answered and writes handed on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A connection's far end: takes what is written at once, or, while stuck, nothing. */
export class Reader extends Duplex {
  stuck = false;
  ended = false;
  #taken = "";
  #waiting: (() => void) | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = () => {
      this.#taken += chunk.toString();
      done();
    };
    if (this.stuck) this.#waiting = take;
    else take();
  }

  override _final(done: () => void): void {
    this.ended = true;
    done();
  }

  async drain(): Promise<void> {
    this.stuck = false;
    this.#waiting?.();
    await settled();
  }

  get head(): string {
    return this.#taken.split("\r\n\r\n")[0] ?? "";
  }

  /** The blocks after the head: events, comments, fields. */
  get blocks(): string[] {
    return this.#taken
      .slice(this.head.length + 4)
      .split("\n\n")
      .slice(0, -1);
  }

  /** `position 3` or `pass`, each event in turn. */
  get told(): string[] {
    return eventsIn(this.#taken).map(({ name, position }) =>
      name === "pass" ? name : `${name} ${position}`,
    );
  }

  get lastId(): string {
    return eventsIn(this.#taken).at(-1)?.id ?? "";
  }
}

/** The events of a stream's text, whole ones only. */
export function eventsIn(text: string) {
  const found = text.matchAll(/^event: (\w+)\nid: (\S+)\ndata: (.*)\n\n/gm);
  return [...found].map(([, name = "", id = "", data = ""]) => {
    return { name, id, position: (JSON.parse(data) as { position: number }).position };
  });
}

export interface Opening {
  readonly lastEventId?: string;
  readonly queueTicket?: string;
}

export class StreamStage {
  readonly time = new DrivenTime();
  /** What each client's poll is answered; an Error: the store is silent. */
  readonly news = new Map<string, Polled | Error>();
  /** Of every poll, in order. */
  polls: { readonly clientId: string; readonly queueTicket: string | undefined }[] = [];
  /** Polls wait for it. */
  hold: Promise<void> | undefined;
  readonly streams = new PositionStreams({
    ticking: this.time,
    poll: async ({ clientId }, queueTicket) => {
      this.polls.push({ clientId, queueTicket });
      const news = this.#newsOf(clientId);
      await this.hold;
      if (news instanceof Error) throw news;
      return news;
    },
  });
  /** GET /{clientId} opens a stream. */
  readonly server: Server = createServer((request, response) => this.#open(request, response));

  /** Over a connection without sockets, in HTTP/1.0 so that the text is not in chunks. */
  async open(clientId: string, opening: Opening = {}): Promise<Reader> {
    const reader = new Reader();
    this.server.emit("connection", reader);
    const ticket = opening.queueTicket ? `x-queue-ticket: ${opening.queueTicket}\r\n` : "";
    const last = opening.lastEventId ? `last-event-id: ${opening.lastEventId}\r\n` : "";
    reader.push(`GET /${clientId} HTTP/1.0\r\n${ticket}${last}\r\n`);
    await settled();
    return reader;
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    const clientId = (request.url ?? "").slice(1);
    const first = this.#newsOf(clientId);
    if (first instanceof Error || first.result === "notInLine") throw new Error("not in line");
    const listener = {
      client: { eventId: 1, clientId },
      queueTicket: request.headers["x-queue-ticket"]?.toString(),
      lastEventId: lastEventId(request.headers["last-event-id"]),
      response,
    };
    this.streams.open(listener, first);
  }

  #newsOf(clientId: string): Polled | Error {
    return this.news.get(clientId) ?? waiting(0);
  }
}
