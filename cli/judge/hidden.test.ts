import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Hidden } from "./history.ts";
import { judgeRun } from "./judge.ts";
import { BooksBuilder, RunBuilder } from "./testing.ts";

/** Three clients come, see their passes and buy; everything fits. */
function verdictsOf(hidden: readonly Hidden[], spoil: (run: RunBuilder) => void = () => {}) {
  const run = new RunBuilder({ permitsPerMinute: 2 }, { hidden });
  const books = new BooksBuilder(run.sale);
  for (const client of [1, 2]) {
    run.join(client, client * 100);
    run.pass(client, 1_000 + client * 100, `pass-${client}`, 500 + client * 100);
    const sagaId = `saga-${client}`;
    run.reserve(client, 2_000 + client * 100, {
      pass: `pass-${client}`,
      reservationId: client,
      sagaId,
    });
    books.book(client);
  }
  run.join(3, 300);
  run.pass(3, 62_000, "pass-3", 61_000);
  spoil(run);
  const { verdicts, exitCode } = judgeRun(run.history(), books.ledger());
  return { exitCode, said: new Map(verdicts.map((one) => [one.promise, one])) };
}

test("a promise is unknown where the target does not show what it takes", () => {
  const open = verdictsOf([]).said;
  assert.is(open.get("money")?.verdict, "valid");
  assert.is(open.get("passes")?.verdict, "valid");
  const { said, exitCode } = verdictsOf(["payments", "sagas", "passTimes", "keys"]);
  for (const promise of ["rate", "liveness", "passes", "money"] as const) {
    assert.is(said.get(promise)?.verdict, "unknown", promise);
  }
  assert.match(said.get("money")?.because ?? "", /does not show its payments/);
  assert.is(said.get("stock")?.verdict, "valid");
  assert.is(exitCode, 2);
});

test("what is certainly broken stays broken, whatever is hidden", () => {
  const { said, exitCode } = verdictsOf(["passTimes", "keys"], (run) => {
    run.reserve(2, 3_000, { pass: "pass-1", key: "other", reservationId: 1 });
  });
  assert.is(said.get("passes")?.verdict, "broken");
  assert.is(exitCode, 1);
});

test.run();
