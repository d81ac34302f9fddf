/** Reservations a second of one product through HTTP with tokens: batches, and a statement for each. */
import { HttpDriver, type WireJob } from "../../cli/engine/http/http-driver.ts";
import { uuid } from "../../services/common/ids.ts";
import { LIMITS } from "../../services/common/limits.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { measure, resultOf } from "./benchmark.ts";
import { type ChildServer, startChild } from "./child-server.ts";
import { usage } from "./child-side.ts";
import { startIssuer } from "./issuer.ts";
import type { Block } from "./ratio.ts";
import { type Shop, type ShopStage, soldOf, startShopStage } from "./shop-stage.ts";
import type { TicketSettings } from "./ticket-process.ts";

/** Connections, each with one request under way. */
const CALLERS = 256;
/** Enough that the sum of what a buyer has bought stays short. */
const BUYERS = 8_192;

export const hotProductHttp: Benchmark = {
  name: "hot-product-http",
  about: "reservations/s of one product over HTTP with tokens, with batching and without",
  run: runHotProductHttp,
};

async function runHotProductHttp(context: BenchContext): Promise<readonly Result[]> {
  const issuer = await startIssuer();
  context.parts.defer(() => issuer.close());
  const stage = await startShopStage(context);
  const service = async (batch: number): Promise<ChildServer> => {
    const settings = { accountUrl: issuer.url, databaseUrl: stage.url, batch };
    const server = await startChild("ticket-process.ts", settings satisfies TicketSettings);
    context.parts.defer(() => server.stop());
    return server;
  };
  const servers = { batched: await service(LIMITS.batch), single: await service(1) };
  context.progress(`  ${BUYERS} buyers get their tokens`);
  const tokens = await Promise.all(Array.from({ length: BUYERS }, (_, at) => issuer.token(at + 1)));
  const block = (server: ChildServer) => sellingBlock(stage, server, tokens, context.seconds);
  // Every token is known to both before anything is counted.
  for (const server of Object.values(servers)) await introduce(server, tokens);
  const blocks = await measure(context, {
    batched: () => block(servers.batched),
    single: () => block(servers.single),
  });
  const settings = {
    ...stage.settings,
    blocks: `${context.pairs} pairs of ${context.seconds} s in turns, one more dropped as warm-up, not pinned`,
    generator: `in the bench process, ${CALLERS} keep-alive connections, each waits for its answer`,
    buyers: `${BUYERS}, their tokens verified before; each request has a pass and a key of its own`,
    counted: "reservations found in the table afterwards",
    pool: "40 connections each",
  };
  const what = "ticket service: token, validation, gate in the same process, outbox relay";
  return [
    resultOf(
      {
        name: "hot-product-http",
        unit: "reservations/s",
        goal: { atLeast: 8 },
        sides: { a: `${what}, RESERVE_BATCH=${LIMITS.batch}`, b: `${what}, RESERVE_BATCH=1` },
        settings,
      },
      { a: blocks.batched, b: blocks.single },
    ),
  ];
}

interface Sale extends WireJob {
  readonly sentMs: number;
}

/** Callers buy again and again, each as soon as it has its answer. */
async function sellingBlock(
  stage: ShopStage,
  server: ChildServer,
  tokens: readonly string[],
  seconds: number,
): Promise<Block> {
  const shop = await stage.openShop();
  const latencies: number[] = [];
  const [cpuBefore, ownBefore] = [(await server.usage()).cpuMs, usage().cpuMs];
  const began = performance.now();
  await drive(
    server.url,
    (sale: Sale) => {
      const now = performance.now();
      latencies.push(now - sale.sentMs);
      return now - began < seconds * 1_000;
    },
    (nr) => saleOf(shop, tokens[nr % tokens.length]!),
  );
  const elapsedMs = performance.now() - began;
  const serverCpu = ((await server.usage()).cpuMs - cpuBefore) / elapsedMs;
  const generatorCpu = (usage().cpuMs - ownBefore) / elapsedMs;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)]!;
  const sold = await soldOf(stage, shop);
  const notes = { p50Ms: at(0.5), p99Ms: at(0.99), serverCpu, generatorCpu };
  return { value: (sold * 1_000) / elapsedMs, notes };
}

function saleOf({ eventId, productId }: Shop, token: string): Sale {
  return {
    sentMs: performance.now(),
    request: {
      method: "POST",
      path: `/api/reservations?eventId=${eventId}`,
      headers: [
        ...["authorization", `Bearer ${token}`, "content-type", "application/json"],
        ...["x-pass-token", `pass_${uuid()}`, "idempotency-key", uuid()],
      ],
      body: JSON.stringify({ productId, quantity: 1 }),
    },
  };
}

/** `ended` says whether there is a next one. Rejects where an answer is not a 2xx. */
function drive<J extends WireJob>(
  url: string,
  ended: (job: J) => boolean,
  next: (nr: number) => J,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let [sent, open] = [0, 0];
    const send = () => {
      open += 1;
      driver.send(next(sent++));
    };
    const driver = new HttpDriver<J>(
      {
        baseUrl: url,
        connections: CALLERS,
        requestTimeoutMs: 15_000,
        now: () => performance.now(),
      },
      {
        started: () => undefined,
        ended(job, { outcome, status, code }) {
          open -= 1;
          if (outcome !== "ok") reject(new Error(`${url}: ${outcome} ${status} ${code}`));
          else if (ended(job)) return send();
          if (open === 0) void driver.close().then(resolve);
        },
      },
    );
    for (let caller = 0; caller < CALLERS; caller += 1) send();
  });
}

async function introduce(server: ChildServer, tokens: readonly string[]): Promise<void> {
  let left = tokens.length;
  await drive(
    server.url,
    () => {
      left -= 1;
      return left >= CALLERS;
    },
    (nr) => ({
      request: {
        method: "GET" as const,
        path: "/api/reservations/my?limit=1",
        headers: ["authorization", `Bearer ${tokens[nr % tokens.length]!}`],
      },
    }),
  );
}
