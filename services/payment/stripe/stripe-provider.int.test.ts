/** The official library against a server that speaks Stripe's protocol: the port's promises, and Stripe's own ways to fail. */
import { suite, test } from "uvu";
import * as assert from "uvu/assert";
import { chargeOf, holdToTheProviderPort } from "../testing/provider-conformance.ts";
import { API_VERSION, StripeCalls } from "./stripe-calls.ts";
import { StripeProvider } from "./stripe-provider.ts";
import { chargeOf as bookedCharge } from "./stripe-store.ts";
import { openStripeScene, type StripeScene } from "./testing/stripe-scene.ts";
import type { Fault, StripeRequest } from "./testing/stripe-server.ts";

const conformance = suite("Stripe keeps the port's promises");
holdToTheProviderPort(conformance, openStripeScene);
conformance.run();

let scene: StripeScene;

test.before(async () => {
  scene = await openStripeScene();
});
test.after(() => scene.close());
test.before.each(() => {
  scene.mend();
  scene.server.requests.length = 0;
});

const patient = () => new AbortController().signal;
const keysOf = (path: RegExp) =>
  scene.server.requests.filter((one) => path.test(one.path)).map(({ key }) => key);

/** The fault for the first request that fits, and none for the others. */
function once(fits: (request: StripeRequest) => boolean, fault: Fault): void {
  let done = false;
  scene.server.fault = (request) => {
    if (done || !fits(request)) return undefined;
    done = true;
    return fault;
  };
}

const confirms = ({ path }: StripeRequest) => path.endsWith("/confirm");
const creates = ({ path, method }: StripeRequest) =>
  method === "POST" && path === "/v1/payment_intents";

async function fails(promise: Promise<unknown>, words: RegExp): Promise<void> {
  await promise.then(
    () => assert.unreachable("it was answered"),
    (error: Error) => assert.match(error.message, words),
  );
}

test("a charge is created under its key, written down, and confirmed by its id", async () => {
  const answer = await scene.provider.charge(chargeOf("steps", 17), patient());
  assert.is(answer.result, "captured");
  const [created, confirmed, ...others] = scene.server.requests;
  assert.equal(others, []);
  assert.is(created?.key, "charge-steps");
  assert.is(created?.version, API_VERSION);
  assert.equal(Object.fromEntries(created?.params ?? []), {
    amount: "4990",
    currency: "eur",
    payment_method: "pm_card_visa",
    "allowed_payment_method_types[0]": "card",
    capture_method: "automatic",
    "metadata[sagaId]": "steps",
    "metadata[reservationId]": "17",
    "metadata[chargeKey]": "charge-steps",
  });
  const booked = await bookedCharge(scene.database, "charge-steps");
  assert.is(confirmed?.path, `/v1/payment_intents/${booked?.intentId}/confirm`);
  assert.is(confirmed?.key, "charge-steps-confirm");
  assert.is(answer.result === "captured" && answer.transactionId, booked?.intentId);
});

test("a declined card says why, and its intent is cancelled before anybody hears of it", async () => {
  for (const [card, words] of [
    ["pm_card_chargeDeclinedInsufficientFunds", /insufficient_funds/],
    ["pm_card_authenticationRequired", /authentication/],
    ["pm_test_actionRequired", /asks for authentication/],
  ] as const) {
    scene.pay(card, card);
    const answer = await scene.provider.charge(chargeOf(card), patient());
    assert.is(answer.result, "declined");
    assert.match(answer.result === "declined" ? answer.reason : "", words);
    const booked = await bookedCharge(scene.database, `charge-${card}`);
    assert.is(scene.server.books.intent(booked?.intentId ?? "").status, "canceled");
  }
});

test("a crash between the decline and the cancelling is made good by whoever asks", async () => {
  scene.pay("halfway", "pm_card_chargeDeclined");
  once(({ path }) => path.endsWith("/cancel"), { do: "dropBefore" });
  await fails(scene.provider.charge(chargeOf("halfway"), patient()), /connection/);
  assert.is((await scene.restarted().find("charge-halfway", patient())).result, "declined");
  assert.is((await scene.provider.charge(chargeOf("halfway"), patient())).result, "declined");
});

test("an amount that Stripe never takes is a decline, for good", async () => {
  for (const [saga, cents] of [
    ["tiny", 49],
    ["huge", 100_000_000],
  ] as const) {
    const request = chargeOf(saga, 1, cents);
    const answer = await scene.provider.charge(request, patient());
    assert.match(answer.result === "declined" ? answer.reason : "", /amount_too_/);
    assert.equal(await scene.provider.find(request.key, patient()), answer);
    assert.equal(await scene.provider.charge(request, patient()), answer);
    assert.equal(await scene.provider.forbid(request.key, patient()), { result: "forbidden" });
  }
});

test("what is not an answer about the charge leaves its outcome unknown", async () => {
  const cases: readonly [Fault, RegExp][] = [
    [{ do: "refuse", status: 429 }, /Try again/],
    [{ do: "refuse", status: 503 }, /Try again/],
    [{ do: "dropBefore" }, /connection/],
    [{ do: "dropAfter" }, /connection/],
    [{ do: "break", acts: false }, /unknown error/],
  ];
  for (const [index, [fault, words]] of cases.entries()) {
    for (const [step, fits] of [
      ["create", creates],
      ["confirm", confirms],
    ] as const) {
      const saga = `unknown-${step}-${index}`;
      once(fits, fault);
      await fails(scene.provider.charge(chargeOf(saga), patient()), words);
      assert.is((await scene.provider.charge(chargeOf(saga), patient())).result, "captured");
      assert.equal(await scene.moved(saga), { charges: 1, netCents: 4_990 });
    }
  }
});

test("a wrong API key and a key used for something else are no declines", async () => {
  const provider = new StripeProvider({
    calls: new StripeCalls({ secretKey: "sk_test_wrong", apiBase: scene.server.url }),
    database: scene.database,
    currency: "eur",
    paymentMethodOf: () => "pm_card_visa",
  });
  await fails(provider.charge(chargeOf("stranger"), patient()), /Invalid API Key/);
  once(creates, { do: "dropAfter" });
  await fails(scene.provider.charge(chargeOf("changed", 1, 100), patient()), /connection/);
  await fails(scene.provider.charge(chargeOf("changed", 1, 200), patient()), /same parameters/);
});

test("a failure that Stripe repeats under its key for a day does not hold up a charge or a refund", async () => {
  once(confirms, { do: "break", acts: true });
  await fails(scene.provider.charge(chargeOf("broken"), patient()), /unknown error/);
  assert.is((await scene.provider.find("charge-broken", patient())).result, "captured");

  once(creates, { do: "break", acts: false });
  await fails(scene.provider.charge(chargeOf("ladder"), patient()), /unknown error/);
  assert.is((await scene.provider.charge(chargeOf("ladder"), patient())).result, "captured");
  assert.equal(
    keysOf(/payment_intents$/).filter((key) => key?.startsWith("charge-ladder")),
    ["charge-ladder", "charge-ladder", "charge-ladder~2"],
  );

  const order = { key: "refund-ladder", chargeKey: "charge-ladder", amountCents: 4_990 };
  const refunds = ({ method, path }: StripeRequest) => method === "POST" && /refunds/.test(path);
  once(refunds, { do: "break", acts: false });
  await fails(scene.provider.refund(order, patient()), /unknown error/);
  assert.is((await scene.provider.refund(order, patient())).result, "refunded");
  assert.equal(await scene.moved("ladder"), { charges: 1, netCents: 0 });
});

test("a charge that Stripe has not decided is pending, cannot be forbidden, and ends as it ends", async () => {
  scene.pay("slow", "pm_test_slow");
  assert.equal(await scene.provider.charge(chargeOf("slow"), patient()), { result: "pending" });
  assert.equal(await scene.provider.find("charge-slow", patient()), { result: "pending" });
  await fails(scene.provider.forbid("charge-slow", patient()), /pending/);
  const booked = await bookedCharge(scene.database, "charge-slow");
  scene.server.books.capture(booked?.intentId ?? "");
  assert.is((await scene.provider.find("charge-slow", patient())).result, "captured");
  assert.is((await scene.provider.forbid("charge-slow", patient())).result, "captured");
});

test("a confirmation on its way when its charge is forbidden captures nothing on arrival", async () => {
  for (const fits of [creates, confirms]) {
    let arrive = () => {};
    const until = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const saga = fits === creates ? "late-create" : "late-confirm";
    const sent = new Promise<void>((resolve) => {
      scene.server.fault = (request) => {
        if (!fits(request)) return undefined;
        resolve();
        return { do: "hold", until };
      };
    });
    const charged = scene.provider.charge(chargeOf(saga), patient());
    await sent;
    const key = `charge-${saga}`;
    assert.equal(await scene.restarted().forbid(key, patient()), { result: "forbidden" });
    arrive();
    assert.is((await charged).result, "declined");
    assert.equal(await scene.moved(saga), { charges: 0, netCents: 0 });
    assert.equal(await scene.provider.find(key, patient()), { result: "voided" });
  }
});

test("an intent that was never written down is confirmed by nobody", async () => {
  once(creates, { do: "dropAfter" });
  await fails(scene.provider.charge(chargeOf("orphan"), patient()), /connection/);
  scene.server.passDay();
  assert.is((await scene.provider.charge(chargeOf("orphan"), patient())).result, "captured");
  const intents = [...scene.server.books.intents.values()].filter(
    (one) => one.metadata.sagaId === "orphan",
  );
  assert.equal(intents.map(({ status }) => status).sort(), ["requires_confirmation", "succeeded"]);
  assert.equal(await scene.moved("orphan"), { charges: 1, netCents: 4_990 });
});

test("a refund is done when Stripe has paid it out, and one that failed is tried again", async () => {
  await scene.provider.charge(chargeOf("slow-back"), patient());
  const order = { key: "refund-slow-back", chargeKey: "charge-slow-back", amountCents: 4_990 };
  const { books } = scene.server;
  books.refundsBegin = "failed";
  assert.is((await scene.provider.refund(order, patient())).result, "refused");
  books.refundsBegin = "pending";
  assert.equal(await scene.provider.refund(order, patient()), { result: "pending" });
  books.refundsBegin = "succeeded";
  assert.equal(await scene.provider.refund(order, patient()), { result: "pending" });
  assert.equal(await scene.moved("slow-back"), { charges: 1, netCents: 0 });
  for (const refund of books.refunds) {
    if (refund.status === "pending") refund.status = "succeeded";
  }
  assert.is((await scene.provider.refund(order, patient())).result, "refunded");
  assert.equal(
    new Set(keysOf(/refunds$/).filter(Boolean)),
    new Set(["refund-slow-back", "refund-slow-back-2"]),
  );
});

test("what somebody gave back by hand is not given back again", async () => {
  const answer = await scene.provider.charge(chargeOf("by-hand"), patient());
  const intent = answer.result === "captured" ? answer.transactionId : "";
  scene.server.books.refund(intent, 1_990, {});
  const order = { key: "refund-by-hand", chargeKey: "charge-by-hand", amountCents: 4_990 };
  assert.is((await scene.provider.refund(order, patient())).result, "refunded");
  assert.equal(await scene.moved("by-hand"), { charges: 1, netCents: 0 });
  assert.equal(
    scene.server.books.refunds
      .filter((one) => one.payment_intent === intent)
      .map((one) => one.amount),
    [1_990, 3_000],
  );
});

test("a caller that stops listening ends the call at once", async () => {
  let answer = () => {};
  const until = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const listening = new AbortController();
  scene.server.fault = (request) => {
    if (!confirms(request)) return undefined;
    listening.abort(new Error("enough"));
    return { do: "hold", until };
  };
  await fails(
    scene.provider.charge(chargeOf("enough"), listening.signal),
    /enough|connection|abort/i,
  );
  answer();
});

test.run();
