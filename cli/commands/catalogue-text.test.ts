import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  cancellationLine,
  eventsText,
  eventText,
  productsText,
  productText,
} from "./catalogue-text.ts";
import { reservationsText, reservationText } from "./reservation-text.ts";

const EVENT = {
  ...{ id: 7, name: "Midnight Signal", description: "", venue: "Riverside Hall" },
  ...{ eventDate: "2027-06-01T20:00:00.000Z", status: "SELLING" as const },
  ...{ saleStartAt: "2027-05-01T10:00:00.000Z", saleEndAt: "2027-05-31T10:00:00.000Z" },
  ...{ createdAt: "2027-04-01T10:00:00.000Z", updatedAt: "2027-04-01T10:00:00.000Z" },
};
const PRODUCT = {
  ...{ id: 3, eventId: 7, name: "Balcony", description: "", price: 49.9, maxPerUser: 4 },
  ...{ totalStock: 12_000, availableStock: 9_001 },
  ...{ saleStartAt: EVENT.saleStartAt, saleEndAt: EVENT.saleEndAt },
  ...{ createdAt: EVENT.createdAt, updatedAt: EVENT.updatedAt },
};
const RESERVATION = {
  ...{ id: 15, sagaId: "saga_9", userId: 5, productId: 3, productName: "Balcony", quantity: 2 },
  ...{ totalPrice: 99.8, status: "CANCELLED" as const, eventId: 7 },
  ...{ cancelReason: "held for too long" },
  ...{ createdAt: "2027-05-02T10:00:01.500Z", updatedAt: "2027-05-02T10:05:01.500Z" },
};

test("events stand in columns, with what is of any length last", () => {
  assert.is(
    eventsText([EVENT, { ...EVENT, id: 12, status: "SOLD_OUT", name: "X" }]),
    `id  status    sale (UTC)                           event (UTC)       name, venue
7   SELLING   2027-05-01 10:00 – 2027-05-31 10:00  2027-06-01 20:00  Midnight Signal, Riverside Hall
12  SOLD_OUT  2027-05-01 10:00 – 2027-05-31 10:00  2027-06-01 20:00  X, Riverside Hall`,
  );
  assert.is(eventsText([]), "no events");
});

test("an event is shown with all it sells", () => {
  assert.is(
    eventText({ ...EVENT, description: "Two hours" }, [PRODUCT]),
    `event 7: Midnight Signal
  status  SELLING
  venue   Riverside Hall
  date    2027-06-01T20:00:00.000Z
  sale    2027-05-01T10:00:00.000Z – 2027-05-31T10:00:00.000Z
  about   Two hours
  id  event      price       left         of  per buyer  name
  3   7          49.90      9 001     12 000  4          Balcony`,
  );
  assert.match(eventText(EVENT, []), /\n {2}no products$/);
});

test("a product says what is left, and what is gone", () => {
  assert.match(
    productText(PRODUCT),
    /stock {9}9 001 of 12 000 left\n {2}sold or held {2}2 999 \(24 %\)/,
  );
  assert.match(productText({ ...PRODUCT, totalStock: 0, availableStock: 0 }), /held {2}0\n/);
  assert.is(productsText([]), "no products");
});

test("a cancellation is one line that says how far it is", () => {
  const begun = { requestedAt: "2027-05-02T10:00:00.000Z", settledAt: null, done: false };
  const half = { ...begun, total: 2_000, cancelled: 1_250, remaining: 750 };
  assert.is(
    cancellationLine(7, half),
    "event 7 is cancelled; its reservations: 1 250 of 2 000 (62 %), 750 to go",
  );
  const settledAt = "2027-05-02T10:00:05.000Z";
  const done = { ...begun, settledAt, done: true, remaining: 0 };
  assert.is(
    cancellationLine(7, { ...done, total: 1, cancelled: 1 }),
    "event 7 is cancelled with 1 reservation; sagas refund what was paid",
  );
  assert.is(
    cancellationLine(7, { ...done, total: 0, cancelled: 0 }),
    "event 7 is cancelled; it had no live reservations",
  );
});

test("reservations stand in columns, and one says where to read on", () => {
  assert.is(
    reservationsText([RESERVATION], 100),
    `id  status     user  event      total  made (UTC)        what
15  CANCELLED  5     7          99.80  2027-05-02 10:00  2 × Balcony: held for too long
1 reservation`,
  );
  assert.match(
    reservationsText([RESERVATION], 1),
    /1 reservation; there may be more, see --limit$/,
  );
  assert.is(reservationsText([], 1), "no reservations");
  assert.match(reservationText(RESERVATION), /saga {5}saga_9 \(reservex saga show saga_9\)$/);
});

test.run();
