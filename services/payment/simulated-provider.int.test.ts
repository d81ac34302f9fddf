/** The simulated provider on real books: one row a key, whoever asks at the same moment. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../common/database.ts";
import { HONEST, ownDatabase } from "./payment-test-aids.ts";
import type { ChargeRequest } from "./provider.ts";
import { chargeFate } from "./simulated-fate.ts";
import { SimulatedProvider } from "./simulated-provider.ts";

const ALL = { after: 0, until: 2_147_483_647 };
let database: Database;
let drop: () => Promise<void>;

test.before(async () => {
  ({ database, drop } = await ownDatabase());
});

test.after(() => drop());

const patient = () => new AbortController().signal;
const soon = () => AbortSignal.timeout(50);

function request(name: string, reservationId: number): ChargeRequest {
  return { key: `charge-${name}`, amountCents: 4_990, sagaId: name, reservationId };
}

async function linesOf(provider: SimulatedProvider, name: string) {
  const lines = await provider.statement(ALL);
  return lines.filter((line) => line.sagaId === name);
}

async function rejects(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => assert.unreachable("it answered"),
    () => {},
  );
}

test("twenty charges with one key at once are one charge with one answer", async () => {
  const provider = new SimulatedProvider(database, HONEST);
  const asked = Array.from({ length: 20 }, () => provider.charge(request("many", 1), patient()));
  const answers = new Set((await Promise.all(asked)).map((answer) => JSON.stringify(answer)));
  assert.is(answers.size, 1);
  const lines = await linesOf(provider, "many");
  assert.equal(
    lines.map(({ type, amountCents }) => ({ type, amountCents })),
    [{ type: "charge", amountCents: 4_990 }],
  );
});

test("twenty refunds with one key at once move the money back once", async () => {
  const provider = new SimulatedProvider(database, HONEST);
  await provider.charge(request("back", 2), patient());
  const order = { key: "refund-back", chargeKey: "charge-back", amountCents: 4_990 };
  const asked = Array.from({ length: 20 }, () => provider.refund(order, patient()));
  const answers = new Set((await Promise.all(asked)).map((answer) => JSON.stringify(answer)));
  assert.is(answers.size, 1);
  assert.equal(
    (await linesOf(provider, "back")).map((line) => line.type),
    ["charge", "refund"],
  );
});

test("a forbidden key is never charged, and a charged one cannot be forbidden", async () => {
  const provider = new SimulatedProvider(database, HONEST);
  assert.equal(await provider.forbid("charge-never", patient()), { result: "forbidden" });
  assert.is((await provider.charge(request("never", 3), patient())).result, "declined");
  assert.equal(await provider.find("charge-never", patient()), { result: "voided" });
  assert.equal(await linesOf(provider, "never"), []);
  const charged = await provider.charge(request("first", 4), patient());
  assert.equal(await provider.forbid("charge-first", patient()), charged);
});

test("a charge and a forbid at the same moment have one winner", async () => {
  const provider = new SimulatedProvider(database, HONEST);
  for (let round = 0; round < 20; round += 1) {
    const name = `race-${round}`;
    const [charged, forbidden] = await Promise.all([
      provider.charge(request(name, 5), patient()),
      provider.forbid(`charge-${name}`, patient()),
    ]);
    assert.is(charged.result === "captured", forbidden.result === "captured");
    assert.is((await linesOf(provider, name)).length, charged.result === "captured" ? 1 : 0);
  }
});

test("a declined charge stays declined, also when the provider would capture it now", async () => {
  const provider = new SimulatedProvider(database, { ...HONEST, failurePercent: 100 });
  const first = await provider.charge(request("poor", 6), patient());
  assert.is(first.result, "declined");
  provider.behave(HONEST);
  assert.equal(await provider.charge(request("poor", 6), patient()), first);
  assert.equal(await linesOf(provider, "poor"), []);
});

test("a refund without a captured charge is refused and moves nothing", async () => {
  const provider = new SimulatedProvider(database, HONEST);
  const order = { key: "refund-poor", chargeKey: "charge-poor", amountCents: 4_990 };
  assert.is((await provider.refund(order, patient())).result, "refused");
  assert.equal(await linesOf(provider, "poor"), []);
});

test("a silent request leaves no trace, a late one is captured before its answer", async () => {
  const provider = new SimulatedProvider(database, { ...HONEST, silentPercent: 100 });
  await rejects(provider.charge(request("silent", 7), soon()));
  assert.equal(await provider.find("charge-silent", patient()), { result: "absent" });
  provider.behave({ ...HONEST, latePercent: 100, lateMs: 60_000 });
  await rejects(provider.charge(request("late", 8), soon()));
  assert.is((await provider.find("charge-late", patient())).result, "captured");
});

test("the books hold what the seed and the keys say, and outlive the provider", async () => {
  const mixed = { ...HONEST, failurePercent: 30, seed: 42 };
  const names = Array.from({ length: 40 }, (_, index) => `seeded-${index}`);
  const before = new SimulatedProvider(database, mixed);
  await Promise.all(names.map((name) => before.charge(request(name, 9), patient())));
  const after = new SimulatedProvider(database, HONEST);
  for (const name of names) {
    const found = await after.find(`charge-${name}`, patient());
    assert.is(found.result, chargeFate(mixed, `charge-${name}`));
  }
});

test.run();
