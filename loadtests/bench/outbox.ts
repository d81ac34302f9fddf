/** Messages a second from a committed outbox row to a committed inbox mark, and publishes by hand. */
import type { Message } from "../../services/common/contracts/messages.ts";
import { LIMITS } from "../../services/common/limits.ts";
import { putMessages } from "../../services/common/outbox/outbox-store.ts";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { judged, measure, resultOf } from "./benchmark.ts";
import { cpuClock } from "./cpu-clock.ts";
import { BY_HAND, newMessage, type OutboxStage, startOutboxStage } from "./outbox-stage.ts";
import { type Block, median, notesOf } from "./ratio.ts";

/** Rows of a block for each of its seconds: more than a small machine carries. */
const ROWS_PER_SECOND = 5_000;
const ROWS_AT_ONCE = 1_000;
/** Of the latency blocks: this many in one commit, so often. */
const PACE = { perSecond: 2_000, together: 10 };

export const outbox: Benchmark = {
  name: "outbox",
  about: "messages/s from outbox rows over JetStream into the inbox, with raw publishes",
  run: runOutbox,
};

async function runOutbox(context: BenchContext): Promise<readonly Result[]> {
  const stage = await startOutboxStage(context);
  const count = ROWS_PER_SECOND * context.seconds;
  const blocks = await measure(context, {
    outbox: () => outboxBlock(stage, count),
    raw: () => rawBlock(stage, count),
    paced: () => pacedBlock(stage, context.seconds),
  });
  const settings = {
    ...stage.settings,
    blocks: `${context.pairs} pairs of ${count} messages in turns, one more dropped as warm-up`,
    window: `${LIMITS.outboxStoreWindow} publishes under way`,
  };
  const p99 = median(blocks.paced.map(({ value }) => value));
  const values = blocks.paced.map(({ value }) => value);
  return [
    resultOf(
      {
        name: "outbox",
        unit: "messages/s",
        goal: { atLeast: 0.6 },
        sides: {
          a: "rows claimed, published, acknowledged, marked; delivered, inbox marks committed",
          b: "publish() of nats.js with message ids, same window, same server, nobody consumes",
        },
        settings,
      },
      { a: blocks.outbox, b: blocks.raw },
    ),
    {
      name: "outbox-p99",
      unit: "ms",
      ratio: p99 / 50,
      ...judged(p99 / 50, { atMost: 1 }),
      a: p99,
      b: 50,
      spread: { min: Math.min(...values) / 50, max: Math.max(...values) / 50 },
      noisy: false,
      settings: {
        ...stage.settings,
        A: `commit of the row to commit of the inbox mark, p99, at ${PACE.perSecond} messages/s`,
        B: "50 ms, the goal",
        commits: `${PACE.together} messages each`,
      },
      notes: notesOf("A", blocks.paced),
    },
  ];
}

/** A backlog of rows, all handled. */
async function outboxBlock(stage: OutboxStage, count: number): Promise<Block> {
  for (let put = 0; put < count; put += ROWS_AT_ONCE) {
    await putMessages(stage.database, messages(ROWS_AT_ONCE));
  }
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  stage.onHandled = (ids) => {
    handled += ids.length;
    if (handled >= count) resolve();
  };
  const clock = await cpuClock(stage);
  const began = performance.now();
  const relay = stage.openRelay();
  relay.start();
  await all;
  const seconds = (performance.now() - began) / 1_000;
  const notes = await clock.perItem(count);
  await relay.stop();
  return { value: count / seconds, notes };
}

/** The same messages by the client's own means. */
async function rawBlock({ byHand, ...stage }: OutboxStage, count: number): Promise<Block> {
  const all = messages(count).map((one) => [one.messageId, JSON.stringify(one)] as const);
  const clock = await cpuClock(stage);
  const began = performance.now();
  const publish = async () => {
    for (let next = all.pop(); next; next = all.pop()) {
      await byHand.publish(BY_HAND, next[1], { msgID: next[0] });
    }
  };
  await Promise.all(Array.from({ length: LIMITS.outboxStoreWindow }, publish));
  const seconds = (performance.now() - began) / 1_000;
  return { value: count / seconds, notes: await clock.perItem(count) };
}

/** Milliseconds from commit to commit at a steady pace. */
async function pacedBlock(stage: OutboxStage, seconds: number): Promise<Block> {
  const committedAt = new Map<string, number>();
  const latencies: number[] = [];
  const total = PACE.perSecond * seconds;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  stage.onHandled = (ids) => {
    const now = performance.now();
    for (const id of ids) {
      // Handled before its sender has heard of the commit: at once.
      latencies.push(Math.max(0, now - (committedAt.get(id) ?? now)));
    }
    if (latencies.length >= total) resolve();
  };
  const relay = stage.openRelay();
  relay.start();
  const everyMs = (1_000 * PACE.together) / PACE.perSecond;
  const began = performance.now();
  const commits: Promise<void>[] = [];
  for (let sent = 0; sent < total; sent += PACE.together) {
    const dueMs = began + (sent / PACE.together) * everyMs - performance.now();
    if (dueMs > 0) await new Promise((go) => setTimeout(go, dueMs));
    commits.push(
      (async () => {
        const some = messages(PACE.together);
        await putMessages(stage.database, some);
        const now = performance.now();
        for (const { messageId } of some) committedAt.set(messageId, now);
        relay.wake();
      })(),
    );
  }
  await Promise.all(commits);
  await all;
  await relay.stop();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)]!;
  return { value: at(0.99), notes: { p50Ms: at(0.5), maxMs: latencies.at(-1)! } };
}

function messages(count: number): Message[] {
  return Array.from({ length: count }, newMessage);
}
