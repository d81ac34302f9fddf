/** Dead letters on real PostgreSQL: kept, seen, tried again, never dropped. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { message } from "../bus/bus-conformance.ts";
import type { Database } from "../database.ts";
import { createLog } from "../log.ts";
import { firstTime } from "../outbox/outbox-store.ts";
import { type MessagingDatabase, messagingDatabase } from "../testing/messaging-database.ts";
import { eventually } from "../testing/service-harness.ts";
import { DeadLetters } from "./dead-letters.ts";

const log = createLog("silent");
let own: MessagingDatabase;
let database: Database;
let broken = true;
const effects: string[] = [];

test.before(async () => {
  own = await messagingDatabase("letters", 6);
  ({ database } = own);
});
test.after(() => own.drop());

function openLetters(): DeadLetters {
  return new DeadLetters({
    database,
    log,
    async handler({ messageId }) {
      if (broken) throw new Error("still broken");
      const first = await database.transaction((tx) => firstTime(tx, messageId));
      if (first) effects.push(messageId);
    },
  });
}

const letter = (id: string, payload: string = JSON.stringify(message(id))) => ({
  id,
  subject: "saga.payment.charge",
  payload,
  deliveries: 12,
  error: "broken",
});

test("a letter is kept with all that is known of it, and the same again adds its deliveries", async () => {
  const letters = openLetters();
  await letters.park(letter("one"));
  await letters.park({ ...letter("one"), error: "broken again" });
  const found = await letters.find("one");
  assert.is(found?.attempts, 24);
  assert.is(found?.lastError, "broken again");
  assert.is(found?.sagaId, "saga-of-one");
  assert.is(found?.type, "ChargePayment");
  assert.type(found?.nextAttemptAt, "string");
  assert.equal(await letters.recall(["one", "two"]), { handled: [], parked: ["one"] });
});

test("what is no message is kept too, and waits for an operator", async () => {
  const letters = openLetters();
  await letters.park(letter("poison", 'no JSON, and a NUL: \0 "'));
  const found = await letters.find("poison");
  assert.is(found?.type, null);
  assert.is(found?.nextAttemptAt, null);
  assert.match(found?.payload ?? "", "no JSON");
});

test("requeued while it is still broken it stays, with its latest error", async () => {
  const letters = openLetters();
  letters.start();
  assert.equal(await letters.requeue(["one", "nobody"]), ["one"]);
  const found = await eventually(
    () => letters.find("one"),
    (one) => one?.attempts === 25,
  );
  assert.is(found?.lastError, "still broken");
  assert.ok(Date.parse(found?.nextAttemptAt ?? "") > Date.now(), "tried again by itself later");
  await letters.stop();
});

test("requeued once it can be handled it is gone, and its effects are there, once", async () => {
  broken = false;
  const both = [openLetters(), openLetters()];
  for (const letters of both) letters.start();
  await Promise.all(both.map((letters) => letters.requeue("all")));
  await eventually(
    () => both[0]!.count(),
    (count) => count === 1,
  );
  assert.equal(effects, ["one"]);
  assert.equal(await both[0]!.recall(["one"]), { handled: ["one"], parked: [] });
  const poison = await eventually(
    () => both[0]!.find("poison"),
    (one) => one!.attempts > 12,
  );
  assert.is(poison?.nextAttemptAt, null, "and poison still waits");
  for (const letters of both) await letters.stop();
});

test("pages go by id, to the end", async () => {
  const letters = openLetters();
  for (let i = 0; i < 5; i++) await letters.park(letter(`page-${i}`));
  const first = await letters.list("", 4);
  const second = await letters.list(first.at(-1)!.id, 4);
  const ids = [...first, ...second].map(({ id }) => id);
  assert.equal(ids, [0, 1, 2, 3, 4].map((i) => `page-${i}`).concat("poison"));
});

test.run();
