/** Makes one history of the parts that several workers wrote, in the order in which things ended. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type {
  Fault,
  HistoryLine,
  Note,
  RunEnd,
  RunHeader,
  ShownStock,
} from "../../judge/history.ts";
import { HistoryFile } from "../history-file.ts";

/** What one worker wrote. */
export interface HistoryPart {
  readonly path: string;
  /** As {@link readOrder} found it. */
  readonly order: Order;
  /** Puts its times on the run's clock, in their order; absent where they are. */
  readonly toRun?: (ms: number) => number;
}

/** What the one who merges has seen himself. */
export type OwnLine = Fault | Note | ShownStock;

export interface OwnLines {
  /** By time. */
  readonly own: readonly OwnLine[];
  readonly end: RunEnd;
}

/** Milliseconds of invocation, on the part's own clock, by its ids. */
export type Order = Float64Array;

/**
 * Writes them all by their end, once their orders are known: those give each operation its id. One
 * line of each part and ten bytes an operation are in memory. Stock and notes are the first part's.
 * Rejects with Error where a file cannot be read or written.
 */
export async function mergeHistories(
  parts: readonly HistoryPart[],
  path: string,
  run: RunHeader,
  { own, end }: OwnLines,
): Promise<void> {
  const ids = rank(parts.map(({ order, toRun }) => (toRun ? order.map(toRun) : order)));
  const ending = Promise.withResolvers<never>();
  ending.promise.catch(() => undefined);
  let caughtUp: (() => void) | undefined;
  const file = new HistoryFile(path, {
    caughtUp: () => caughtUp?.(),
    failed: (error) => ending.reject(error),
  });
  file.add(run);
  const heads: Head[] = parts.map((part, index) => {
    return { index, lines: linesOf(part), line: undefined };
  });
  heads.push({ index: OWN, lines: told(own), line: undefined });
  for await (const { line, index } of byEnd(heads)) {
    if (line.kind === "op") file.add({ ...line, id: ids[index]![line.id]! });
    else if (index === 0 || index === OWN) file.add(line);
    if (!file.behind) continue;
    const room = new Promise<void>((resolve) => {
      caughtUp = resolve;
    });
    await Promise.race([room, ending.promise]);
  }
  file.add(end);
  await file.close();
}

/** The place of the lines that stem from no part. */
const OWN = -1;

async function* told(lines: readonly OwnLine[]): AsyncGenerator<Timed> {
  yield* lines;
}

/**
 * Reads a part once: its ids count up from 0 in the order of invocation. One that nobody has (a
 * probe was cut short) stands at the time of the one before. Rejects with Error where the part
 * cannot be read, or holds another number of operations than were made.
 */
export async function readOrder(path: string, operations: number): Promise<Order> {
  let times = new Float64Array(1_024).fill(Number.NaN);
  let count = 0;
  let last = -1;
  for await (const line of linesOf({ path })) {
    if (line.kind !== "op") continue;
    if (line.id >= times.length) {
      const longer = new Float64Array(Math.max(line.id + 1, times.length * 2)).fill(Number.NaN);
      longer.set(times);
      times = longer;
    }
    times[line.id] = line.invokedMs;
    count += 1;
    last = Math.max(last, line.id);
  }
  if (count !== operations) throw new Error(`it holds ${count} operations of ${operations}`);
  for (let id = 0; id <= last; id += 1) {
    if (Number.isNaN(times[id])) times[id] = times[id - 1] ?? 0;
  }
  return times.subarray(0, last + 1);
}

/** For each part, the new id of each of its ids: one count over all of them by invocation. */
export function rank(parts: readonly Float64Array[]): Uint32Array[] {
  const ids = parts.map((times) => new Uint32Array(times.length));
  const next = parts.map(() => 0);
  const total = parts.reduce((n, times) => n + times.length, 0);
  for (let id = 0; id < total; id += 1) {
    let first = -1;
    for (const [part, times] of parts.entries()) {
      if (next[part]! >= times.length) continue;
      if (first < 0 || times[next[part]!]! < parts[first]![next[first]!]!) first = part;
    }
    ids[first]![next[first]!] = id;
    next[first]! += 1;
  }
  return ids;
}

type Timed = Exclude<HistoryLine, RunHeader | RunEnd>;

interface Head {
  readonly index: number;
  readonly lines: AsyncGenerator<Timed>;
  line: Timed | undefined;
}

async function* byEnd(heads: Head[]): AsyncGenerator<{ line: Timed; index: number }> {
  for (const head of heads) head.line = await nextOf(head);
  for (;;) {
    let first: Head | undefined;
    for (const head of heads) {
      if (head.line === undefined) continue;
      if (first === undefined || endedMs(head.line) < endedMs(first.line!)) first = head;
    }
    if (first === undefined) return;
    yield { line: first.line!, index: first.index };
    first.line = await nextOf(first);
  }
}

async function nextOf({ lines }: Head): Promise<Timed | undefined> {
  const next = await lines.next();
  return next.done ? undefined : next.value;
}

const endedMs = (line: Timed): number => (line.kind === "op" ? line.endedMs : line.atMs);

/** Written by our own recorder a moment ago, so only parsed. */
async function* linesOf({ path, toRun }: Omit<HistoryPart, "order">): AsyncGenerator<Timed> {
  const input = createReadStream(path);
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = JSON.parse(text) as HistoryLine;
    if (line.kind === "run" || line.kind === "end") continue;
    yield toRun === undefined ? line : onClock(line, (ms) => micro(toRun(ms)));
  }
}

function onClock(line: Timed, at: (ms: number) => number): Timed {
  if (line.kind !== "op") return { ...line, atMs: at(line.atMs) };
  const { intendedMs, invokedMs, endedMs } = line;
  const times = { invokedMs: at(invokedMs), endedMs: at(endedMs) };
  return { ...line, intendedMs: at(intendedMs), ...times };
}

/** As the recorder writes them: whole microseconds. */
function micro(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
