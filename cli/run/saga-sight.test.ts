/** How old the oldest saga is, by one clock alone. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OpenSagas } from "../../services/common/contracts/saga.ts";
import { seenOf, standingOf } from "./saga-sight.ts";

const COUNTS = { charging: 2, confirming: 1, cancelling: 0, refunding: 0, overdue: 0 };

function open(sagaId: string, updatedAt: string): OpenSagas {
  const times = { deadlineAt: null, startedAt: updatedAt, updatedAt };
  const booking = { reservationId: 1, userId: 1, amount: 10, attempts: 0, overdue: false };
  const words = { state: "CHARGING", because: "it was booked", next: null } as const;
  return { ...COUNTS, oldest: { sagaId, ...booking, ...words, ...times } };
}

test("it ages while it stands still, and begins anew when it moves or another is the oldest", () => {
  const steps = [
    [open("a", "2026-01-01T00:00:00Z"), 1_000, 0],
    [open("a", "2026-01-01T00:00:00Z"), 3_500, 2_500],
    [open("a", "2026-01-01T00:00:03Z"), 4_500, 0],
    [open("b", "2026-01-01T00:00:03Z"), 5_500, 0],
  ] as const;
  let standing: ReturnType<typeof standingOf>;
  for (const [seen, nowMs, ageMs] of steps) {
    standing = standingOf(seen, standing, nowMs);
    assert.is(seenOf(seen, standing).oldest?.ageMs, ageMs);
  }
});

test("where nothing is under way there is no oldest; without a next step there is its reason", () => {
  const none = { ...COUNTS, oldest: null };
  assert.equal(seenOf(none, standingOf(none, undefined, 1)), COUNTS);
  const one = open("a", "2026-01-01T00:00:00Z");
  assert.is(seenOf(one, standingOf(one, undefined, 1)).oldest?.next, "it was booked");
});

test.run();
