/** Four queue processes with four clocks, 20,000 clients, one Redis: the server's own journal. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { processEnvironment } from "../../common/config.ts";
import type { Journal, Stats } from "../../common/contracts/queue.ts";
import { startRedis } from "../../common/servers/redis-server.ts";
import { PollingCrowd } from "../testing/polling-crowd.ts";
import { joinAll, type StreamProcess, startStreamProcess } from "../testing/stream-crowd.ts";

/** A third more than are admitted, and no more polls than two busy cores answer in time. */
const CLIENTS_EACH = 5_000;
const SKEWS_MS = [0, 3_600_000, -3_600_000, 777_777];
const WINDOW_MS = 60_000;
/** Longer than a window, so that the first admissions leave it. */
const FIRST_MS = 64_000;
const SECOND_MS = 12_000;
const RATE = 6_000;
const HEARD_MS = 14_000;

interface Admission {
  readonly number: number;
  readonly clientId: string;
  readonly joinedAtMs: number;
  readonly admittedAtMs: number;
}

async function readJournal(server: StreamProcess): Promise<Admission[]> {
  const all: Admission[] = [];
  for (let next: number | null = 0; next !== null; ) {
    const answer = await server.ask(`/queue/1/journal?after=${next}&limit=5000`);
    const page = (await answer.json()) as Journal;
    for (const { number, clientId, joinedAt, admittedAt } of page.entries) {
      const [joinedAtMs, admittedAtMs] = [Date.parse(joinedAt), Date.parse(admittedAt)];
      all.push({ number, clientId, joinedAtMs, admittedAtMs });
    }
    next = page.next;
  }
  return all;
}

/** The most admissions in any 60 s, both ends included, that end within the given time. */
function fullest(journal: readonly Admission[], fromMs: number, untilMs: number): number {
  let [first, most] = [0, 0];
  for (const [at, { admittedAtMs }] of journal.entries()) {
    while (journal[first]!.admittedAtMs < admittedAtMs - WINDOW_MS) first += 1;
    if (admittedAtMs >= fromMs && admittedAtMs < untilMs) most = Math.max(most, at - first + 1);
  }
  return most;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("4 processes × 5,000 clients: every window is kept, permits are used, order is exact", async () => {
  const redis = await startRedis({ environment: processEnvironment(), log: () => {} });
  const settings = { REDIS_URL: redis.url };
  const servers = await Promise.all(
    SKEWS_MS.map((skewMs) => startStreamProcess({ settings, skewMs })),
  );
  const crowd = new PollingCrowd(servers);
  try {
    const [operator] = servers;
    const set = async (change: object) => {
      const answer = await operator!.ask("/queue/1/settings", "PATCH", change);
      assert.is(answer.status, 200);
      return Date.now();
    };
    await set({ paused: true, permitsPerMinute: RATE });
    const clients = servers.map((_, process) =>
      Array.from({ length: CLIENTS_EACH }, (_, id) => `p${process}c${id}`),
    );
    await Promise.all(servers.map((server, at) => joinAll(server, clients[at]!)));
    // In order of their places, so that each is heard within its grace before the gate opens.
    const inOrder = clients[0]!.flatMap((_, id) => clients.map((own) => own[id]!));
    crowd.begin(inOrder, HEARD_MS / 1_000);
    await pause(HEARD_MS + 2_000);
    const openedMs = await set({ paused: false });
    await pause(FIRST_MS);
    // Half the rate: nobody until enough of the old admissions have left the window; then a burst.
    const halvedMs = await set({ permitsPerMinute: RATE / 2, pacing: "burst" });
    await pause(SECOND_MS);
    const raisedMs = await set({ permitsPerMinute: 2 * RATE });
    await pause(2_000);
    const closedMs = await set({ paused: true });
    await crowd.stop();
    const journal = await readJournal(servers[2]!);
    const stats = (await (await servers[1]!.ask("/queue/1/stats")).json()) as Stats;

    assert.is(journal.length, stats.admittedTotal);
    assert.is(new Set(journal.map(({ clientId }) => clientId)).size, journal.length);
    assert.equal(
      journal.map(({ number }) => number),
      journal.map((_, at) => at + 1),
    );
    assert.ok(fullest(journal, 0, halvedMs) <= RATE, "the first rate");
    // What was admitted before at the higher rate may still be in the window, but nothing is added.
    assert.is(journal.filter((one) => within(one, halvedMs + 50, raisedMs - 50)).length, 0);
    assert.ok(fullest(journal, raisedMs, Infinity) <= 2 * RATE, "the last rate");
    assert.is(journal.filter((one) => one.admittedAtMs > closedMs + 50).length, 0);
    const used = journal.filter((one) => within(one, openedMs, openedMs + WINDOW_MS)).length;
    assert.ok(used >= 0.95 * RATE, `${used} of ${RATE} permits used`);
    const raised = journal.filter((one) => one.admittedAtMs >= raisedMs).length;
    assert.ok(raised >= 0.95 * RATE, `${raised} at the raised rate`);
    // Whom this slow machine made late gave way; all others come in the order of their arrival.
    const there = journal.filter(({ clientId }) => !crowd.late.has(clientId));
    const overtaken = there.filter(
      (one, at) => at > 0 && one.joinedAtMs < there[at - 1]!.joinedAtMs,
    );
    assert.equal(overtaken, [], "first come, first admitted, whichever process they came to");
    assert.ok(there.length > journal.length / 2, `${crowd.late.size} clients were late`);
    assert.ok(crowd.polls > 4 * CLIENTS_EACH);
  } finally {
    await crowd.stop().catch(() => undefined);
    await Promise.all(servers.map((server) => server.stop()));
    await redis.stop();
  }
});

function within({ admittedAtMs }: Admission, fromMs: number, untilMs: number): boolean {
  return admittedAtMs >= fromMs && admittedAtMs < untilMs;
}

test.run();
