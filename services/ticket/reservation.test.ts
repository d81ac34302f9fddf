/** The rules of reservations as a table: every state × every command. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseMessage } from "../common/contracts/messages.ts";
import { type ReservationStatus, reservationStatus } from "../common/contracts/ticket.ts";
import {
  announcement,
  type Command,
  type Reservation,
  type Ruling,
  ruling,
} from "./reservation.ts";

const TABLE: readonly (readonly [ReservationStatus, Command, Ruling])[] = [
  ["PENDING", "confirm", "confirm"],
  ["PENDING", "cancelForSaga", "cancel"],
  ["PENDING", "cancelByBuyer", "cancel"],
  ["PAYMENT_PENDING", "confirm", "confirm"],
  ["PAYMENT_PENDING", "cancelForSaga", "cancel"],
  ["PAYMENT_PENDING", "cancelByBuyer", "cancel"],
  ["CONFIRMED", "confirm", "repeat"],
  ["CONFIRMED", "cancelForSaga", "cancel"],
  ["CONFIRMED", "cancelByBuyer", "cancel"],
  ["CANCELLED", "confirm", "repeat"],
  ["CANCELLED", "cancelForSaga", "repeat"],
  ["CANCELLED", "cancelByBuyer", "refuse"],
];

for (const [status, command, expected] of TABLE) {
  test(`${command} of a reservation that is ${status}: ${expected}`, () => {
    assert.is(ruling(status, command), expected);
  });
}

test("the table above has a row for each state and command", () => {
  assert.is(TABLE.length, reservationStatus.options.length * 3);
});

test("nothing but a live reservation is ever confirmed or cancelled", () => {
  const changes = TABLE.filter(([, , what]) => what === "confirm" || what === "cancel");
  assert.ok(changes.every(([status]) => status !== "CANCELLED"));
});

const one: Reservation = {
  id: 7,
  sagaId: "saga_1",
  userId: 3,
  productId: 2,
  productName: "Seat",
  eventId: 1,
  quantity: 2,
  totalCents: 9_980,
  status: "CONFIRMED",
  cancelReason: null,
  createdAt: "2030-01-01T00:00:00.000Z",
  updatedAt: "2030-01-01T00:00:00.000Z",
};
const stamp = { messageId: "msg_1", occurredAt: "2030-01-01T00:00:00.000Z" };

test("a confirmed reservation is announced with its exact amount", () => {
  const message = announcement(one, stamp);
  assert.equal(parseMessage(message), {
    ...stamp,
    sagaId: "saga_1",
    type: "ReservationConfirmed",
    data: { reservationId: 7, userId: 3, amountCents: 9_980 },
  });
});

test("a cancelled reservation is announced with its first reason", () => {
  const message = announcement({ ...one, status: "CANCELLED", cancelReason: "no money" }, stamp);
  assert.is(message.type, "ReservationCancelled");
  assert.equal(parseMessage(message).data, {
    reservationId: 7,
    userId: 3,
    amountCents: 9_980,
    reason: "no money",
  });
});

test("there is nothing to announce of a pending reservation", () => {
  assert.throws(() => announcement({ ...one, status: "PENDING" }, stamp), /nothing to announce/);
});

test.run();
