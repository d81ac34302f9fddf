/** Who decides, and what happens when the owner does not answer. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../common/limits.ts";
import { createLog } from "../common/log.ts";
import type { ReserveRequest, ReserveVerdict } from "./reservation-store.ts";
import { ownerOf, StockRouting } from "./stock-routing.ts";

const NODES = ["a", "b", "c", "d"];
const SOLD_OUT: ReserveVerdict = { verdict: "OUT_OF_STOCK", passSpent: false };
const PRODUCTS = Array.from({ length: 2_000 }, (_, at) => at + 1);

function aRequest(productId: number): ReserveRequest {
  return {
    ...{ eventId: 1, userId: 1, productId, quantity: 1, idempotencyKey: null },
    ...{ passToken: "pass_1", sagaId: "saga_1", messageId: "m_1" },
    occurredAt: "2026-01-01T00:00:00.000Z",
  };
}

/** One process, `a`, of those there are; what it asked whom. */
function routing(askNode: (node: string) => Promise<ReserveVerdict>, nodes = NODES) {
  const asked: string[] = [];
  const routes: string[] = [];
  const ask = async () => {
    asked.push("here");
    return SOLD_OUT;
  };
  const stock = new StockRouting({
    actors: { hasRoom: () => true, ask },
    self: "a",
    nodes: () => nodes,
    askNode: (node) => {
      asked.push(node);
      return askNode(node);
    },
    log: createLog("silent"),
    onRouted: (where) => routes.push(where),
  });
  return { asked, routes, stock };
}

const productOf = (owner: string) => PRODUCTS.find((id) => ownerOf(id, NODES) === owner)!;

test("everybody names the same owner, in whatever order the nodes are known", () => {
  for (const id of PRODUCTS) {
    assert.is(ownerOf(id, NODES.toReversed()), ownerOf(id, NODES));
  }
  assert.is(ownerOf(1, []), undefined);
});

test("products are spread over the nodes", () => {
  for (const node of NODES) {
    const own = PRODUCTS.filter((id) => ownerOf(id, NODES) === node).length;
    assert.ok(own > 400 && own < 600, `${node} has ${own} of 2,000`);
  }
});

test("a node that goes moves its own products alone", () => {
  const left = NODES.filter((node) => node !== "c");
  for (const id of PRODUCTS) {
    const before = ownerOf(id, NODES);
    if (before !== "c") assert.is(ownerOf(id, left), before);
  }
});

test("what is its own is decided here, the rest by its owner", async () => {
  const { asked, routes, stock } = routing(async () => SOLD_OUT);
  await stock.ask(aRequest(productOf("a")));
  await stock.ask(aRequest(productOf("b")));
  assert.equal(asked, ["here", "b"]);
  assert.equal(routes, ["own", "owner"]);
});

test("where the owner does not answer it is decided here", async () => {
  const { asked, routes, stock } = routing(() => Promise.reject(new Error("gone")));
  assert.equal(await stock.ask(aRequest(productOf("d"))), SOLD_OUT);
  assert.equal(asked, ["d", "here"]);
  assert.equal(routes, ["instead"]);
});

test("a process that knows no other decides all by itself", async () => {
  const { asked, stock } = routing(() => Promise.reject(new Error("nobody")), []);
  await stock.ask(aRequest(productOf("b")));
  assert.equal(asked, ["here"]);
});

test("no more wait for an owner than for an actor", async () => {
  const answer = Promise.withResolvers<ReserveVerdict>();
  const { stock } = routing(() => answer.promise);
  const id = productOf("b");
  const asking = Array.from({ length: LIMITS.mailbox }, () => stock.ask(aRequest(id)));
  assert.is(stock.hasRoom(id), false);
  assert.is(stock.hasRoom(productOf("c")), true);
  answer.resolve(SOLD_OUT);
  await Promise.all(asking);
  assert.is(stock.hasRoom(id), true);
});

test.run();
