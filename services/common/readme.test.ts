import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { settingNames } from "./config.ts";
import { ROUTES } from "./contracts/messages.ts";
import { ERRORS } from "./errors.ts";
import { FAILPOINTS, failpointNames } from "./failpoints.ts";

/** What the documentation says in tables is what the code has. */

const root = join(import.meta.dirname, "../..");
const project = readFileSync(join(root, "README.md"), "utf8");
const services = readFileSync(join(root, "services/README.md"), "utf8");

test("every setting stands in the README's table, and every one in the table exists", () => {
  const rows = project.split("\n").filter((line) => line.startsWith("| `"));
  const told = rows.flatMap((row) =>
    [...row.split("|")[1]!.matchAll(/`([A-Z_]+)`/g)].map((match) => match[1]!),
  );
  assert.equal(told.sort(), [...settingNames()].sort());
});

test("the error table is the code's", () => {
  const rows = [...services.matchAll(/^\| ([A-Z_]+) \| (\d{3}) \|/gm)];
  const told = Object.fromEntries(rows.map((row) => [row[1]!, Number(row[2])]));
  const real = Object.fromEntries(
    Object.entries(ERRORS).map(([code, { status }]) => [code, status]),
  );
  assert.equal(told, real);
});

test("every message of the saga stands in its table", () => {
  for (const type of Object.keys(ROUTES)) assert.match(services, type);
});

test("every failpoint has its row, and every row a failpoint, in the same words", () => {
  const rows = [...services.matchAll(/^\| `(\w+\.[\w.]+)` \| (.+?) \| (.+?) \| (.+?) \|$/gm)];
  assert.equal(
    rows.map(([, name, where, onDisk, next]) => ({ name, where, onDisk, next })),
    failpointNames.map((name) => {
      const { services: passedBy, onDisk, next } = FAILPOINTS[name];
      return { name, where: passedBy.join(", "), onDisk, next };
    }),
  );
});

test.run();
