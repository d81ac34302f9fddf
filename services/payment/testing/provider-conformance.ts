/** What every payment provider must do, as one suite for each to be held against. */
import type { suite as makeSuite } from "uvu";
import * as assert from "uvu/assert";
import type { ChargeRequest, PaymentProvider, StatementEntry } from "../provider.ts";

/** A provider, and the world around it: cards, and a network that loses things. */
export interface ProviderScene {
  readonly provider: PaymentProvider;
  /** The same provider in another process: it has the books and nothing else. */
  readonly restarted: () => PaymentProvider;
  /** Charges of this saga are declined. */
  decline(sagaId: string): void;
  /** What the provider captured for the saga and gave back of it, by its own books. */
  moved(sagaId: string): Promise<{ readonly charges: number; readonly netCents: number }>;
  /** From now on requests are lost on their way, or done and their answers lost. */
  lose(what: "requests" | "answers"): void;
  /** The network is sound again. */
  mend(): void;
  /** After this the provider may have forgotten its idempotency keys. */
  passDay(): void;
  close(): Promise<void>;
}

type Suite = ReturnType<typeof makeSuite>;

const patient = (): AbortSignal => new AbortController().signal;
const soon = (): AbortSignal => AbortSignal.timeout(300);
const CENTS = 4_990;

export function chargeOf(sagaId: string, reservationId = 1, amountCents = CENTS): ChargeRequest {
  return { key: `charge-${sagaId}`, amountCents, sagaId, reservationId };
}

const refundOf = (sagaId: string, amountCents = CENTS) => ({
  key: `refund-${sagaId}`,
  chargeKey: `charge-${sagaId}`,
  amountCents,
});

/** Adds the promises of `provider.ts` to a suite; all share the scene that `open` makes. */
export function holdToTheProviderPort(suite: Suite, open: () => Promise<ProviderScene>): void {
  let scene: ProviderScene;
  suite.before(async () => {
    scene = await open();
  });
  suite.after(() => scene.close());
  suite.after.each(() => scene.mend());
  charging(suite, () => scene);
  asking(suite, () => scene);
  forbidding(suite, () => scene);
  refunding(suite, () => scene);
  stating(suite, () => scene);
}

type Scene = () => ProviderScene;

function charging(suite: Suite, scene: Scene): void {
  suite("twenty charges with one key at once are one charge", async () => {
    const { provider, moved } = scene();
    const asked = Array.from({ length: 20 }, () => provider.charge(chargeOf("many"), patient()));
    const answers = (await Promise.allSettled(asked)).flatMap((one) =>
      one.status === "fulfilled" ? [JSON.stringify(one.value)] : [],
    );
    assert.is(new Set(answers).size, 1);
    assert.equal(await moved("many"), { charges: 1, netCents: CENTS });
  });

  suite("the same key again gives the first answer, also a day later", async () => {
    const { provider, restarted, passDay, decline, moved } = scene();
    decline("poor");
    const captured = await provider.charge(chargeOf("again"), patient());
    const declined = await provider.charge(chargeOf("poor"), patient());
    assert.is(captured.result, "captured");
    assert.is(declined.result, "declined");
    passDay();
    for (const one of [provider, restarted()]) {
      assert.equal(await one.charge(chargeOf("again"), patient()), captured);
      assert.is((await one.charge(chargeOf("poor"), patient())).result, "declined");
    }
    assert.equal(await moved("again"), { charges: 1, netCents: CENTS });
    assert.equal(await moved("poor"), { charges: 0, netCents: 0 });
  });

  suite("a charge whose answers are lost, over and over, is captured once", async () => {
    const { provider, lose, mend, passDay, moved } = scene();
    lose("answers");
    for (let times = 0; times < 3; times += 1)
      await lost(provider.charge(chargeOf("lost"), soon()));
    passDay();
    await lost(provider.charge(chargeOf("lost"), soon()));
    mend();
    assert.is((await provider.charge(chargeOf("lost"), patient())).result, "captured");
    assert.equal(await moved("lost"), { charges: 1, netCents: CENTS });
  });
}

function asking(suite: Suite, scene: Scene): void {
  suite("what became of a charge is told by its key, in any process, a day later too", async () => {
    const { provider, restarted, passDay, decline } = scene();
    decline("asked-poor");
    const captured = await provider.charge(chargeOf("asked"), patient());
    const declined = await provider.charge(chargeOf("asked-poor"), patient());
    passDay();
    for (const one of [provider, restarted()]) {
      assert.equal(await one.find("charge-asked", patient()), captured);
      assert.is((await one.find("charge-asked-poor", patient())).result, declined.result);
    }
  });

  suite("asking about a charge that never arrived finds none and makes none", async () => {
    const { provider, lose, mend, moved } = scene();
    lose("requests");
    await lost(provider.charge(chargeOf("vanished"), soon()));
    mend();
    assert.equal(await provider.find("charge-vanished", patient()), { result: "absent" });
    assert.equal(await provider.find("charge-never-sent", patient()), { result: "absent" });
    assert.equal(await moved("vanished"), { charges: 0, netCents: 0 });
    assert.is((await provider.charge(chargeOf("vanished"), patient())).result, "captured");
  });
}

function forbidding(suite: Suite, scene: Scene): void {
  suite("a forbidden key is never charged, in any process, also a day later", async () => {
    const { provider, restarted, passDay, moved } = scene();
    assert.equal(await provider.forbid("charge-never", patient()), { result: "forbidden" });
    passDay();
    for (const one of [provider, restarted()]) {
      assert.is((await one.charge(chargeOf("never"), patient())).result, "declined");
      assert.equal(await one.find("charge-never", patient()), { result: "voided" });
      assert.equal(await one.forbid("charge-never", patient()), { result: "forbidden" });
    }
    assert.equal(await moved("never"), { charges: 0, netCents: 0 });
  });

  suite("a captured charge cannot be forbidden, a declined one can", async () => {
    const { provider, decline } = scene();
    decline("refused");
    const charged = await provider.charge(chargeOf("first"), patient());
    assert.equal(await provider.forbid("charge-first", patient()), charged);
    await provider.charge(chargeOf("refused"), patient());
    assert.equal(await provider.forbid("charge-refused", patient()), { result: "forbidden" });
  });

  suite("a charge and a forbid at the same moment have one winner", async () => {
    const { provider, restarted, moved } = scene();
    const other = restarted();
    for (let round = 0; round < 20; round += 1) {
      const saga = `race-${round}`;
      const [charged, forbidden] = await Promise.all([
        provider.charge(chargeOf(saga), patient()).catch(() => undefined),
        other.forbid(`charge-${saga}`, patient()),
      ]);
      const captured = forbidden.result === "captured";
      if (charged) assert.is(charged.result === "captured", captured);
      assert.is((await moved(saga)).charges, captured ? 1 : 0);
    }
  });
}

function refunding(suite: Suite, scene: Scene): void {
  suite("twenty refunds with one key at once move the money back once", async () => {
    const { provider, passDay, moved } = scene();
    await provider.charge(chargeOf("back"), patient());
    const asked = Array.from({ length: 20 }, () => provider.refund(refundOf("back"), patient()));
    const answers = new Set((await Promise.all(asked)).map((answer) => JSON.stringify(answer)));
    assert.is(answers.size, 1);
    passDay();
    const later = await provider.refund(refundOf("back"), patient());
    assert.equal(new Set([JSON.stringify(later)]), answers);
    assert.equal(await moved("back"), { charges: 1, netCents: 0 });
  });

  suite("a refund whose answers are lost is paid out once", async () => {
    const { provider, lose, mend, passDay, moved } = scene();
    await provider.charge(chargeOf("returned"), patient());
    lose("answers");
    await lost(provider.refund(refundOf("returned"), soon()));
    passDay();
    // Whoever asks before it acts may already know.
    await provider.refund(refundOf("returned"), soon()).catch(() => {});
    mend();
    assert.is((await provider.refund(refundOf("returned"), patient())).result, "refunded");
    assert.equal(await moved("returned"), { charges: 1, netCents: 0 });
  });

  suite("a refund of nothing is refused and moves nothing", async () => {
    const { provider, moved } = scene();
    assert.is((await provider.refund(refundOf("nobody"), patient())).result, "refused");
    assert.equal(await moved("nobody"), { charges: 0, netCents: 0 });
  });
}

function stating(suite: Suite, scene: Scene): void {
  suite("the statement has every captured charge of its period once, and no other", async () => {
    const { provider, decline } = scene();
    decline("stated-poor");
    const names = Array.from({ length: 130 }, (_, index) => `stated-${index}`);
    const charged = await Promise.all(
      names.map((name, index) =>
        provider.charge(chargeOf(name, index + 1, 100 + index), patient()),
      ),
    );
    await provider.charge(chargeOf("stated-poor"), patient());
    await provider.refund(refundOf("stated-7", 107), patient());
    const times = charged.map((one) =>
      one.result === "captured" ? Date.parse(one.at) : Number.NaN,
    );
    const since = whole(Math.min(...times));
    const until = whole(Math.max(...times) + 1_000);
    const all = (await entriesOf(provider, since, until)).filter((one) => isStated(one));
    assert.is(all.length, names.length);
    for (const [index, answer] of charged.entries()) {
      const entry = all.find((one) => one.sagaId === `stated-${index}`);
      assert.equal(entry, {
        transactionId: answer.result === "captured" ? answer.transactionId : "",
        sagaId: `stated-${index}`,
        amountCents: 100 + index,
        refundedCents: index === 7 ? 107 : 0,
        currency: provider.currency,
        at: answer.result === "captured" ? answer.at : "",
      });
    }
    assert.equal(
      (await entriesOf(provider, until, whole(Date.parse(until) + 1_000))).filter(isStated),
      [],
    );
  });
}

const isStated = ({ sagaId }: StatementEntry): boolean => sagaId?.startsWith("stated-") === true;

/** The second that the instant is in. */
const whole = (ms: number): string => new Date(Math.floor(ms / 1_000) * 1_000).toISOString();

async function entriesOf(
  provider: PaymentProvider,
  since: string,
  until: string,
): Promise<readonly StatementEntry[]> {
  const entries: StatementEntry[] = [];
  for await (const page of provider.statement({ since, until }, patient())) entries.push(...page);
  return entries;
}

async function lost(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => assert.unreachable("it was answered"),
    () => {},
  );
}
