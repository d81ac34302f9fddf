/** A stop in the middle of payments: the next start brings each to its outcome. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../common/testing/service-harness.ts";
import {
  behave,
  booking,
  chargeOrder,
  refundOrder,
  send,
  standing,
  startPayments,
  told,
} from "./payment-test-aids.ts";

test("payments in the middle at a stop are resolved after the next start", async () => {
  const [late, silent, cancelled] = [booking(201), booking(202), booking(203)];
  const patient = { PAYMENT_TIMEOUT_MS: "60000" };
  const before = await startPayments({ settings: patient });
  await behave(before, { latePercent: 100, lateMs: 60_000 });
  await send(before.bus, chargeOrder(late));
  await eventually(
    () => standing(before, late.sagaId),
    ({ moved }) => moved.length === 1,
  );
  await behave(before, { silentPercent: 100 });
  for (const one of [silent, cancelled]) {
    await send(before.bus, chargeOrder(one));
    await eventually(
      () => standing(before, one.sagaId),
      ({ status }) => status === "PROCESSING",
    );
  }
  await before.stop({ keepDatabase: true });
  assert.equal(before.heard, []);

  const after = await startPayments({ database: before.database });
  try {
    await send(after.bus, refundOrder(cancelled));
    const settled = (sagaId: string) =>
      eventually(
        () => standing(after, sagaId),
        ({ status }) =>
          status !== "PROCESSING" && (sagaId !== cancelled.sagaId || status !== "COMPLETED"),
      );
    assert.equal(await settled(late.sagaId), { status: "COMPLETED", moved: ["charge"] });
    assert.equal(await settled(silent.sagaId), { status: "COMPLETED", moved: ["charge"] });
    // Whether the charge or the refund came first is luck; that they come to nothing is not.
    const { status, moved } = await settled(cancelled.sagaId);
    assert.equal(moved, status === "FAILED" ? [] : ["charge", "refund"]);
    await eventually(
      async () => told(after, late.sagaId),
      (types) => types.length === 1 && types[0] === "PaymentCompleted",
    );
  } finally {
    await after.stop();
  }
});

test.run();
