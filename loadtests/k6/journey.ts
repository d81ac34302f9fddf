/** What every k6 scenario does: one buyer joins, polls as told, reserves under a key, follows. Runs in k6. */
import { check, sleep } from "k6";
import { SharedArray } from "k6/data";
import exec from "k6/execution";
import http, { type RefinedResponse } from "k6/http";
import { Counter } from "k6/metrics";
import type { Options } from "k6/options";
import type { SaleFile } from "../sale-file.ts";

type Response = RefinedResponse<"text">;
type Client = SaleFile["clients"][number];

/** Written by `reservex load`; the clients' tokens are kept once, not once for each virtual user. */
const path = __ENV.SALE_FILE ?? "";
const shared = new SharedArray<SaleFile>("sale", () => [JSON.parse(open(path))]);
const clients = new SharedArray<Client>("clients", () => JSON.parse(open(path)).clients);

/** How many clients there are, and for how long to come; scenarios with a fixed shape scale it. */
export const CLIENTS: number = clients.length;
export const SECONDS = Number(__ENV.SECONDS ?? 30);

const confirmed = new Counter("bookings_confirmed");
const cancelled = new Counter("bookings_cancelled");
const soldOut = new Counter("told_sold_out");
const given = new Counter("passes_seen");

/** A no with a reason is an answer; 404 is "not in line any more". What is left is a failure. */
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 403, 404, 409));

/** Latency goals by operation, and that the journeys got somewhere at all. */
export const THRESHOLDS: NonNullable<Options["thresholds"]> = {
  http_req_failed: ["rate<0.01"],
  checks: ["rate>0.99"],
  "http_req_duration{op:join}": ["p(99)<500"],
  "http_req_duration{op:poll}": ["p(99)<250"],
  "http_req_duration{op:reserve}": ["p(99)<1000"],
  passes_seen: ["count>0"],
};

const MAX_POLLS = 600;
const MAX_LOOKS = 60;

/** One iteration. Each arrival is another client, as long as there are some. */
export function journey(): void {
  const sale = shared[0]!;
  const buyer = clients[exec.scenario.iterationInTest % clients.length]!;
  const line = `${sale.urls.queue}/queue/${sale.eventId}`;
  const joined = http.post(`${line}/enqueue`, null, asked(buyer, "join"));
  if (!check(joined, { "joined the line": isOk })) return;
  const pass = waitForPass(line, buyer, Number(field(joined, "pollAfterSeconds")));
  if (pass === undefined) return;
  given.add(1);
  const id = reserve(sale, buyer, pass);
  if (id !== undefined) follow(sale, buyer, id);
}

function waitForPass(line: string, buyer: Client, firstSeconds: number): string | undefined {
  let pauseSeconds = firstSeconds;
  for (let polls = 0; polls < MAX_POLLS; polls += 1) {
    sleep(Math.max(0.2, pauseSeconds || 1));
    const status = http.get(`${line}/status`, asked(buyer, "poll"));
    if (!check(status, { "was told its place": isOk })) return undefined;
    if (field(status, "passReady") === true) return String(field(status, "passToken"));
    pauseSeconds = Number(field(status, "pollAfterSeconds"));
  }
  return undefined;
}

function reserve(sale: SaleFile, buyer: Client, pass: string): number | undefined {
  const params = asked(buyer, "reserve", {
    "content-type": "application/json",
    "x-pass-token": pass,
    "idempotency-key": keyOf(pass),
  });
  const { productIds, urls, eventId } = sale;
  const productId = productIds[exec.scenario.iterationInTest % productIds.length]!;
  const url = `${urls.ticket}/api/reservations?eventId=${eventId}&clientId=${buyer.userId}`;
  const body = JSON.stringify({ productId, quantity: 1 });
  // What a client does whose answer was lost: the same purchase again, under the same key.
  let reply = http.post(url, body, params);
  if (reply.status === 0 || reply.status >= 500) reply = http.post(url, body, params);
  const refused = reply.status === 409;
  check(reply, { "bought, or was told why not": (one) => one.status === 201 || refused });
  if (refused) soldOut.add(1);
  return reply.status === 201 ? Number(field(reply, "id")) : undefined;
}

function follow(sale: SaleFile, buyer: Client, id: number): void {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    sleep(looks < 4 ? 0.5 : 2);
    const url = `${sale.urls.ticket}/api/reservations/${id}`;
    const status = field(http.get(url, asked(buyer, "follow")), "status");
    if (status === "CONFIRMED") confirmed.add(1);
    if (status === "CANCELLED") cancelled.add(1);
    if (status === "CONFIRMED" || status === "CANCELLED") return;
  }
}

/** A pass buys once, so it names its purchase; a key is 8 to 64 characters. */
function keyOf(pass: string): string {
  return `k6-${pass.slice(-36)}`;
}

/** `name` keeps thousands of ids from becoming as many time series. */
function asked(buyer: Client, op: string, more: Record<string, string> = {}) {
  const headers = { authorization: `Bearer ${buyer.accessToken}`, ...more };
  return { headers, tags: { op, name: op }, responseType: "text" as const };
}

const isOk = (reply: Response): boolean => reply.status === 200;

function field(reply: Response, name: string): unknown {
  return reply.status >= 200 && reply.status < 300 ? reply.json(name) : undefined;
}
