/** Planting a sin: each at a seam that stands in the code, none in production, none left over. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "../../common/config.ts";
import { MUTANT_NAMES } from "../../common/contracts/mutants.ts";
import { plant, type SeamName, seam } from "../../common/seams.ts";
import { override } from "./override.ts";
import { plantMutant } from "./plant-mutant.ts";

const SERVICES = join(import.meta.dirname, "..", "..");
const source = readdirSync(SERVICES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.includes("mutants"))
  .map((name) => readFileSync(join(SERVICES, name), "utf8"))
  .join("\n");

test("production refuses every mutant, in a line that names the variable", () => {
  const production = {
    ...{ NODE_ENV: "production", DATABASE_URL: "postgresql://localhost/reservex" },
  };
  for (const MUTANT of MUTANT_NAMES) {
    assert.throws(() => readConfig({ ...production, MUTANT }), /^MUTANT: .*not in production/);
    assert.is(readConfig({ MUTANT }).MUTANT, MUTANT, "elsewhere it is taken");
  }
  assert.throws(() => readConfig({ MUTANT: "W99" }), /^MUTANT=W99: is no sin/);
});

test("every mutant is planted at a seam that stands in the code, and goes again", () => {
  for (const name of MUTANT_NAMES) {
    plantMutant(name);
    const touched = SEAMS.filter((one) => {
      // Some look at their part at once, which is none here: touched all the same.
      try {
        const found = seam<unknown>(one, PART);
        if (found instanceof Promise) found.catch(() => undefined);
        return found !== PART;
      } catch {
        return true;
      }
    });
    assert.ok(touched.length > 0, `${name} changes something`);
    for (const one of touched) assert.match(source, new RegExp(`seam(<\\w+>)?\\(\\s*"${one}"`));
  }
  plantMutant(undefined);
  for (const one of SEAMS) assert.is(seam<unknown>(one, PART), PART, "honest again");
});

test("an override leaves everything else to the honest part, private fields too", () => {
  class Counter {
    #count = 0;
    add() {
      this.#count += 1;
      return this.#count;
    }
    twice() {
      return this.add() + this.add();
    }
  }
  const spoiled = override(new Counter(), { twice: () => 0 });
  assert.is(spoiled.add(), 1);
  assert.is(spoiled.add(), 2);
  assert.is(spoiled.twice(), 0);
});

const PART = async () => undefined;
const SEAMS: readonly SeamName[] = [
  ...(["bus", "verifier", "edge.validator"] as const),
  ...(["account.store", "account.accounts", "account.hasher"] as const),
  ...(["queue.room", "queue.gatekeeper", "queue.status"] as const),
  ...(["ticket.saleBooks", "ticket.desk", "ticket.whose", "ticket.database"] as const),
  ...(["payment.provider", "saga.rules"] as const),
];

test.after(() => plant({}));
test.run();
