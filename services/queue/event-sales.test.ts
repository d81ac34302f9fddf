/** What the gate knows of events, and when it asks. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EventForSale } from "../common/contracts/ticket.ts";
import { EventSales } from "./event-sales.ts";

const START = "2030-01-01T10:00:00.000Z";
const OPEN: EventForSale = {
  found: true,
  saleStartAt: START,
  saleEndAt: "2030-01-02T10:00:00.000Z",
  cancelled: false,
};

class Tickets {
  nowMs = 1_000_000;
  asked = 0;
  silences = 0;
  answer: EventForSale | "silent" = OPEN;
  readonly sales = new EventSales({
    ask: async () => {
      this.asked += 1;
      const { answer } = this;
      await null;
      if (answer === "silent") throw new Error("nobody answers");
      return answer;
    },
    clock: { now: () => this.nowMs },
    onUnanswered: () => {
      this.silences += 1;
    },
  });
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("many who ask at once share one question, and the answer is remembered", async () => {
  const tickets = new Tickets();
  const found = await Promise.all([1, 1, 1].map((eventId) => tickets.sales.find(eventId)));
  assert.ok(found.every((one) => one.found && one.sale.opensAtMs === Date.parse(START)));
  tickets.nowMs += 1_999;
  await tickets.sales.find(1);
  assert.is(tickets.asked, 1);
});

test("an old answer is given at once, and asked for again meanwhile", async () => {
  const tickets = new Tickets();
  await tickets.sales.find(1);
  tickets.nowMs += 2_000;
  tickets.answer = { ...OPEN, cancelled: true };
  assert.is(tickets.sales.use(1)?.cancelled, false);
  await settled();
  assert.is(tickets.sales.use(1)?.cancelled, true);
  assert.is(tickets.asked, 2);
});

test("while the ticket service is silent the gate closes, and what was heard still serves", async () => {
  const tickets = new Tickets();
  await tickets.sales.find(1);
  tickets.answer = "silent";
  tickets.nowMs += 29_999;
  assert.ok(tickets.sales.use(1));
  await settled();
  tickets.nowMs += 1;
  assert.is(tickets.sales.use(1), undefined);
  await settled();
  assert.ok(tickets.sales.lastHeard(1));
  const [asked] = await Promise.allSettled([tickets.sales.find(1)]);
  assert.is(asked.status, "rejected");
  assert.is(tickets.silences, 1, "told once");
  tickets.answer = OPEN;
  assert.is((await tickets.sales.find(1)).found, true);
});

test("an event that is not there is remembered for a moment only", async () => {
  const tickets = new Tickets();
  tickets.answer = { found: false };
  assert.is((await tickets.sales.find(9)).found, false);
  assert.is((await tickets.sales.find(9)).found, false);
  assert.is(tickets.asked, 1);
  tickets.answer = OPEN;
  tickets.nowMs += 1_000;
  assert.is((await tickets.sales.find(9)).found, true);
});

test("ids of no event are forgotten before they fill the memory", async () => {
  const tickets = new Tickets();
  await tickets.sales.find(1);
  tickets.answer = { found: false };
  for (let eventId = 2; eventId < 3_000; eventId++) await tickets.sales.find(eventId);
  await tickets.sales.find(2);
  assert.is(tickets.asked, 3_000, "the first of them was forgotten");
  assert.ok(tickets.sales.lastHeard(1), "a known event is not displaced");
});

test("a change makes the old answer unusable, also one that is on its way", async () => {
  const tickets = new Tickets();
  await tickets.sales.find(1);
  tickets.nowMs += 5_000;
  tickets.sales.lookAgain(1);
  tickets.answer = { ...OPEN, cancelled: true };
  const changed = tickets.sales.changed(1);
  assert.is(tickets.sales.use(1), undefined);
  await changed;
  await settled();
  assert.is(tickets.sales.use(1)?.cancelled, true);
});

test.run();
