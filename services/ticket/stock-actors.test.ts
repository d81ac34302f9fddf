/** Who shares a batch with whom, and what a failure costs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../common/limits.ts";
import type { ReserveRequest, ReserveVerdict } from "./reservation-store.ts";
import { StockActors, type StockActorsOptions, takeIndependent } from "./stock-actors.ts";

let made = 0;
function aRequest(userId: number, productId = 1): ReserveRequest {
  made += 1;
  return {
    ...{ eventId: 1, userId, productId, quantity: 1, idempotencyKey: null },
    ...{ passToken: `pass_${made}`, sagaId: `saga_${made}`, messageId: `m_${made}` },
    occurredAt: "2026-01-01T00:00:00.000Z",
  };
}

const SOLD_OUT: ReserveVerdict = { verdict: "OUT_OF_STOCK", passSpent: false };

/** Decides when the test says so. */
class Books {
  readonly batches: (readonly ReserveRequest[])[] = [];
  #waiting: (() => void)[] = [];
  fails: (batch: readonly ReserveRequest[]) => Error | undefined = () => undefined;

  readonly actors: StockActors;

  constructor(options: Omit<StockActorsOptions, "decide"> = {}) {
    this.actors = new StockActors({ ...options, decide: (batch) => this.#decide(batch) });
  }

  async #decide(batch: readonly ReserveRequest[]): Promise<readonly ReserveVerdict[]> {
    this.batches.push(batch);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const failure = this.fails(batch);
    if (failure) throw failure;
    return batch.map(() => SOLD_OUT);
  }

  async settle(): Promise<void> {
    for (let turns = 0; turns < 50; turns++) {
      for (const go of this.#waiting.splice(0)) go();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  usersOf(): number[][] {
    return this.batches.map((batch) => batch.map(({ userId }) => userId));
  }
}

test("what comes while a batch is decided shares the next; other products do not wait", async () => {
  const books = new Books();
  const asked = [1, 2, 3].map((user) => books.actors.ask(aRequest(user)));
  asked.push(books.actors.ask(aRequest(4, 2)));
  assert.equal(books.usersOf(), [[1], [4]]);
  await books.settle();
  assert.equal(books.usersOf(), [[1], [4], [2, 3]]);
  assert.equal(await Promise.all(asked), [SOLD_OUT, SOLD_OUT, SOLD_OUT, SOLD_OUT]);
});

test("a second batch begins beside the first when it is full, and a third waits", async () => {
  const books = new Books();
  const count = 1 + LIMITS.batch * 2;
  for (let user = 1; user <= count; user++) void books.actors.ask(aRequest(user));
  const sizes = () => books.batches.map((batch) => batch.length);
  assert.equal(sizes(), [1, LIMITS.batch]);
  await books.settle();
  assert.equal(sizes(), [1, LIMITS.batch, LIMITS.batch]);
});

test("where each request has its own statement, nobody waits", async () => {
  const books = new Books({ batch: 1, batchesAtOnce: Number.POSITIVE_INFINITY });
  for (const user of [1, 2, 3, 1]) void books.actors.ask(aRequest(user));
  assert.equal(books.usersOf(), [[1], [2], [3]], "but for the same buyer");
  await books.settle();
  assert.equal(books.usersOf(), [[1], [2], [3], [1]]);
});

test("requests of one buyer are decided one after the other, in their order", async () => {
  const books = new Books();
  for (const user of [9, 1, 1, 2, 1]) void books.actors.ask(aRequest(user));
  await books.settle();
  assert.equal(books.usersOf(), [[9], [1, 2], [1], [1]]);
});

test("a batch holds so many and no more, in the order of arrival", () => {
  const letters = Array.from({ length: 10 }, (_, at) => ({ request: aRequest(at) }));
  const { taken, left } = takeIndependent(letters, 4);
  assert.equal([taken, left], [letters.slice(0, 4), letters.slice(4)]);
});

test("a shared pass or saga parts two buyers", () => {
  const [a, b, c] = [aRequest(1), aRequest(2), aRequest(3)];
  const letters = [a, { ...b, passToken: a.passToken }, { ...c, sagaId: a.sagaId }];
  const { taken, left } = takeIndependent(
    letters.map((request) => ({ request })),
    10,
  );
  assert.equal([taken.length, left.length], [1, 2]);
});

test("a full mailbox takes nobody more, until its actor has caught up", async () => {
  const books = new Books();
  // One is decided at once, and beside it a full batch.
  const most = 1 + LIMITS.batch + LIMITS.mailbox;
  for (let user = 0; user < most; user++) void books.actors.ask(aRequest(user));
  assert.is(books.actors.hasRoom(1), false);
  assert.is(books.actors.hasRoom(2), true);
  await books.settle();
  assert.is(books.actors.hasRoom(1), true);
});

test("one request that the database refuses costs the others nothing", async () => {
  const books = new Books();
  const poison = aRequest(3);
  books.fails = (batch) =>
    batch.includes(poison)
      ? Object.assign(new Error("no such thing"), { code: "22003", severity: "ERROR" })
      : undefined;
  const letters = [aRequest(1), aRequest(2), aRequest(5), poison, aRequest(4)];
  const asked = letters.map((one) => books.actors.ask(one));
  const settled = Promise.allSettled(asked);
  await books.settle();
  assert.equal(
    (await settled).map((one) => one.status),
    ["fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"],
  );
});

test("where it is not known whether a batch was committed, each of it hears that", async () => {
  const books = new Books();
  books.fails = () => new Error("connection cut");
  const settled = Promise.allSettled([1, 2, 3].map((user) => books.actors.ask(aRequest(user))));
  await books.settle();
  assert.equal(
    (await settled).map((one) => one.status),
    ["rejected", "rejected", "rejected"],
  );
  assert.equal(books.usersOf(), [[1], [2, 3]], "nothing is tried again");
});

test.run();
