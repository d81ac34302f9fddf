/**
 * Runs the tests: `unit` (no servers), `integration` (real PostgreSQL, Redis, NATS), or both. Servers
 * that are not given by URL are started here, on free ports, and stopped at the end. The last line
 * is `N passed, N failed`.
 *
 *   node services/common/testing/run-tests.ts [unit|integration|all] [FILE …]
 */
import { spawn } from "node:child_process";
import { glob, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { processEnvironment } from "../config.ts";
import { removeEmbeddedPostgres, startEmbeddedPostgres } from "../servers/embedded-postgres.ts";
import { startNats } from "../servers/nats-server.ts";
import { startRedis } from "../servers/redis-server.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const UVU = join(ROOT, "node_modules", "uvu", "bin.js");
/** A file that takes longer hangs: its process is ended, and that is a failure. */
const FILE_TIMEOUT_MS = 240_000;
/** Two cores: while files compute, others wait for a server, a timer or a process. */
const FILES_AT_ONCE = 3;
const UNIT_PROCESSES = 2;
/** What was read once is not compiled again: half a second of each process. */
const COMPILE_CACHE = join(ROOT, "node_modules", ".cache", "reservex-compile");

/** These measure, or keep both cores busy: beside another file each would spoil the other. */
const ALONE = [
  "cli/commands/demo.int.test.ts",
  "cli/commands/other-target.int.test.ts",
  "cli/commands/worker.int.test.ts",
  "cli/commands/selftest.int.test.ts",
  "cli/engine/honesty.int.test.ts",
];

/** Long, and in need of most of the machine: one after the other, and beside them only … */
const HEAVY = ["loadtests/crash/crash.int.test.ts", "services/queue/redis/soak.int.test.ts"];

/** … files that wait for timers and servers, and hardly compute. */
const CALM = [
  "services/payment/stripe/stripe-webhook.int.test.ts",
  "services/payment/payment-worker.int.test.ts",
  "services/common/bus/direct-bus.int.test.ts",
  "services/common/servers/watched-process.int.test.ts",
  "services/queue/redis/outage.int.test.ts",
  "services/queue/redis/resend.int.test.ts",
  "services/payment/reconciliation.int.test.ts",
  "services/common/bus/jetstream/start.int.test.ts",
  "services/payment/payment-orders.int.test.ts",
  "services/payment/simulated-provider.int.test.ts",
  "services/payment/stripe/stripe-reconciliation.int.test.ts",
  "services/payment/payment-restart.int.test.ts",
  "services/common/servers/folder-lock.int.test.ts",
  "services/common/bus/jetstream/outages.int.test.ts",
  "services/common/servers/embedded-postgres.int.test.ts",
  "services/common/servers/embedded-postgres-users.int.test.ts",
  "services/common/servers/programs.int.test.ts",
];

/** From 50 s down to 15 s: begun first, so that no lane is still busy long after the others. */
const LONG = [
  "cli/commands/chaos.int.test.ts",
  "loadtests/crash/naive/naive.int.test.ts",
  "loadtests/bench/bench.int.test.ts",
  "cli/commands/worker-trouble.int.test.ts",
  "cli/commands/operators.int.test.ts",
  "cli/commands/queue.int.test.ts",
  "cli/engine/engine.int.test.ts",
  "cli/commands/crash.int.test.ts",
  "services/queue/redis/cluster.int.test.ts",
  "services/queue/redis/redis-waiting-room.int.test.ts",
  "services/queue/redis/model.int.test.ts",
  "cli/commands/usage.int.test.ts",
  "cli/commands/payment.int.test.ts",
  "cli/commands/capacity.int.test.ts",
];

interface Tally {
  passed: number;
  failed: number;
}

const write = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const [kind = "all", ...only] = process.argv.slice(2);
  if (!["unit", "integration", "all"].includes(kind)) {
    write(`"${kind}" is none of unit, integration, all`);
    return 64;
  }
  const tally: Tally = { passed: 0, failed: 0 };
  const files = await testFiles(only);
  if (kind !== "integration") await runUnit(files.unit, tally);
  if (kind !== "unit" && files.integration.length > 0)
    await runIntegration(files.integration, tally);
  write(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

async function testFiles(only: readonly string[]) {
  const all: string[] = [];
  for await (const file of glob("{services,cli,loadtests}/**/*.test.ts", { cwd: ROOT }))
    all.push(file);
  const wanted = all.filter(
    (file) => only.length === 0 || only.some((part) => file.includes(part)),
  );
  const isIntegration = (file: string) => file.endsWith(".int.test.ts");
  return {
    unit: wanted.filter((file) => !isIntegration(file)).sort(),
    integration: wanted.filter(isIntegration).sort(),
  };
}

/** Many in one process: they share nothing and start nothing. */
async function runUnit(files: readonly string[], tally: Tally): Promise<void> {
  const shares = Array.from({ length: UNIT_PROCESSES }, (_, share) =>
    files.filter((_file, at) => at % UNIT_PROCESSES === share),
  );
  const some = shares.filter((share) => share.length > 0);
  await Promise.all(
    some.map(async (share) => {
      const names = share.map((file) => file.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      const ran = await runUvu(ROOT, `^(${names.join("|")})$`, processEnvironment());
      count(ran, `${share.length} unit test files`, tally);
    }),
  );
}

async function runIntegration(files: readonly string[], tally: Tally): Promise<void> {
  const servers = await startServers();
  const environment = { ...processEnvironment(), ...servers.variables };
  try {
    const lane = async (waiting: string[]) => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        const folder = join(ROOT, dirname(file));
        const pattern = `^${basename(file).replaceAll(".", "\\.")}$`;
        count(await runUvu(folder, pattern, environment), file, tally);
      }
    };
    const some = (names: readonly string[]) => names.filter((name) => files.includes(name));
    await lane(some(ALONE));
    await Promise.all([lane(some(HEAVY)), lane(some(CALM))]);
    const done = new Set([...ALONE, ...HEAVY, ...CALM]);
    const others = files.filter((file) => !done.has(file)).sort(longFirst);
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, () => lane(others)));
  } finally {
    await servers.stop();
  }
}

function longFirst(one: string, other: string): number {
  const place = (file: string) => (LONG.includes(file) ? LONG.indexOf(file) : LONG.length);
  return place(one) - place(other);
}

/** Given URLs first; else programs on PATH, apt as root, docker: the servers' own starters know. */
async function startServers() {
  const environment = processEnvironment();
  const stops: (() => Promise<void>)[] = [];
  const log = () => {};
  const postgres = async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "reservex-test-"));
    const server = await startEmbeddedPostgres({ dataDir, durable: false, log });
    stops.push(async () => {
      await server.stop();
      await removeEmbeddedPostgres(dataDir);
    });
    return server.url("postgres");
  };
  const nats = async () => {
    const jetStreamDir = await mkdtemp(join(tmpdir(), "reservex-test-nats-"));
    const server = await startNats({ environment, log, jetStreamDir });
    stops.push(async () => {
      await server.stop();
      await rm(jetStreamDir, { recursive: true, force: true });
    });
    return server.url;
  };
  const redis = async () => {
    const server = await startRedis({ environment, log });
    stops.push(() => server.stop());
    return server.url;
  };
  const began = performance.now();
  const variables = {
    TEST_DATABASE_URL: environment.TEST_DATABASE_URL ?? (await postgres()),
    TEST_NATS_URL: environment.TEST_NATS_URL ?? (await nats()),
    TEST_REDIS_URL: environment.TEST_REDIS_URL ?? (await redis()),
  };
  write(`PostgreSQL, NATS and Redis are there after ${Math.round(performance.now() - began)} ms`);
  return {
    variables,
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
}

interface UvuRun {
  readonly text: string;
  readonly code: number | null;
  readonly seconds: number;
}

function runUvu(folder: string, pattern: string, environment: NodeJS.ProcessEnv): Promise<UvuRun> {
  return new Promise((done) => {
    const began = performance.now();
    const child = spawn(process.execPath, [UVU, relative(ROOT, folder) || ".", pattern], {
      cwd: ROOT,
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    const collect = (chunk: Buffer) => {
      text += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const timer = setTimeout(() => {
      text += `\n  took longer than ${FILE_TIMEOUT_MS / 1_000} s and was ended\n`;
      child.kill("SIGKILL");
    }, FILE_TIMEOUT_MS);
    child.once("close", (code) => {
      clearTimeout(timer);
      done({ text, code, seconds: (performance.now() - began) / 1_000 });
    });
  });
}

/** uvu's own totals; a file that died before printing them is one failure, all skipped is none. */
function count({ text, code, seconds }: UvuRun, title: string, tally: Tally): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences.
  const plain = text.replaceAll(/\u001b\[\d+m/g, "");
  const total = Number(/Total:\s+(\d+)/.exec(plain)?.[1] ?? Number.NaN);
  const passed = Number(/Passed:\s+(\d+)/.exec(plain)?.[1] ?? 0);
  const died = code !== 0 || Number.isNaN(total);
  const failed = Math.max(Number.isNaN(total) ? 0 : total - passed, died ? 1 : 0);
  tally.passed += passed;
  tally.failed += failed;
  const time = `${seconds.toFixed(1)} s`;
  if (failed === 0) write(`ok    ${title}: ${passed} passed, ${time}`);
  else write(`FAIL  ${title}: ${passed} passed, ${failed} failed, ${time}\n${plain}`);
}

process.exitCode = await main();
