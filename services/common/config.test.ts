import { test } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "./config.ts";
import { ConfigurationError } from "./errors.ts";

function refusal(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    assert.instance(error, ConfigurationError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

test("nothing set is the embedded stack on the contract's ports", () => {
  const config = readConfig({});
  assert.is(config.embedded, true);
  assert.is(config.allowTestAccounts, true);
  assert.equal(config.ports, {
    ticket: 8080,
    account: 8081,
    payment: 8082,
    queue: 8083,
    saga: 8084,
  });
  assert.is(config.PERMITS_PER_MINUTE, 100);
  assert.is(config.PASS_TTL_SECONDS, 300);
  assert.is(config.WAITING_TTL_SECONDS, 1_800);
  assert.is(config.PAYMENT_DEADLINE_SECONDS, 60);
});

test("an empty variable counts as not set", () => {
  assert.is(readConfig({ QUEUE_PORT: "", DATABASE_URL: "" }).ports.queue, 8083);
});

test("a wrong value is refused by name", () => {
  for (const [name, value] of [
    ["QUEUE_PORT", "80831"],
    ["QUEUE_PORT", "many"],
    ["DATABASE_URL", "mysql://localhost"],
    ["NATS_URL", "localhost:4222"],
    ["PERMITS_PER_MINUTE", "0"],
    ["PACING", "wild"],
    ["ALLOW_TEST_ACCOUNTS", "yes"],
    ["PAYMENT_FAILURE_PERCENT", "101"],
    ["LOG_LEVEL", "loud"],
  ] as const) {
    const message = refusal({ [name]: value });
    assert.ok(message.startsWith(`${name}=${value}`), message);
    assert.not.match(message, "\n");
  }
});

test("an error never shows a secret", () => {
  assert.not.match(refusal({ SERVICE_CREDENTIAL: "hunter2" }), "hunter2");
  assert.not.match(refusal({ DATABASE_URL: "mysql://me:hunter2@db/x" }), "hunter2");
});

test("test accounts are for the embedded stack only, and never for production", () => {
  const DATABASE_URL = "postgresql://localhost/x";
  assert.is(readConfig({ DATABASE_URL }).allowTestAccounts, false);
  assert.is(readConfig({ NODE_ENV: "production" }).allowTestAccounts, false);
  assert.match(
    refusal({ NODE_ENV: "production", ALLOW_TEST_ACCOUNTS: "true" }),
    "ALLOW_TEST_ACCOUNTS",
  );
});

test("settings that contradict each other are refused", () => {
  const message = refusal({ PAYMENT_MIN_LATENCY_MS: "50", PAYMENT_MAX_LATENCY_MS: "10" });
  assert.match(message, "PAYMENT_MIN_LATENCY_MS=50");
});

test.run();
