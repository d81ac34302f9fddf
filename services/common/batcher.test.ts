/** Batches: who is asked together, and who hears what. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Batcher } from "./batcher.ts";

test("what is asked in one turn is one batch, answered item by item", async () => {
  const batches: number[][] = [];
  const batcher = new Batcher<number, string>(async (items) => {
    batches.push([...items]);
    return items.map(String);
  }, 3);
  assert.equal(await Promise.all([1, 2, 3, 4].map((one) => batcher.ask(one))), [..."1234"]);
  assert.is(await batcher.ask(5), "5");
  assert.equal(batches, [[1, 2, 3], [4], [5]]);
});

test("a failed batch fails for each of its items, and for nobody else", async () => {
  const batcher = new Batcher<number, number>(async (items) => {
    if (items.includes(0)) throw new Error("no");
    return items;
  }, 2);
  const answers = await Promise.allSettled([0, 1, 2].map((one) => batcher.ask(one)));
  assert.equal(
    answers.map((one) => one.status),
    ["rejected", "rejected", "fulfilled"],
  );
});

test("a store that answers too few is not believed", async () => {
  const batcher = new Batcher<number, number>(async () => [], 2);
  const [answer] = await Promise.allSettled([batcher.ask(1)]);
  assert.is(answer.status, "rejected");
});

test("an answer that takes longer keeps nobody but its own item waiting", async () => {
  const { promise: later, resolve: settle } = Promise.withResolvers<string>();
  const batcher = new Batcher<number, string>(
    async (items) => items.map((item) => (item === 1 ? later : String(item))),
    2,
    { atOnce: 1 },
  );
  const [slow, quick, next] = [1, 2, 3].map((item) => batcher.ask(item));
  assert.is(await quick, "2");
  let begun = false;
  void next!.then(() => {
    begun = true;
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.not(begun, "the batch is under way until its last answer is there");
  settle("1");
  assert.equal(await Promise.all([slow, next]), ["1", "3"]);
});

test.run();
