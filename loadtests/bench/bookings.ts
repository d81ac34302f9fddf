/** Whole bookings a second: join, poll, reserve, pay, confirm, with every server on this machine. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSale } from "../../cli/engine/engine.ts";
import { waitUntilSettled } from "../../cli/engine/ledger.ts";
import { prepareSale } from "../../cli/engine/target.ts";
import { type ChildStack, startChildStack } from "../../cli/run/child-stack.ts";
import { logIn } from "../../cli/run/log-in.ts";
import { historyPath, judgeFolder, writeLedger } from "../../cli/run/run-folder.ts";
import { instant, systemClock } from "../../services/common/clock.ts";
import { readConfig } from "../../services/common/config.ts";
import { withClient, withDatabase } from "../../services/common/database.ts";
import { LIMITS } from "../../services/common/limits.ts";
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../services/common/servers/embedded-postgres.ts";
import { startNats } from "../../services/common/servers/nats-server.ts";
import { startRedis } from "../../services/common/servers/redis-server.ts";
import { addUser, freeServicePorts } from "../../services/stack/access.ts";

import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { resultOf } from "./benchmark.ts";
import type { Block } from "./ratio.ts";

const CLIENTS = 6_000;
const ARRIVAL_SECONDS = 5;
const AIM = 1_000;
const HOUR_MS = 3_600_000;

export const bookings: Benchmark = {
  name: "bookings",
  about: "whole bookings/s (join to CONFIRMED), all services and servers on this machine",
  programs: { "redis-server": "redis-server", "nats-server": "nats-server" },
  run: runBookings,
};

interface Ground {
  readonly stack: ChildStack;
  readonly postgresUrl: string;
  readonly adminToken: string;
}

async function runBookings(context: BenchContext): Promise<readonly Result[]> {
  const ground = await startGround(context);
  const blocks: Block[] = [];
  for (let round = 0; round <= Math.min(3, context.pairs); round += 1) {
    context.interrupted.throwIfAborted();
    context.progress(`  a sale of ${CLIENTS}${round === 0 ? ", warming up" : `, ${round}`}`);
    const block = await sell(context, ground, round);
    if (round > 0) blocks.push(block);
  }
  return [
    resultOf(
      {
        name: "bookings",
        unit: "bookings/s",
        goal: { atLeast: 1 },
        sides: {
          a: "five services in one process; PostgreSQL with fsync, Redis, NATS with JetStream, crowd and judge beside it",
          b: `the aim, ${AIM}/s`,
        },
        settings: {
          crowd: `${CLIENTS} clients arrive within ${ARRIVAL_SECONDS} s; each joins, polls as told, buys one seat, follows its reservation`,
          counted: "from the 10th to the 90th of a hundred confirmations, by the database's clock",
          admission: `${LIMITS.permitsPerMinute} a minute, burst`,
          payment: "simulated provider, 20 to 120 ms",
        },
      },
      { a: blocks, b: blocks.map(() => ({ value: AIM })) },
    ),
  ];
}

async function startGround({ parts, environment }: BenchContext): Promise<Ground> {
  const dataDir = await mkdtemp(join(tmpdir(), "reservex-bookings-"));
  parts.defer(() => removeEmbeddedPostgres(dataDir));
  const log = () => {};
  const postgres = await startEmbeddedPostgres({ dataDir, durable: true, log });
  parts.defer(() => postgres.stop());
  const redis = await startRedis({ environment, log });
  parts.defer(() => redis.stop());
  const storeDir = await mkdtemp(join(tmpdir(), "reservex-bookings-nats-"));
  parts.defer(() => rm(storeDir, { recursive: true, force: true }));
  const nats = await startNats({ environment, log, jetStreamDir: storeDir });
  parts.defer(() => nats.stop());
  const ports = await freeServicePorts(readConfig({}));
  const settings: NodeJS.ProcessEnv = {
    ...environment,
    ...{ DATABASE_URL: postgres.url("postgres"), REDIS_URL: redis.url, NATS_URL: nats.url },
    ...{ ALLOW_TEST_ACCOUNTS: "true", LOG_LEVEL: "error", HTTP_HOST: "127.0.0.1" },
    QUEUE_TICKET_KEYS: randomBytes(32).toString("hex"),
    SERVICE_CREDENTIAL: randomBytes(32).toString("hex"),
    ...Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [`${name.toUpperCase()}_PORT`, String(port)]),
    ),
  };
  const stack = await startChildStack({ dataDir, environment: settings });
  parts.defer(() => stack.stop());
  const [email, password] = ["admin@bench.invalid", randomBytes(18).toString("base64url")];
  await addUser(readConfig(settings), dataDir, { email, password, name: "Bench" }, "ADMIN");
  const adminToken = await logIn(stack.urls.account, email, password);
  return { stack, adminToken, postgresUrl: postgres.url("postgres") };
}

async function sell(context: BenchContext, ground: Ground, round: number): Promise<Block> {
  const { stack, adminToken, postgresUrl } = ground;
  const now = systemClock.now();
  const prepared = await prepareSale(stack.urls, adminToken, {
    ...{ name: "Midnight Signal", description: "", venue: "Riverside Hall" },
    ...{ eventDate: instant(now + 100 * HOUR_MS), saleStartAt: instant(now - 60_000) },
    saleEndAt: instant(now + HOUR_MS),
    products: [
      { name: "Seat", description: "", priceCents: 4_990, totalStock: CLIENTS, maxPerUser: 4 },
    ],
    ...{ permitsPerMinute: LIMITS.permitsPerMinute, passTtlSeconds: 300, pacing: "burst" },
    ...{ clients: CLIENTS, accountPrefix: `bookings-${round}-${randomUUID().slice(0, 8)}` },
  });
  const folder = await mkdtemp(join(tmpdir(), "reservex-bookings-run-"));
  try {
    const run = runSale(
      {
        ...{ runId: randomUUID(), startedAt: instant(systemClock.now()), seed: round + 1 },
        settings: {
          ...{ clients: CLIENTS, arrivals: "ramp", arrivalSeconds: ARRIVAL_SECONDS, quantity: 1 },
          ...{ absentPercent: 0, attackersPercent: 0, paymentFailurePercent: 0 },
          target: { ...stack.urls },
        },
        ...{ sale: prepared.sale, accounts: prepared.accounts, adminToken, timeLimitSeconds: 120 },
        tuning: { thinkMinMs: 0, thinkMaxMs: 200, doubleClickPercent: 0 },
      },
      { historyPath: historyPath(folder) },
      context.interrupted,
    );
    const { tester } = await run.done;
    const ledger = await waitUntilSettled(
      { target: stack.urls, adminToken, eventId: prepared.sale.eventId },
      { seconds: 60, wallClock: () => instant(systemClock.now()), signal: context.interrupted },
    );
    await writeLedger(folder, ledger);
    const { verdict } = await judgeFolder(folder);
    const broken = verdict.verdicts.filter((one) => one.verdict === "broken");
    if (broken.length > 0) throw new Error(broken.map((one) => one.because).join("; "));
    const confirmed = await confirmations(postgresUrl, prepared.sale.eventId);
    return {
      value: sustained(confirmed),
      notes: { confirmed: confirmed.length, sendLagP99Ms: tester.sendLagMs.p99 },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds since 1970, in order. */
function confirmations(postgresUrl: string, eventId: number): Promise<readonly number[]> {
  return withClient(withDatabase(postgresUrl, "reservex_ticket"), async (client) => {
    const { rows } = await client.query<{ at: string }>(
      `select extract(epoch from r.updated_at) * 1000 as at
      from reservation r join product p on p.id = r.product_id
      where p.event_id = $1 and r.status = 'CONFIRMED' order by r.updated_at`,
      [eventId],
    );
    return rows.map(({ at }) => Number(at));
  });
}

/** A second, over the middle four fifths: what comes before and after is a beginning and an end. */
function sustained(atMs: readonly number[]): number {
  const [first, last] = [Math.floor(atMs.length * 0.1), Math.floor(atMs.length * 0.9)];
  const seconds = (atMs[last - 1]! - atMs[first]!) / 1_000;
  return (last - first) / seconds;
}
