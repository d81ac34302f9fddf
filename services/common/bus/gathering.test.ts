/** What comes together is handled together, and nobody pays for another's failure. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../contracts/messages.ts";
import { LIMITS } from "../limits.ts";
import { message } from "./bus-conformance.ts";
import { gathered } from "./gathering.ts";

/** A service that notes what it is handed; messages named "bad" cannot be handled. */
function service() {
  const handed: string[][] = [];
  const apart: unknown[] = [];
  const refuse = (messages: readonly Message[]) => {
    handed.push(messages.map(({ messageId }) => messageId));
    if (messages.some(({ messageId }) => messageId.startsWith("bad"))) throw new Error("bad");
  };
  const one = gathered({
    handler: async (single) => refuse([single]),
    handleMany: async (many) => refuse(many),
    onApart: (error) => apart.push(error),
  });
  const handle = (...ids: string[]) => ids.map((id) => one(message(id)));
  return { handed, apart, handle };
}

test("what arrives in one turn shares a transaction; what comes alone has its own", async () => {
  const { handed, handle } = service();
  await Promise.all(handle("a", "b", "c"));
  await Promise.all(handle("d"));
  assert.equal(handed, [["a", "b", "c"], ["d"]]);
});

test("no transaction is for more than the limit", async () => {
  const { handed, handle } = service();
  await Promise.all(handle(...Array.from({ length: LIMITS.busBatch + 5 }, (_, at) => `m${at}`)));
  assert.equal(
    handed.map((batch) => batch.length),
    [LIMITS.busBatch, 5],
  );
});

test("one that cannot be handled comes back alone; the others are handled", async () => {
  const { handed, apart, handle } = service();
  const settled = await Promise.allSettled(handle("a", "bad", "c"));
  assert.equal(
    settled.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.equal(handed, [["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
  assert.is(apart.length, 1);
});

test.run();
