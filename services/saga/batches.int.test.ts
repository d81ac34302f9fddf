/** Messages that are handled together leave what they leave one after the other. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { systemClock } from "../common/clock.ts";
import type { Message, MessageType } from "../common/contracts/messages.ts";
import { sql, withClient, withDatabase } from "../common/database.ts";
import { ownDatabase } from "../common/lifecycle.ts";
import { createLog } from "../common/log.ts";
import { testDatabaseServer } from "../common/testing/service-harness.ts";
import { Coordinator, NotYet } from "./coordinator.ts";
import { sagaBooks } from "./saga-books.ts";
import type { Step } from "./step.ts";

const server = testDatabaseServer();
const name = `t_${randomUUID().replaceAll("-", "").slice(0, 16)}_saga`;
const database = await ownDatabase(
  { config: { DATABASE_POOL_SIZE: 8 }, databaseUrl: () => withDatabase(server, name) },
  "saga",
  { sql: join(import.meta.dirname, "sql"), messaging: true },
);
const steps: Step[] = [];
const coordinator = new Coordinator({
  books: sagaBooks(database),
  clock: systemClock,
  log: createLog("silent"),
  timetable: { paymentDeadlineSeconds: 60, retrySeconds: 15 },
  onStep: (step) => void steps.push(step),
});

const test = suite("batches of saga messages");
test.after(async () => {
  await database.end();
  await withClient(server, (client) => client.query(`drop database ${name} with (force)`));
});

const TYPES = [
  "PaymentCompleted",
  "PaymentFailed",
  "ReservationConfirmed",
  "ReservationCancelled",
  "PaymentRefunded",
] as const satisfies readonly MessageType[];

let reservations = 0;
function aMessage(sagaId: string, type: MessageType, reservationId: number): Message {
  const data = { reservationId, userId: 7, amountCents: 4_990, paymentId: "pay_1" };
  const head = { messageId: `msg_${randomUUID()}`, sagaId, occurredAt: new Date().toISOString() };
  return { ...head, type, data: { ...data, transactionId: "t", reason: "because" } } as Message;
}

const leftRow = z.object({
  state: z.string(),
  money: z.string().nullable(),
  because: z.string().nullable(),
  attempts: z.int(),
  due: z.boolean(),
  timeline: z.array(z.string()),
  sent: z.array(z.string()),
});

/** All that a saga's messages have left, but for ids and times. */
const leftOf = (sagaId: string) =>
  database.one(sql.type(leftRow)`
    select state, money, because, attempts, deadline_at is not null as due,
      (select array_agg(concat_ws(' ', event, from_state, to_state, sent, note) order by seq)
        from saga_log l where l.saga_id = s.saga_id) as timeline,
      (select coalesce(array_agg(type order by type), '{}') from outbox o
        where o.saga_id = s.saga_id) as sent
    from saga s where saga_id = ${sagaId}`);

const story = fc.record({
  /** One list of events for each saga, after ReservationCreated. */
  sagas: fc.array(fc.array(fc.constantFrom(...TYPES), { maxLength: 5 }), {
    minLength: 1,
    maxLength: 5,
  }),
  twice: fc.boolean(),
});

/** The sagas' messages, one of each saga by turns, and perhaps each of them twice. */
function messagesOf(told: { readonly sagas: readonly (readonly MessageType[])[]; twice: boolean }) {
  const ids = told.sagas.map(() => `saga_${randomUUID()}`);
  const lists = told.sagas.map((types, at) => {
    reservations += 1;
    return ["ReservationCreated" as const, ...types].map((type) =>
      aMessage(ids[at]!, type, reservations),
    );
  });
  const messages: Message[] = [];
  for (let turn = 0; lists.some((list) => turn < list.length); turn += 1) {
    for (const list of lists) if (list[turn]) messages.push(list[turn]!);
  }
  return { ids, messages: told.twice ? messages.flatMap((one) => [one, one]) : messages };
}

test("states, timelines, deadlines and commands are those of one message after the other", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const [together, apart] = [messagesOf(told), messagesOf(told)];
      await coordinator.handle(together.messages);
      for (const message of apart.messages) await coordinator.handle([message]);
      for (const [at, id] of together.ids.entries()) {
        assert.equal(await leftOf(id), await leftOf(apart.ids[at]!));
      }
    }),
    { numRuns: 60 },
  );
});

test("one message that comes too early sends the whole batch back, and nothing has changed", async () => {
  const { ids, messages } = messagesOf({ sagas: [["PaymentCompleted"]], twice: false });
  const early = aMessage(`saga_${randomUUID()}`, "PaymentCompleted", 1);
  const before = steps.length;
  const failure = await coordinator.handle([...messages, early]).catch((error) => error);
  assert.instance(failure, NotYet);
  assert.is(steps.length, before);
  await coordinator.handle(messages);
  assert.is((await leftOf(ids[0]!)).state, "CONFIRMING");
});

test("batches at once that speak of the same sagas, in any order, count each message once", async () => {
  const { ids, messages } = messagesOf({
    sagas: Array.from({ length: 20 }, () => ["PaymentCompleted", "ReservationConfirmed"] as const),
    twice: false,
  });
  const [created, later] = [messages.slice(0, 20), messages.slice(20)];
  const before = steps.length;
  await Promise.all([
    coordinator.handle(created),
    coordinator.handle(created.toReversed()),
    coordinator.handle([...created.slice(10), ...created.slice(0, 10)]),
  ]);
  await Promise.all([coordinator.handle(later), coordinator.handle(later)]);
  assert.is(steps.length - before, 60);
  for (const id of ids) assert.is((await leftOf(id)).state, "COMPLETED");
});

test.run();
