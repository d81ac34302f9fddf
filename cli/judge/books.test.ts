import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeBooks } from "./books.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

const { run } = new RunBuilder().history();
const books = () => new BooksBuilder(run.sale);
const verdictsOf = (builder: BooksBuilder, told = {}) => {
  const { verdicts, exitCode } = judgeBooks(run, builder.ledger(told));
  return { exitCode, words: verdicts.map((one) => `${one.promise} ${one.verdict}`) };
};

test("good books are valid in stock, money and endings, and say nothing of the clients", () => {
  const { exitCode, words } = verdictsOf(books().book(1).book(2, { status: "CANCELLED" }));
  assert.equal(words, [
    "stock valid",
    "money valid",
    "endings valid",
    "rate unknown",
    "liveness unknown",
    "fairness unknown",
    "passes unknown",
  ]);
  assert.is(exitCode, 0);
});

test("empty books prove nothing", () => {
  const { exitCode, words } = verdictsOf(books());
  assert.equal(words.slice(0, 3), ["stock unknown", "money unknown", "endings unknown"]);
  assert.is(exitCode, 2);
});

test("a seat too many, a second charge and an open booking are each found", () => {
  const line = { id: 1, totalStock: 10, availableStock: 10, held: 1 };
  assert.equal(verdictsOf(books().book(1), { products: [line] }).words[0], "stock broken");
  assert.equal(verdictsOf(books().book(1, { charges: [5000, 5000] })).words[1], "money broken");
  const open = books().book(1).book(2, { status: "PENDING", saga: "CHARGING" });
  const late = verdictsOf(open, { settled: false, settleSeconds: 61 });
  assert.is(late.words[2], "endings broken");
  assert.is(late.exitCode, 1);
  const early = verdictsOf(open, { settled: false, settleSeconds: 5 });
  assert.is(early.words[2], "endings unknown");
  assert.is(early.exitCode, 2);
});

test.run();
