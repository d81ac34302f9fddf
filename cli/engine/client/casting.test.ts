/** Casting: shares are exact, and a client's habits do not depend on when they are asked for. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assertPlan } from "../plan.ts";
import { planOf } from "../testing/plans.ts";
import { castRoles, type Role, whoIs } from "./casting.ts";

function rolesOf(clients: number, absent: number, attackers: number): Role[] {
  const plan = planOf({ clients });
  const roles = castRoles(plan.seed, clients, absent, attackers);
  return [...roles].map((role, i) => whoIs(plan, i, role, plan.accounts[i]!).role);
}

const count = (roles: readonly Role[], role: Role) => roles.filter((one) => one === role).length;

test("absent clients and attackers have exactly their shares, and the attacks take turns", () => {
  const roles = rolesOf(1_000, 20, 6);
  assert.is(count(roles, "absent"), 200);
  const pass = ["no-pass", "forged-pass", "foreign-pass", "spent-pass"] as const;
  for (const attack of [...pass, "poll-flood", "many-accounts"] as const) {
    assert.is(count(roles, attack), 10);
  }
  assert.is(count(roles, "honest"), 740);
});

test("everyone may be absent, and nobody need be", () => {
  assert.is(count(rolesOf(50, 100, 0), "absent"), 50);
  assert.is(count(rolesOf(50, 0, 0), "honest"), 50);
});

test("about three in a hundred honest clients click twice, and no one else", () => {
  const plan = planOf({ clients: 10_000, absentPercent: 30 });
  const roles = castRoles(plan.seed, 10_000, 30, 0);
  const clients = [...roles].map((role, i) => whoIs(plan, i, role, plan.accounts[i]!));
  const twice = clients.filter((who) => who.doubleClicks);
  assert.ok(twice.length > 150 && twice.length < 270, `${twice.length}`);
  assert.ok(twice.every((who) => who.role === "honest"));
});

test("half of the absent are gone at once, the others after one or two polls", () => {
  const plan = planOf({ clients: 4_000, absentPercent: 100 });
  const visits = [0, 0, 0, 0];
  for (const [i, account] of plan.accounts.entries())
    visits[whoIs(plan, i, 1, account).visits]! += 1;
  assert.ok(Math.abs(visits[0]! - 2_000) < 200, visits.join(" "));
  assert.ok(Math.abs(visits[1]! - 1_000) < 150, visits.join(" "));
  assert.ok(Math.abs(visits[2]! - 1_000) < 150, visits.join(" "));
});

test("habits are the same whenever they are asked for, and within the plan", () => {
  const plan = planOf({ tuning: { thinkMinMs: 100, thinkMaxMs: 200 } });
  for (const [i, account] of plan.accounts.entries()) {
    const who = whoIs(plan, i, 0, account);
    assert.equal(whoIs(plan, i, 0, account), who);
    assert.ok(who.thinkMs >= 100 && who.thinkMs <= 200);
    assert.equal([...who.wishes].sort(), [0, 1, 2]);
  }
});

test("who dawdles thinks until its pass is surely over, and regrets are shares of the honest", () => {
  const habits = { dawdlingPercent: 100, regrettingPercent: 50 };
  const plan = planOf({ clients: 2_000, habits });
  let regrets = 0;
  for (const [i, account] of plan.accounts.entries()) {
    const who = whoIs(plan, i, 0, account);
    assert.ok(who.thinkMs > plan.sale.passTtlSeconds * 1_000 + 1_000);
    if (who.regrets) regrets += 1;
    assert.not(whoIs(plan, i, 1, account).regrets, "the absent do nothing");
  }
  assert.ok(Math.abs(regrets - 1_000) < 100, String(regrets));
});

test("two clients with one account are no plan", () => {
  const plan = planOf({ clients: 2 });
  const [one] = plan.accounts;
  assert.throws(() => assertPlan({ ...plan, accounts: [one!, one!] }), /share one account/);
});

test.run();
