/**
 * How long the judges take for a record of so many operations, read from a file as `reservex judge`
 * reads it, and how much memory that takes. `node loadtests/bench/judge-scale.ts [operations]`
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Op } from "../../cli/judge/history.ts";
import { type ExitCode, judgeRun } from "../../cli/judge/judge.ts";
import { QUEUE_EPOCH_MS, RunBuilder } from "../../cli/judge/testing.ts";
import type { PromiseName } from "../../cli/judge/verdict.ts";
import { historyPath, readHistory } from "../../cli/run/run-folder.ts";

export interface JudgeScale {
  readonly operations: number;
  readonly readSeconds: number;
  readonly judgeSeconds: number;
  /** Of this process, at its largest, in MiB. */
  readonly peakMiB: number;
  readonly exitCode: ExitCode;
  readonly broken: readonly PromiseName[];
}

const MIB = 1_048_576;
/** Operations of one client: a join, six polls, a pass, a purchase, a look. */
const PER_CLIENT = 10;
const PERMITS_PER_MINUTE = 60_000;

/** Writes the record to a temporary folder, reads and judges it, and removes it. */
export async function judgeScale(operations: number): Promise<JudgeScale> {
  const folder = await mkdtemp(join(tmpdir(), "reservex-judge-scale-"));
  try {
    await writeRecord(historyPath(folder), Math.ceil(operations / PER_CLIENT));
    const began = performance.now();
    const history = await readHistory(folder);
    const read = performance.now();
    const { verdicts, exitCode } = judgeRun(history, undefined);
    const judged = performance.now();
    const broken = verdicts.filter((one) => one.verdict === "broken");
    return {
      operations: history.ops.length,
      readSeconds: (read - began) / 1_000,
      judgeSeconds: (judged - read) / 1_000,
      peakMiB: Math.round((process.resourceUsage().maxRSS * 1_024) / MIB),
      exitCode,
      broken: broken.map(({ promise }) => promise),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A line of clients, one a millisecond, each served soon; written as it is made. */
async function writeRecord(path: string, clients: number): Promise<void> {
  const totalStock = clients * 2;
  const products = [{ id: 1, name: "Standing", priceCents: 5_000, totalStock, maxPerUser: 1 }];
  const run = new RunBuilder({ permitsPerMinute: PERMITS_PER_MINUTE, products });
  const { run: header, end } = run.history();
  const file = createWriteStream(path);
  file.write(`${JSON.stringify(header)}\n`);
  for (let client = 0; client < clients; client += 1) {
    const lines = opsOf(client).map((op) => JSON.stringify(op));
    if (!file.write(`${lines.join("\n")}\n`)) await once(file, "drain");
  }
  file.end(`${JSON.stringify({ ...end, atMs: clients + 60_000 })}\n`);
  await once(file, "finish");
}

const KEY_FILLER = "00000000-0000-4000-8000-";

function opsOf(client: number): Op[] {
  let made = 0;
  const at = (ms: number) => {
    made += 1;
    const times = { intendedMs: client + ms, invokedMs: client + ms, endedMs: client + ms + 0.5 };
    const id = client * PER_CLIENT + made;
    return { kind: "op", id, client, ...times, outcome: "ok", status: 200 } as const;
  };
  const number = String(client).padStart(12, "0");
  const pass = `pass_${KEY_FILLER}${number}`;
  // One a millisecond and a little more: the limit is met exactly and never exceeded.
  const admittedMs = QUEUE_EPOCH_MS + client + 400;
  const passExpiresAt = new Date(admittedMs + 300_000).toISOString();
  const advice = { position: 400, pollAfterSeconds: 2 };
  const purchase = { key: `${KEY_FILLER}${number}`, productId: 1, quantity: 1, sagaId: number };
  const reservationId = client + 1;
  return [
    { ...at(0), op: "join", ...advice },
    ...[50, 100, 150, 200, 250, 300].map((ms) => {
      return { ...at(ms), op: "poll", ...advice } as const;
    }),
    { ...at(600), op: "poll", position: 0, pollAfterSeconds: 2, pass, passExpiresAt },
    { ...at(900), op: "reserve", pass, ...purchase, reservationId },
    { ...at(1_400), op: "follow", reservationId, reservationStatus: "CONFIRMED" },
  ];
}

if (import.meta.main) {
  const result = await judgeScale(Number(process.argv[2] ?? 1_000_000));
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
}
