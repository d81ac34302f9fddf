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

test("messages go over JetStream where there is NATS, unless told otherwise", () => {
  const NATS_URL = "nats://localhost:4222";
  assert.is(readConfig({}).bus, "direct");
  assert.is(readConfig({ NATS_URL }).bus, "jetstream");
  assert.is(readConfig({ NATS_URL, BUS: "direct" }).bus, "direct");
  assert.match(refusal({ BUS: "jetstream" }), "NATS_URL");
  assert.match(refusal({ NATS_URL, JETSTREAM_MAX_AGE_HOURS: "169" }), "JETSTREAM_MAX_AGE_HOURS");
});

test("an error never shows a secret", () => {
  assert.not.match(refusal({ SERVICE_CREDENTIAL: "hunter2" }), "hunter2");
  assert.not.match(refusal({ DATABASE_URL: "mysql://me:hunter2@db/x" }), "hunter2");
});

test("keys of queue tickets are read newest first, and may be left out", () => {
  const [newer, older] = ["n".repeat(32), "o".repeat(32)];
  assert.equal(readConfig({ QUEUE_TICKET_KEYS: newer }).QUEUE_TICKET_KEYS, [newer]);
  const both = readConfig({ QUEUE_TICKET_KEYS: `${newer}, ${older}` });
  assert.equal(both.QUEUE_TICKET_KEYS, [newer, older]);
  assert.is(readConfig({ QUEUE_TICKET_KEYS: "" }).QUEUE_TICKET_KEYS, undefined);
  const eight = [..."12345678"].map((digit) => digit.repeat(32));
  assert.equal(readConfig({ QUEUE_TICKET_KEYS: eight.join() }).QUEUE_TICKET_KEYS, eight);
});

test("keys of queue tickets that do not fit are refused in one line that shows none of them", () => {
  const key = "hunter2-".repeat(4);
  const nine = [..."123456789"].map((digit) => `${key}${digit}`);
  for (const [value, because] of [
    ["hunter2", "at least 32 characters"],
    [key.slice(1), "at least 32 characters"],
    [`${key},`, "at least 32 characters"],
    [`${key},hunter2`, "at least 32 characters"],
    [`${key}, ${key}`, "must not name a key twice"],
    [nine.join(), "at most 8 keys"],
  ] as const) {
    const message = refusal({ QUEUE_TICKET_KEYS: value });
    assert.ok(message.startsWith("QUEUE_TICKET_KEYS=…: "), message);
    assert.match(message, because);
    assert.not.match(message, "hunter");
    assert.not.match(message, "\n");
  }
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

const STRIPE = {
  PAYMENT_PROVIDER: "stripe",
  STRIPE_SECRET_KEY: "sk_test_hunter2",
  STRIPE_WEBHOOK_SECRET: "whsec_hunter2",
};

test("a provider is chosen whole, and settings of the other one are refused by name", () => {
  assert.is(readConfig({}).PAYMENT_PROVIDER, "simulated");
  assert.is(readConfig(STRIPE).STRIPE_CURRENCY, "eur");
  assert.is(readConfig({ ...STRIPE, STRIPE_API_BASE: "http://127.0.0.1:1" }).embedded, true);
  for (const [change, named] of [
    [{ STRIPE_SECRET_KEY: "" }, "needs STRIPE_SECRET_KEY"],
    [{ STRIPE_WEBHOOK_SECRET: "" }, "needs STRIPE_WEBHOOK_SECRET"],
    [{ PAYMENT_PROVIDER: "simulated" }, "STRIPE_SECRET_KEY is set, but"],
    [{ PAYMENT_LATE_PERCENT: "5" }, "PAYMENT_LATE_PERCENT=5"],
    [{ STRIPE_SECRET_KEY: "pk_test_hunter2" }, "STRIPE_SECRET_KEY=…: must be a secret key"],
    [{ STRIPE_SECRET_KEY: "sk_live_hunter2" }, "STRIPE_PAYMENT_METHOD=pm_card_visa"],
    [{ STRIPE_WEBHOOK_SECRET: "hunter2" }, "STRIPE_WEBHOOK_SECRET=…: must be"],
    [{ STRIPE_CURRENCY: "jpy" }, "STRIPE_CURRENCY=jpy: must be a currency with two decimals"],
    [{ STRIPE_API_BASE: "http://example.com" }, "STRIPE_API_BASE=http://example.com: must start"],
    [{ STRIPE_API_BASE: "https://example.com/v2" }, "STRIPE_API_BASE=https://example.com/v2"],
  ] as const) {
    const message = refusal({ ...STRIPE, ...change });
    assert.ok(message.includes(named), message);
    assert.not.match(message, "hunter");
    assert.not.match(message, "\n");
  }
});

test("settings that contradict each other are refused", () => {
  const message = refusal({ PAYMENT_MIN_LATENCY_MS: "50", PAYMENT_MAX_LATENCY_MS: "10" });
  assert.match(message, "PAYMENT_MIN_LATENCY_MS=50");
});

test.run();
