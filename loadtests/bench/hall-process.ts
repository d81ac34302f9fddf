/**
 * The least that a load engine can be pointed at: bare node:http with an answer for each request of
 * a client that joins and waits. Counts what it answered; the count is at /count.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "./child-side.ts";

export interface HallSettings {
  /** What clients are told to wait between two polls. */
  readonly pollAfterSeconds: number;
}

/** As long as the real ones are: clients keep them while they wait. */
const QUEUE_TICKET = "t".repeat(180);

await serve<HallSettings>(async ({ pollAfterSeconds }) => {
  const waiting = { position: 50_000, passReady: false, passToken: null, pollAfterSeconds };
  const joined = JSON.stringify({ ...waiting, queueTicket: QUEUE_TICKET });
  const polled = JSON.stringify(waiting);
  let answered = 0;
  const server = createServer((request, response) => {
    const { method, url = "" } = request;
    response.setHeader("content-type", "application/json; charset=utf-8");
    if (url === "/count") {
      response.end(JSON.stringify({ answered }));
    } else if (url.startsWith("/api/")) {
      response.statusCode = 404;
      response.end('{"code":"NOT_FOUND"}');
    } else {
      answered += 1;
      response.end(method === "POST" ? joined : polled);
    }
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
});
