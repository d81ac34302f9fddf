/** What every bus must do, as one suite for each implementation to be held against. */
import type { suite as makeSuite } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../contracts/messages.ts";
import type { Bus } from "./bus.ts";

/** Two ends that may be two processes: what one publishes, the other's consumers get. */
export interface BusPair {
  readonly sender: Bus;
  readonly receiver: Bus;
  close(): Promise<void>;
}

type Suite = ReturnType<typeof makeSuite>;

export function message(messageId: string): Message {
  return {
    messageId,
    sagaId: `saga-of-${messageId}`,
    type: "ChargePayment",
    occurredAt: "2026-01-01T00:00:00.000Z",
    data: { reservationId: 1, userId: 2, amountCents: 4_990 },
  };
}

/** Publishes until it is taken, as an outbox does. */
async function publishUntilTaken(bus: Bus, one: Message): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const taken = await bus.publish(one).then(
      () => true,
      () => false,
    );
    if (taken) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("never taken");
}

/** Adds the promises of `bus.ts` to a suite; `open` makes a fresh pair for each. */
export function holdToTheBusPort(suite: Suite, open: () => Promise<BusPair>): void {
  const withPair = (name: string, promise: (pair: BusPair) => Promise<void>) =>
    suite(name, async () => {
      const pair = await open();
      try {
        await promise(pair);
      } finally {
        await pair.close();
      }
    });

  withPair(
    "a message reaches the service that its type names, whole",
    async ({ sender, receiver }) => {
      const got: Message[] = [];
      const elsewhere: Message[] = [];
      await receiver.consume("payment", async (one) => void got.push(one));
      await receiver.consume("saga", async (one) => void elsewhere.push(one));
      await publishUntilTaken(sender, message("one"));
      await until(() => got.length > 0);
      assert.equal(got, [message("one")]);
      assert.equal(elsewhere, []);
    },
  );

  withPair("all of a thousand messages arrive", async ({ sender, receiver }) => {
    const got = new Set<string>();
    await receiver.consume("payment", async (one) => void got.add(one.messageId));
    const sent = Array.from({ length: 1_000 }, (_, i) => message(`m-${i}`));
    await Promise.all(sent.map((one) => publishUntilTaken(sender, one)));
    await until(() => got.size === 1_000);
  });

  withPair("a message whose handler fails comes again", async ({ sender, receiver }) => {
    let tries = 0;
    await receiver.consume("payment", async () => {
      tries += 1;
      if (tries < 3) throw new Error("not now");
    });
    await publishUntilTaken(sender, message("again"));
    await until(() => tries >= 3);
  });

  withPair("closing waits for what is being handled", async ({ sender, receiver }) => {
    let finished = false;
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    await receiver.consume("payment", async () => {
      begin();
      await new Promise((resolve) => setTimeout(resolve, 50));
      finished = true;
    });
    const publishing = publishUntilTaken(sender, message("slow")).catch(() => {});
    await begun;
    await receiver.close();
    assert.is(finished, true);
    await publishing;
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !holds(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(holds(), "in time");
}
