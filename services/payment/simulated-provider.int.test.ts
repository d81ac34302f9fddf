/** The simulated provider on real books: one row a key, whoever asks at the same moment. */
import { suite, test } from "uvu";
import * as assert from "uvu/assert";
import type { ProviderBehaviour } from "../common/contracts/payment.ts";
import type { Database } from "../common/database.ts";
import { HONEST, ownDatabase } from "./payment-test-aids.ts";
import type { ChargeAnswer, ChargeRequest } from "./provider.ts";
import { chargeFate } from "./simulated-fate.ts";
import { SimulatedProvider } from "./simulated-provider.ts";
import { chargeOf, holdToTheProviderPort } from "./testing/provider-conformance.ts";

const ALL = { after: 0, until: 2_147_483_647 };
let database: Database;
let drop: () => Promise<void>;

test.before(async () => {
  ({ database, drop } = await ownDatabase());
});

test.after(() => drop());

const patient = () => new AbortController().signal;
const soon = () => AbortSignal.timeout(50);

const request = chargeOf;

async function linesOf(provider: SimulatedProvider, name: string) {
  const lines = await provider.movements(ALL);
  return lines.filter((line) => line.sagaId === name);
}

async function rejects(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => assert.unreachable("it answered"),
    () => {},
  );
}

test("a declined charge stays declined, also when the provider would capture it now", async () => {
  const provider = new SimulatedProvider(database, { ...HONEST, failurePercent: 100 });
  const first = await provider.charge(request("poor", 6), patient());
  assert.is(first.result, "declined");
  provider.behave(HONEST);
  assert.equal(await provider.charge(request("poor", 6), patient()), first);
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

/** Declines by name as well as by its seed: what a card does that has no money on it. */
class ProviderWithPoorCustomers extends SimulatedProvider {
  readonly poor = new Set<string>();

  override async charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeAnswer> {
    if (!this.poor.has(request.sagaId)) return super.charge(request, signal);
    const before = this.behaviour;
    this.behave({ ...before, failurePercent: 100 });
    // Its fate is drawn before the first pause.
    const answer = super.charge(request, signal);
    this.behave(before);
    return answer;
  }
}

const conformance = suite("the simulated provider keeps the port's promises");

holdToTheProviderPort(conformance, async () => {
  const own = await ownDatabase();
  const provider = new ProviderWithPoorCustomers(own.database, HONEST);
  const behave = (change: Partial<ProviderBehaviour>) => provider.behave({ ...HONEST, ...change });
  return {
    provider,
    restarted: () => new SimulatedProvider(own.database, HONEST),
    decline: (sagaId) => provider.poor.add(sagaId),
    async moved(sagaId) {
      const lines = (await provider.movements(ALL)).filter((line) => line.sagaId === sagaId);
      const sign = { charge: 1, refund: -1 } as const;
      return {
        charges: lines.filter((line) => line.type === "charge").length,
        netCents: lines.reduce((sum, line) => sum + sign[line.type] * line.amountCents, 0),
      };
    },
    lose: (what) =>
      behave(
        what === "requests"
          ? { silentPercent: 100 }
          : { latePercent: 100, lateMs: 60_000, minLatencyMs: 60_000, maxLatencyMs: 60_000 },
      ),
    mend: () => behave({}),
    passDay() {},
    close: () => own.drop(),
  };
});

conformance.run();
