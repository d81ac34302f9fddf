/** A server on a thread of its own that stands still for a while: what a tester must not overlook. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

export interface Freeze {
  /** The number of the join, from 1, that finds the server frozen. */
  readonly atJoin: number;
  readonly freezeMs: number;
}

export interface FreezingServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Says "sold out" to every join, so that each client asks exactly once, when the plan says. */
export async function startFreezingServer(freeze: Freeze): Promise<FreezingServer> {
  const worker = new Worker(new URL(import.meta.url), { workerData: freeze });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { url: `http://127.0.0.1:${port}`, close: async () => void (await worker.terminate()) };
}

const SOLD_OUT = JSON.stringify({ code: "OUT_OF_STOCK", status: 409 });

function serve({ atJoin, freezeMs }: Freeze): void {
  const still = new Int32Array(new SharedArrayBuffer(4));
  let joins = 0;
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      joins += 1;
      // Not a promise: nothing else of this thread may go on meanwhile, as in a long collection.
      if (joins === atJoin) Atomics.wait(still, 0, 0, freezeMs);
    }
    const status = request.method === "POST" ? 409 : 404;
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(SOLD_OUT);
  });
  server.listen(0, "127.0.0.1", () => {
    parentPort?.postMessage((server.address() as AddressInfo).port);
  });
}

if (!isMainThread) serve(workerData as Freeze);
