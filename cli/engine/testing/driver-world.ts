/** A real server that a test tells how to answer, and drivers that ask it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { suite } from "uvu";
import * as assert from "uvu/assert";
import { closeAtOnce, listenOnLoopback } from "../../../services/common/testing/loopback.ts";
import { startClock } from "../clock.ts";
import { type DriverOptions, HttpDriver, type Reply, type WireJob } from "../http/http-driver.ts";

/** A job that remembers what came of it. */
export interface Probe extends WireJob {
  readonly name: string;
  startedMs?: number;
  reply?: Reply;
  readonly done: (reply: Reply) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface DriverWorld {
  server: Server;
  url: string;
  handler: Handler;
  sockets: number;
  drivers: HttpDriver<Probe>[];
}

export const clock = startClock();

/** A server before each test; after it, it and its drivers are closed. */
export function prepare(test: ReturnType<typeof suite<DriverWorld>>): void {
  test.before.each(async (world) => {
    world.sockets = 0;
    world.drivers = [];
    world.server = createServer((request, response) => world.handler(request, response));
    world.server.on("connection", () => {
      world.sockets += 1;
    });
    world.url = await listenOnLoopback(world.server);
  });
  test.after.each(async (world) => {
    await Promise.all(world.drivers.map((driver) => driver.close()));
    await closeAtOnce(world.server);
  });
}

export function driverFor(
  world: DriverWorld,
  changes: Partial<DriverOptions<Probe>> = {},
): HttpDriver<Probe> {
  const driver = driverOf({ baseUrl: world.url, ...changes });
  world.drivers.push(driver);
  return driver;
}

/** A driver whose jobs start once and end once, or the test fails. */
export function driverOf(
  options: Partial<DriverOptions<Probe>> & { readonly baseUrl: string },
): HttpDriver<Probe> {
  return new HttpDriver<Probe>(
    {
      connections: 2,
      requestTimeoutMs: 1_000,
      now: () => clock.now(),
      ...options,
    },
    {
      started(job, nowMs) {
        assert.is(job.startedMs, undefined, "started twice");
        job.startedMs = nowMs;
      },
      ended(job, reply) {
        assert.is(job.reply, undefined, "ended twice");
        job.reply = reply;
        job.done(reply);
      },
    },
  );
}

/** Sends one job and waits for the last word on it. */
export function ask(
  driver: HttpDriver<Probe>,
  path = "/",
  changes: Partial<WireJob["request"]> = {},
): Promise<Probe & { readonly reply: Reply }> {
  return new Promise((resolve) => {
    const probe: Probe = {
      name: path,
      request: { method: "GET", path, headers: [], ...changes },
      done: (reply) => resolve({ ...probe, reply }),
    };
    driver.send(probe);
  });
}

export const said = ({ reply }: { reply: Reply }) => [reply.outcome, reply.status, reply.code];
export const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};
