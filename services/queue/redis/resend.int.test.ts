/** Connections that break at any moment: what the client sends again changes nothing. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENT, names, Scene } from "../conformance/scene.ts";
import { startRedisStage } from "../testing/redis-stage.ts";
import { StoreUnavailable } from "../waiting-room-store.ts";

const stage = await startRedisStage();
const test = suite("on Redis: broken connections");

/** As a client would: again until there is an answer, with the same words. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || attempt > 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

let cut = 0;

/** Cuts all connections but its own: what was just sent is under way, done or not. */
async function cutConnections(): Promise<void> {
  cut += Number(await stage.client.client("KILL", "TYPE", "normal", "SKIPME", "yes"));
}

test("joins, looks and purchases survive a hundred cut connections, each done once", async () => {
  const { store, clock } = await stage.openEmpty({
    settings: { permitsPerMinute: 1_000, pacing: "burst" },
  });
  const scene = new Scene(store, clock);
  const clients = names(1_200);
  const issued: string[] = [];
  for (let from = 0; from < clients.length; from += 20) {
    const some = clients.slice(from, from + 20);
    const [joined, admission] = await Promise.all([
      again(() => store.enqueue(some.map((one) => scene.joining(one)))),
      again(() => store.admit(EVENT, scene.sale)),
      cutConnections(),
    ]);
    assert.is(joined.length, 20);
    issued.push(...[...admission.admitted.map((one) => one.clientId), ...admission.elsewhere]);
  }
  const last = await again(() => store.admit(EVENT, scene.sale));
  issued.push(...[...last.admitted.map((one) => one.clientId), ...last.elsewhere]);
  const redeemed = new Map<string, number>();
  for (let from = 0; from < clients.length; from += 10) {
    const some = clients.slice(from, from + 10);
    const polls = await again(() => store.poll(some.map((one) => scene.polling(one))));
    const purchases = polls.flatMap((one, at) =>
      one.result === "admitted"
        ? [{ eventId: EVENT, clientId: some[at]!, passToken: one.passToken, redemptionKey: "k" }]
        : [],
    );
    const [answers] = await Promise.all([
      again(() => store.redeem(purchases)),
      purchases.length > 0 && from % 20 === 0 ? cutConnections() : undefined,
    ]);
    for (const { result } of answers) redeemed.set(result, (redeemed.get(result) ?? 0) + 1);
  }
  const journal = await again(() => store.journal(EVENT, 0, 5_000));
  assert.equal(
    journal.map((one) => one.clientId),
    clients.slice(0, 1_000),
  );
  // The re-sent look tells of what its first sending had admitted, be it as another's.
  assert.equal(new Set(issued).size, 1_000);
  assert.is((redeemed.get("redeemed") ?? 0) + (redeemed.get("replayed") ?? 0), 1_000);
  assert.is(redeemed.get("invalid"), undefined);
  const stats = await again(() => store.stats(EVENT));
  assert.equal([stats.waiting, stats.active, stats.admittedTotal], [200, 0, 1_000]);
  assert.ok(cut > 50, `${cut} connections cut`);
  await store.close();
});

test("scripts that Redis has forgotten are sent again", async () => {
  const { store, clock } = await stage.openEmpty();
  const scene = new Scene(store, clock);
  await scene.line("a");
  await stage.client.script("FLUSH");
  assert.is(await scene.position("a"), 0);
  await store.close();
});

test.after(() => stage.stop());
test.run();
