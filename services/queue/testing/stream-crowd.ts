/** Thousands of clients of one queue process, each with a socket of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { StreamServer, StreamServerOptions } from "./stream-server.ts";
import { eventsIn } from "./stream-stage.ts";

export interface StreamProcess extends StreamServer {
  readonly pid: number;
  /** Asks as the administrator. */
  ask(path: string, method?: string, body?: object): Promise<Response>;
  stop(): Promise<void>;
}

export async function startStreamProcess(
  options: StreamServerOptions = {},
): Promise<StreamProcess> {
  const script = join(import.meta.dirname, "stream-server.ts");
  const child = fork(script, [JSON.stringify(options)], { stdio: "inherit" });
  const exited = once(child, "exit");
  const [started] = (await Promise.race([once(child, "message"), exited])) as [StreamServer];
  const { url, token } = started;
  if (!url) throw new Error("the queue process ended before it listened");
  return {
    url,
    token,
    pid: child.pid ?? 0,
    ask: (path, method = "GET", body) =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body ? { "content-type": "application/json" } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(20_000),
      }),
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}

/** Requests that one connection sends without waiting for their answers. */
const PIPELINED = 100;
const JOINING = 20;
/** Connections being opened at a time: below the usual backlog of 511. */
const OPENING = 250;

/** All join event 1, in the order given within each hundred. */
export async function joinAll(server: StreamServer, clientIds: readonly string[]): Promise<void> {
  const hundreds: (readonly string[])[] = [];
  for (let from = 0; from < clientIds.length; from += PIPELINED) {
    hundreds.push(clientIds.slice(from, from + PIPELINED));
  }
  await inTurn(hundreds, JOINING, async (some) => {
    const socket = await connected(server);
    let text = "";
    const answered = new Promise<void>((resolve, reject) => {
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        if ((text.match(/"queueTicket"/g)?.length ?? 0) >= some.length) resolve();
      });
      socket.once("close", () => reject(new Error(`not all joined: ${text.slice(-500)}`)));
    });
    socket.write(some.map((id) => request(server, "POST", "enqueue", id)).join(""), "latin1");
    await answered;
    socket.destroy();
  });
}

/** One stream, as its client sees it. */
export class CrowdStream {
  readonly clientId: string;
  readonly #socket: Socket;
  text = "";
  ended = false;

  constructor(clientId: string, socket: Socket) {
    this.clientId = clientId;
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      this.text += chunk;
    });
    socket.once("close", () => {
      this.ended = true;
    });
  }

  /** Each `position` and `pass`, in order. */
  get events() {
    return eventsIn(this.text);
  }

  close(): void {
    this.#socket.destroy();
  }
}

export async function openStreams(
  server: StreamServer,
  clientIds: readonly string[],
): Promise<readonly CrowdStream[]> {
  const streams: CrowdStream[] = [];
  await inTurn(clientIds, OPENING, async (clientId) => {
    const socket = await connected(server);
    streams.push(new CrowdStream(clientId, socket));
    socket.write(request(server, "GET", "stream", clientId), "latin1");
    await new Promise<void>((resolve, reject) => {
      socket.once("data", () => resolve());
      socket.once("close", () => reject(new Error(`the stream of ${clientId} was not opened`)));
    });
  });
  return streams;
}

function request(server: StreamServer, method: string, what: string, clientId: string): string {
  const lines = [
    `${method} /queue/1/${what}?clientId=${clientId} HTTP/1.1`,
    `host: ${new URL(server.url).host}`,
    `authorization: Bearer ${server.token}`,
    "content-length: 0",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

async function connected(server: StreamServer): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, "connect");
  // A reset ends in `close`, which is looked at.
  socket.on("error", () => undefined);
  return socket;
}

async function inTurn<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const lane = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
