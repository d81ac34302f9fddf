/** `reservex payment` on a whole stack whose money goes through Stripe's protocol. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  SECRET_KEY,
  StripeServer,
  WEBHOOK_SECRET,
} from "../../services/payment/stripe/testing/stripe-server.ts";
import { type OperatedStack, startOperatedStack } from "../testing/operated-stack.ts";
import { type Finished, reservex } from "../testing/processes.ts";
import { follow, openSale, reserve, waitInLine } from "../testing/shopper.ts";

const stripe = new StripeServer();
let operated: OperatedStack;

test.before(async () => {
  await stripe.start();
  operated = await startOperatedStack({
    PAYMENT_PROVIDER: "stripe",
    STRIPE_SECRET_KEY: SECRET_KEY,
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_API_BASE: stripe.url,
  });
});

test.after(async () => {
  await operated.stop();
  await stripe.stop();
});

const payment = (...args: readonly string[]): Promise<Finished> =>
  reservex(["payment", ...args, ...operated.access]);

/** Somebody buys one seat, and it is confirmed. */
async function buy(): Promise<number> {
  const { admin } = operated;
  const { urls } = operated.stack;
  const sale = await openSale(urls, admin, 5);
  const [buyer] = await operated.people(1, `buyer${sale.eventId}`);
  const token = buyer!.accessToken;
  const pass = await waitInLine(urls, token, sale.eventId);
  const reserved = await reserve(urls, token, sale, pass, "one");
  assert.is(reserved.status, 201, JSON.stringify(reserved.body));
  const id = Number(reserved.body.id);
  assert.is(await follow(urls, token, id), "CONFIRMED");
  return id;
}

test("a sale through Stripe is sold, listed, shown, and compared without a difference", async () => {
  const reservation = await buy();
  const clean = await payment("reconcile");
  assert.is(clean.code, 0, clean.stderr);
  assert.match(clean.stdout, /^no difference from .*: 1 payment here, 1 charge at the provider\n$/);

  const listed = await payment("list", "--status", "COMPLETED", "--reservation", `${reservation}`);
  assert.is(listed.code, 0, listed.stderr);
  const line = /COMPLETED {8,}49\.90 {2}reservation (\d+) {2}(pay_\S+) {2}(saga_\S+)\n$/.exec(
    listed.stdout,
  );
  assert.is(line?.[1], String(reservation));
  const shown = JSON.parse((await payment("show", line![2]!, "--json")).stdout);
  assert.is(shown.sagaId, line![3]);
  assert.is(shown.transactionId, stripe.books.charges[0]?.payment_intent);
  assert.match((await payment("show", line![2]!)).stdout, /\n {2}transaction {2}pi_\w+\n/);
  assert.equal(JSON.parse((await payment("list", "--saga", "saga_x", "--json")).stdout), {
    payments: [],
  });
});

test("each difference is a line, and the exit code says that there is one", async () => {
  stripe.books.foreignCharge({ metadata: { sagaId: "saga_nobody" } });
  // Stripe counts in whole seconds, and the current one is not over.
  const until = new Date(Date.now() + 60_000).toISOString();
  const found = await payment("reconcile", "--until", until);
  assert.is(found.code, 1, found.stderr);
  const [first, last] = found.stdout.trimEnd().split("\n");
  assert.match(
    first ?? "",
    /^unknownToUs +the provider captured 49\.90 eur, a charge for saga_nobody/,
  );
  assert.match(last ?? "", /^1 difference from /);
  const document = JSON.parse((await payment("reconcile", "--until", until, "--json")).stdout);
  assert.equal(
    document.differences.map((one: { kind: string }) => one.kind),
    ["unknownToUs"],
  );
  const before = await payment(
    "reconcile",
    "--since",
    "2020-01-01T00:00:00Z",
    "--until",
    "2020-02-01T00:00:00Z",
  );
  assert.is(before.code, 0, before.stderr);
});

test("what cannot be asked, or cannot be answered, is one line with the exit code that fits", async () => {
  const cases: readonly [readonly string[], number, RegExp][] = [
    [["reconcile", "--since", "yesterday"], 64, /must be an instant/],
    [["reconcile", "--since", "now", "--until", "now-1d"], 64, /must be before until/],
    [["list", "--status", "LOST"], 64, /Allowed choices/],
    [["show", "pay_nobody"], 64, /payment pay_nobody: there is no such payment \(NOT_FOUND\)/],
    [["reconcile", "--payment-url", "http://127.0.0.1:9"], 69, /no connection/],
  ];
  for (const [args, code, words] of cases) {
    const done = await payment(...args);
    assert.is(done.code, code, `${args.join(" ")}: ${done.stderr}`);
    assert.match(done.stderr, words);
  }
  stripe.fault = () => ({ do: "refuse", status: 503 });
  const down = await payment("reconcile");
  assert.is(down.code, 69, down.stderr);
  assert.match(down.stderr, /statement cannot be read/);
});

test.run();
