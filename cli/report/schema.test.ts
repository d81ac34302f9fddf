/** report.schema.json fits what is written, and nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgeRun } from "../judge/judge.ts";
import { RunBuilder } from "../judge/testing.ts";
import { buildReport, REPORT_VERSION, type Report } from "./report.ts";
import { busyRun } from "./testing/busy-run.ts";

const schema = JSON.parse(readFileSync(join(import.meta.dirname, "report.schema.json"), "utf8"));
const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema);

function problems(report: unknown): string[] {
  validate(JSON.parse(JSON.stringify(report)));
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

function busy(): Report {
  const { history, ledger } = busyRun({
    clients: 60,
    stock: 30,
    permitsPerMinute: 300,
    oversold: 2,
  });
  return buildReport(history, ledger, judgeRun(history, ledger));
}

test("reports of a busy, a broken and an empty run fit", () => {
  assert.equal(problems(busy()), []);
  const empty = new RunBuilder().cutOff();
  assert.equal(problems(buildReport(empty, undefined, judgeRun(empty, undefined))), []);
});

test("the report of 100,000 clients that is kept as a sample fits", () => {
  const path = join(import.meta.dirname, "../../loadtests/samples/100k-clients.json");
  const sample = JSON.parse(readFileSync(path, "utf8")) as Report;
  assert.equal(problems(sample), []);
  assert.is(sample.exitCode, 0);
});

test("every part of a report is in the schema, and the version is its own", () => {
  for (const name of Object.keys(busy())) assert.ok(name in schema.properties, name);
  assert.is(schema.properties.version.const, REPORT_VERSION);
});

test("whatever must be there is missed, and a wrong type is seen", () => {
  for (const name of schema.required as string[]) {
    const { [name as keyof Report]: _, ...rest } = busy();
    assert.ok(problems(rest).length > 0, `without ${name}`);
  }
  assert.ok(problems({ ...busy(), version: REPORT_VERSION + 1 }).length > 0);
  assert.ok(problems({ ...busy(), exitCode: 64 }).length > 0);
  const [first] = busy().verdicts;
  assert.ok(problems({ ...busy(), verdicts: [{ ...first, verdict: "fine" }] }).length > 0);
  assert.ok(problems({ ...busy(), latency: [{ op: "poll", count: "many" }] }).length > 0);
});

test.run();
