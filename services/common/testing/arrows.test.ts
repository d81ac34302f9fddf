import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SERVICES } from "../contracts/names.ts";

/** Which file may import what: read from every import of every file, tests left out. */

const ROOT = resolve(import.meta.dirname, "../../..");

interface Source {
  readonly path: string;
  readonly text: string;
  /** Packages by name, own files by their path from the root. */
  readonly imports: readonly string[];
}

const sources: readonly Source[] = ["services", "cli", "loadtests"]
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(folder, name),
    ),
  )
  .concat("moleculer.config.ts")
  .filter((path) => /\.(ts|js)$/.test(path) && !/\.test\.ts$/.test(path))
  .map((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    return { path, text, imports: importsOf(path, text) };
  });

function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(
    /^(?:import|export)\s(?:[^'"`;]*?from\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...found].map((match) => {
    const name = (match[1] ?? match[2])!;
    return name.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(path), name)) : name;
  });
}

/** Fails with every offender, so that one run shows all there is to mend. */
function none(offenders: readonly string[], rule: string): void {
  assert.equal(offenders, [], rule);
}

const inFolder = (source: Source, folder: string): boolean => source.path.startsWith(`${folder}/`);
const isTesting = (source: Source): boolean => /\/testing(\/|\.ts$)/.test(source.path);
const importing = (matches: (source: Source, name: string) => boolean): string[] =>
  sources.flatMap((source) =>
    source.imports
      .filter((name) => matches(source, name))
      .map((name) => `${source.path} → ${name}`),
  );

test("every import leads to a file or a package that is there", () => {
  assert.ok(sources.length > 50, "the reader finds the sources");
  const known = new Set(sources.map((source) => source.path));
  none(
    importing((_source, name) => /^(services|cli|loadtests)\//.test(name) && !known.has(name)),
    "dangling import",
  );
});

test("no service imports another's folder", () => {
  const others = (source: Source, name: string) =>
    SERVICES.some(
      (own) =>
        inFolder(source, `services/${own}`) &&
        SERVICES.some((other) => other !== own && name.startsWith(`services/${other}/`)),
    );
  none(importing(others), "services meet in common/contracts and on the bus");
});

test("what services share does not know the services", () => {
  const upwards = (source: Source, name: string) =>
    inFolder(source, "services/common") &&
    SERVICES.some((service) => name.startsWith(`services/${service}/`));
  none(importing(upwards), "services/common imports no service");
});

test("the services know neither the command line nor the load tests", () => {
  none(
    importing((source, name) => inFolder(source, "services") && /^(cli|loadtests)\//.test(name)),
    "services → cli, loadtests",
  );
});

test("the database driver is imported in one place, and so is the Redis client", () => {
  const drivers = ["slonik", "pg", "@slonik/pg-driver"];
  none(
    importing(
      (source, name) => drivers.includes(name) && source.path !== "services/common/database.ts",
    ),
    "PostgreSQL goes through common/database.ts",
  );
  // A test looks behind the store's back, a benchmark compares it with calls made by hand.
  const byHand = (source: Source) => isTesting(source) || inFolder(source, "loadtests/bench");
  none(
    importing(
      (source, name) =>
        name === "ioredis" && source.path !== "services/common/redis.ts" && !byHand(source),
    ),
    "Redis goes through common/redis.ts",
  );
});

test("keys of Redis are named in Lua only", () => {
  const offenders = sources.filter((source) => /\bKEYS\[/.test(source.text) && !isTesting(source));
  none(
    offenders.map((source) => source.path),
    "KEYS[ outside a .lua file",
  );
});

test("SQL stands in stores and sql folders only", () => {
  const allowed = (path: string) =>
    /-store\.ts$/.test(path) || path === "services/common/database.ts";
  const offenders = sources.filter(
    (source) =>
      /\bsql\.(type|unsafe|fragment)\b/.test(source.text) &&
      !allowed(source.path) &&
      !isTesting(source),
  );
  none(
    offenders.map((source) => source.path),
    "a statement outside a store",
  );
});

test("the judge imports nothing outside itself", () => {
  none(
    importing((source, name) => inFolder(source, "cli/judge") && !name.startsWith("cli/judge/")),
    "cli/judge",
  );
});

test("engine, judge and report do not know the screen or the command line's parser", () => {
  const screen = ["ink", "react", "commander"];
  const parts = ["cli/engine", "cli/judge", "cli/report"];
  none(
    importing(
      (source, name) =>
        parts.some((part) => inFolder(source, part)) &&
        (screen.includes(name) || name.startsWith("cli/tui/") || name.startsWith("cli/commands/")),
    ),
    "the screen is a guest",
  );
});

test("the command line takes from the services only what is meant for it", () => {
  const doors = [
    "services/stack/stack.ts",
    "services/stack/access.ts",
    "services/stack/stack-urls.ts",
    "services/stack/doctor.ts",
    "services/common/errors.ts",
    "services/common/ids.ts",
    "services/common/config.ts",
  ];
  const through = (name: string) =>
    doors.includes(name) || name.startsWith("services/common/contracts/");
  none(
    importing(
      (source, name) =>
        inFolder(source, "cli") &&
        !isTesting(source) &&
        name.startsWith("services/") &&
        !through(name),
    ),
    "cli → services",
  );
});

test("the environment is read in one file, the process is ended in one", () => {
  const reads = sources
    .filter((source) => /\bprocess\.env\b/.test(source.text))
    .map((source) => source.path);
  assert.equal(reads, ["services/common/config.ts"]);
  const ends = sources
    .filter((source) => /\bprocess\.exit\(/.test(source.text))
    .map((source) => source.path);
  assert.equal(ends, ["cli/exit.ts"]);
});

test("pure rules have no clock, no chance, no waiting and no I/O", () => {
  const rules = [
    "services/account/credentials.ts",
    "services/queue/admission.ts",
    "services/ticket/reservation.ts",
    "services/payment/charge.ts",
    "services/saga/booking-saga.ts",
  ];
  const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  for (const path of rules) {
    const source = sources.find((one) => one.path === path);
    assert.ok(source, `${path} is there`);
    assert.not.match(
      source.text,
      /\basync\b|\bawait\b|Date\.now|new Date\(\)|Math\.random|performance\./,
      path,
    );
    none(
      source.imports.filter((name) => builtins.has(name) && name !== "node:buffer"),
      path,
    );
  }
});

test("services take time and chance from outside", () => {
  const offenders = sources.filter(
    (source) =>
      inFolder(source, "services") &&
      !isTesting(source) &&
      source.path !== "services/common/clock.ts" &&
      /\bDate\.now\(|\bMath\.random\(|console\./.test(source.text),
  );
  none(
    offenders.map((source) => source.path),
    "clock, randomness or console in a service",
  );
});

test.run();
