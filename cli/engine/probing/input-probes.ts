/** Purchases that a sound shop refuses, and the stock that must not have moved by them. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../client/answer.ts";
import type { ClientAccount } from "../plan.ts";
import type { Probe } from "./prober.ts";
import type { Visit } from "./probing.ts";

const UNTOUCHED = "the stock of a product that nobody may buy";
/** No event, no product has it. */
const NOBODYS_ID = 2_147_483_646;
const ENORMOUS = 1_000_000_000_000;

type Purchase = Pick<Probe, "tried" | "expected" | "body"> & {
  readonly promise?: Probe["promise"];
  readonly by: ClientAccount;
  readonly pass: string | undefined;
  readonly eventId: number;
};

function purchase(one: Purchase): Probe {
  const { promise = "input", tried, expected, body, by, pass, eventId } = one;
  return {
    promise,
    tried,
    expected,
    service: "ticket",
    method: "POST",
    path: `/api/reservations?eventId=${eventId}&clientId=${by.userId}`,
    token: by.accessToken,
    headers: [
      ...["idempotency-key", randomUUID()],
      ...(pass === undefined ? [] : ["x-pass-token", pass]),
    ],
    body,
  };
}

/**
 * The owner buys the one piece there is; then the stranger, with a pass, sends all that is wrong.
 * The pass must have survived it: with the last request it buys. → the owner's reservation
 */
export async function probeInput(
  visit: Visit,
  ownersPass: string | undefined,
  strangersPass: string | undefined,
): Promise<number | undefined> {
  const { prober, ground } = visit;
  const { eventId, scarceProductId, plentyProductId: productId } = ground;
  const scarce = { productId: scarceProductId, quantity: 1 };
  const owners = { by: ground.owner, pass: ownersPass, eventId };
  const bought = await prober.send(
    purchase({
      tried: "a purchase of the last piece",
      expected: "served",
      body: scarce,
      ...owners,
    }),
  );
  const strangers = { by: ground.stranger, pass: strangersPass, eventId };
  const refused = { expected: "refused", ...strangers } as const;
  // Two, where there was never more than one: the one may have come back by a declined payment.
  const soldOut = { tried: "a purchase of what is sold out", body: { ...scarce, quantity: 2 } };
  await prober.send(purchase({ ...soldOut, ...refused }));
  await prober.send(stockLook(productId));
  for (const [tried, body] of badBodies(ground)) {
    await prober.send(purchase({ tried, body, ...refused }));
  }
  await prober.send(stockLook(productId));
  await probePass(visit, strangersPass);
  return isRecord(bought.body) && typeof bought.body.id === "number" ? bought.body.id : undefined;
}

/** It opens one sale, once, whatever was refused before. */
async function probePass({ prober, ground }: Visit, pass: string | undefined): Promise<void> {
  if (pass === undefined) return;
  const { eventId, plentyProductId, endingEventId, endingProductId, stranger: by } = ground;
  const held = { promise: "passes", by, pass } as const;
  const elsewhere = { productId: endingProductId, quantity: 1 };
  await prober.send(
    purchase({
      ...{ tried: "a purchase with the pass of another sale", expected: "refused", ...held },
      ...{ body: elsewhere, eventId: endingEventId },
    }),
  );
  const body = { productId: plentyProductId, quantity: 1 };
  const tried = "an honest purchase after all the bad ones";
  await prober.send(purchase({ ...held, tried, expected: "served", body, eventId }));
  await prober.send(
    purchase({
      ...{ ...held, tried: "another purchase with a spent pass", expected: "refused" },
      ...{ body, eventId },
    }),
  );
}

function badBodies(ground: Visit["ground"]): [string, unknown][] {
  const { plentyProductId: productId, endingProductId, maxPerUser } = ground;
  return [
    ["a purchase of -1 pieces", { productId, quantity: -1 }],
    ["a purchase of 0 pieces", { productId, quantity: 0 }],
    ["a purchase of 1.5 pieces", { productId, quantity: 1.5 }],
    ["a purchase of a trillion pieces", { productId, quantity: ENORMOUS }],
    ["a purchase of 'two' pieces", { productId, quantity: "two" }],
    ["a purchase without a quantity", { productId }],
    ["a purchase without a product", { quantity: 1 }],
    ["a purchase of more than one person may buy", { productId, quantity: maxPerUser + 1 }],
    ["a purchase of a product that does not exist", { productId: NOBODYS_ID, quantity: 1 }],
    ["a purchase of another event's product", { productId: endingProductId, quantity: 1 }],
    ["a purchase whose body is cut off", `{"productId": ${productId}, "quanti`],
    ["a purchase whose body is a list", [productId, 1]],
  ];
}

/** Anybody may look; before and after it must be the same. */
function stockLook(productId: number): Probe {
  return {
    promise: "input",
    tried: "a look at the stock",
    expected: "served",
    service: "ticket",
    method: "GET",
    path: `/api/products/${productId}`,
    alike: UNTOUCHED,
    said: (body) => `${isRecord(body) ? String(body.availableStock) : "nothing"} left`,
  };
}

/** With a good pass, but the administrator has ended the sale in the meantime. */
export async function probeEndedSale(
  { prober, ground, adminToken }: Visit,
  pass: string | undefined,
): Promise<void> {
  const { endingEventId: eventId, endingProductId: productId, owner } = ground;
  const ended = await prober.send({
    promise: "input",
    tried: "the end of a sale, by the administrator",
    expected: "served",
    service: "ticket",
    method: "PATCH",
    path: `/api/events/${eventId}`,
    token: adminToken,
    // Most of a minute back: the shop's clock need not agree with ours to the second.
    body: { saleEndAt: new Date(Date.now() - 50_000).toISOString() },
  });
  if (ended.outcome !== "ok" || pass === undefined) return;
  const tried = "a purchase after the end of the sale";
  const body = { productId, quantity: 1 };
  await prober.send(purchase({ tried, expected: "refused", body, by: owner, pass, eventId }));
}
