/** Orders that are taken together: each saga has one payment, and everybody hears what stands. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../common/clock.ts";
import { claimMessages } from "../common/outbox/outbox-store.ts";
import { paymentBooks } from "./payment-books.ts";
import { paymentOrders } from "./payment-orders.ts";
import { paymentsByReservation } from "./payment-store.ts";
import { booking, chargeOrder, ownDatabase, refundOrder } from "./payment-test-aids.ts";

const { database, drop } = await ownDatabase();
const test = suite("batches of orders");
test.after(drop);

const heard: string[] = [];
const take = paymentOrders({
  books: paymentBooks(database),
  clock: systemClock,
  onWork: () => heard.push("work"),
  onOutcome: ({ sagaId }, settled) => heard.push(`${sagaId} ${settled ? "settled" : "repeated"}`),
});
test.before.each(() => void heard.splice(0));

const statuses = async (after: number, until: number) =>
  (await paymentsByReservation(database, { after, until })).map(({ status }) => status);

test("charges of many sagas open one payment each, whatever comes twice", async () => {
  const orders = Array.from({ length: 50 }, (_, at) => chargeOrder(booking(100 + at)));
  const again = Array.from({ length: 50 }, (_, at) => chargeOrder(booking(100 + at)));
  await take([...orders, ...orders, ...again]);
  await take(orders);
  assert.equal(await statuses(99, 149), Array(50).fill("PENDING"));
  assert.equal(heard, ["work"]);
});

test("a refund that shares a batch with its charge leaves a payment that never asks the provider", async () => {
  const [one, other] = [booking(201), booking(202)];
  await take([refundOrder(one), chargeOrder(one), chargeOrder(other), refundOrder(other)]);
  assert.equal(await statuses(200, 202), ["FAILED", "FAILED"]);
  const told = (await claimMessages(database, 100, 0)).map(({ message }) => message);
  for (const { sagaId } of [one, other]) {
    const own = told.filter((message) => message.sagaId === sagaId);
    assert.equal([...new Set(own.map(({ type }) => type))], ["PaymentFailed"]);
  }
  await take([chargeOrder(one), refundOrder(one)]);
  assert.equal(await statuses(200, 201), ["FAILED"]);
  assert.equal(heard.slice(-2), [`${one.sagaId} repeated`, `${one.sagaId} repeated`]);
});

test("batches at once that speak of the same sagas open each payment once", async () => {
  const orders = () => Array.from({ length: 40 }, (_, at) => chargeOrder(booking(300 + at)));
  await Promise.all([take(orders()), take(orders().reverse()), take(orders())]);
  assert.equal(await statuses(299, 339), Array(40).fill("PENDING"));
});

test("a message that is no order sends the batch back, and nothing has changed", async () => {
  const { sagaId, occurredAt } = chargeOrder(booking(400));
  const data = { reservationId: 400, userId: 1, amountCents: 1 };
  const stranger = { messageId: "msg_x", sagaId, occurredAt, type: "ConfirmReservation", data };
  const failed = await take([chargeOrder(booking(401)), stranger as never]).then(
    () => false,
    () => true,
  );
  assert.ok(failed);
  assert.equal(await statuses(399, 401), []);
});

test.run();
