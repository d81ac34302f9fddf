/** Plans of kills: the same for a seed, all of the points, and as many as were ordered. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { streamOf, unit } from "../../cli/engine/rng.ts";
import { FAILPOINTS, failpointNames } from "../../services/common/failpoints.ts";
import { RESERVEX } from "./build.ts";
import { type Cast, Deck, planRound, pointsFor, type RoundPlan } from "./plan.ts";
import { SERVERS } from "./servers.ts";

const processes = RESERVEX.roles.flatMap(({ service, count }) =>
  Array.from({ length: count }, (_, index) => ({ name: `${service}-${index + 1}`, service })),
);
const CAST: Cast = { processes, servers: SERVERS };

const randomOf = (seed: number): (() => number) => {
  const stream = streamOf(seed, "cast");
  return () => unit(stream);
};

function plansOf(seed: number, rounds: number, kills = 22, cast = CAST): readonly RoundPlan[] {
  const random = randomOf(seed);
  const services = new Set(cast.processes.map((one) => one.service));
  const deck = new Deck(pointsFor(failpointNames, services), random);
  return Array.from({ length: rounds }, (_, index) =>
    planRound(cast, deck, kills, { armed: index === 0, wipe: index === 1, random }),
  );
}

const killsOf = ({ lanes, servers }: RoundPlan): number =>
  servers.length + lanes.reduce((sum, { orders }) => sum + orders.length, 0);

test("one seed, one plan; another seed, another plan", () => {
  assert.equal(plansOf(1, 3), plansOf(1, 3));
  assert.not.equal(plansOf(1, 1), plansOf(2, 1));
});

test("a round has as many kills as were ordered, whatever the number", () => {
  for (const kills of [0, 1, 5, 20, 22, 40]) {
    for (const plan of plansOf(3, 2, kills)) assert.is(killsOf(plan), kills);
  }
});

test("every server dies in a round, and NATS loses its store where that is ordered", () => {
  const [first, second] = plansOf(4, 2);
  for (const plan of [first!, second!]) {
    assert.equal(plan.servers.map((one) => one.server).sort(), [...SERVERS].sort());
  }
  assert.equal(
    second!.servers.filter((one) => one.wiped).map((one) => one.server),
    ["nats"],
  );
});

test("every failpoint is armed before any is armed twice, in a process that passes it", () => {
  const orders = plansOf(5, 4).flatMap((plan) =>
    plan.lanes.flatMap(({ process, orders }) => orders.map((order) => ({ process, order }))),
  );
  const armed: string[] = [];
  for (const { process, order } of orders) {
    if (order.how !== "failpoint") continue;
    armed.push(order.point);
    const services: readonly string[] = FAILPOINTS[order.point].services;
    assert.ok(services.includes(process.replace(/-\d+$/, "")), `${order.point} in ${process}`);
  }
  assert.is(new Set(armed).size, failpointNames.length);
});

test("an armed process dies of its first failpoint; a running one is killed before it is armed", () => {
  const [first, second] = plansOf(6, 2);
  assert.ok(first!.lanes.some(({ orders }) => orders[0]?.how === "failpoint"));
  assert.ok(second!.lanes.every(({ orders }) => orders[0]?.how === "signal"));
});

test("a point that was not reached is drawn again next", () => {
  const deck = new Deck(failpointNames, randomOf(7));
  const drawn = deck.draw();
  deck.putBack(drawn);
  assert.is(deck.draw(), drawn);
});

test("where only servers may die, only servers do", () => {
  const [plan] = plansOf(8, 1, 6, { processes: [], servers: ["redis"] });
  assert.equal(
    plan!.servers.map((one) => one.server),
    Array(6).fill("redis"),
  );
});

test.run();
