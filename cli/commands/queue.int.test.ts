import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  EMAIL,
  type OperatedStack,
  PASSWORD,
  startOperatedStack,
  succeed,
} from "../testing/operated-stack.ts";
import { type Finished, type RunningStack, reservex } from "../testing/processes.ts";
import { call, openSale, waitInLine } from "../testing/shopper.ts";

const DEFAULTS = { passTtlSeconds: 300, paused: false, draining: false };

let operated: OperatedStack;
let stack: RunningStack;
/** An administrator's token. */
let admin: string;
/** Tokens of people who may join. */
let people: readonly string[];

test.before(async () => {
  operated = await startOperatedStack();
  ({ stack, admin } = operated);
  people = (await operated.people(4, "line")).map((one) => one.accessToken);
});

test.after(() => operated.stop());

const access = (): readonly string[] => operated.access;

/** `reservex queue …` by an administrator, which must succeed. */
const queue = (...args: readonly (string | number)[]): Promise<Finished> =>
  succeed(["queue", ...args.map(String), ...access()]);

/** What `--json` printed, which must be all there is on stdout. */
async function ask(...args: readonly (string | number)[]) {
  return JSON.parse((await queue(...args, "--json")).stdout);
}

type Case = readonly [args: readonly string[], words: RegExp];

/** A few processes at a time. */
async function inTurns(cases: readonly Case[], check: (one: Case) => Promise<void>) {
  for (let first = 0; first < cases.length; first += 4) {
    await Promise.all(cases.slice(first, first + 4).map(check));
  }
}

const joinLine = (token: string, eventId: number) =>
  call(`${stack.urls.queue}/queue/${eventId}/enqueue`, { method: "POST", token });

test("a paused line admits nobody until it is resumed, and the journal tells who and when", async () => {
  const { urls } = stack;
  const { eventId } = await openSale(urls, admin, 5);
  const paused = await queue("pause", eventId);
  assert.match(paused.stdout, /^event \d+\n[\s\S]*paused {6}yes\n[\s\S]*draining {4}no\n$/);
  const three = people.slice(0, 3);
  for (const token of three) assert.is((await joinLine(token, eventId)).status, 200);
  const before = await ask("stats", eventId);
  assert.equal(before, {
    ...{ waiting: 3, active: 0, admittedLastMinute: 0, admittedTotal: 0, abandonedTotal: 0 },
    ...{ permitsPerMinute: 6_000, paused: true },
  });
  assert.match((await queue("stats", eventId)).stdout, /waiting {9}3 clients\n/);
  assert.equal(await ask("journal", eventId), { entries: [] });

  assert.is((await ask("resume", eventId)).paused, false);
  for (const token of three) await waitInLine(urls, token, eventId);
  const { entries } = await ask("journal", eventId);
  assert.equal(
    entries.map((entry: { number: number }) => entry.number),
    [1, 2, 3],
  );
  for (const { clientId, joinedAt, admittedAt } of entries) {
    assert.match(clientId, /^\d+$/);
    assert.is(new Date(joinedAt).toISOString(), joinedAt);
    assert.ok(admittedAt > joinedAt);
  }
  const printed = (await queue("journal", eventId)).stdout.trimEnd().split("\n");
  assert.is(printed.length, 4);
  assert.match(
    printed[0]!,
    new RegExp(`^ +1 {2}${entries[0].admittedAt} {2}waited .* s {2}client`),
  );
  assert.is(printed[3], "3 admissions, at most 3 in any 60 s");
});

test("a draining line serves those in it and takes nobody new", async () => {
  const { eventId } = await openSale(stack.urls, admin, 5);
  const [first, second] = [people[0]!, people[1]!];
  await queue("pause", eventId);
  assert.is((await joinLine(first, eventId)).status, 200);
  assert.is((await ask("drain", eventId)).draining, true);
  const refused = await joinLine(second, eventId);
  assert.equal(
    [refused.status, refused.body.code, refused.body.detail],
    [409, "SALE_NOT_OPEN", "the line takes nobody new any more"],
  );
  assert.is((await joinLine(first, eventId)).status, 200, "who is in line is not new");
  await queue("resume", eventId);
  await waitInLine(stack.urls, first, eventId);
  assert.is((await ask("undrain", eventId)).draining, false);
  assert.is((await joinLine(second, eventId)).status, 200);
});

test("settings change one by one and are read back, by command and by HTTP", async () => {
  const { urls } = stack;
  const { eventId } = await openSale(urls, admin, 5);
  const opened = { ...DEFAULTS, permitsPerMinute: 6_000, pacing: "burst" };
  assert.equal(await ask("settings", eventId), opened);
  const one = await ask("set", eventId, "--permits-per-minute", 120);
  assert.equal(one, { ...opened, permitsPerMinute: 120 });
  const rest = await ask("set", eventId, "--pass-ttl", 60, "--pacing", "smooth");
  assert.equal(rest, { ...one, passTtlSeconds: 60, pacing: "smooth" });
  assert.match((await queue("settings", eventId)).stdout, /pass lives {2}60 s\n/);
  const path = `${urls.queue}/queue/${eventId}/settings`;
  assert.equal((await call(path, { token: admin })).body, rest);
});

test("the journal comes in pages, each admission once", async () => {
  const { urls } = stack;
  const { eventId } = await openSale(urls, admin, 5);
  for (const token of people.slice(0, 3)) await waitInLine(urls, token, eventId);
  const page = async (query: string) => {
    const path = `${urls.queue}/queue/${eventId}/journal?${query}`;
    const { body } = await call(path, { token: admin });
    return [(body.entries as { number: number }[]).map((entry) => entry.number), body.next];
  };
  assert.equal(await page(""), [[1, 2, 3], null]);
  assert.equal(await page("limit=2"), [[1, 2], 2]);
  assert.equal(await page("after=2&limit=2"), [[3], null]);
  assert.equal(await page("after=3"), [[], null]);
});

test("watching says a line a second, until its time is over or Ctrl-C", async () => {
  const { eventId } = await openSale(stack.urls, admin, 5);
  const line =
    /^waiting +0 {2}active +0 {2}admitted +0 of 6 000 in the last minute {2}abandoned +0$/;
  const timed = await queue("watch", eventId, "--seconds", 1);
  const printed = timed.stdout.trimEnd().split("\n");
  assert.is(printed.length, 2);
  for (const text of printed) assert.match(text, line);
  const asJson = await queue("watch", eventId, "--seconds", 1, "--json");
  assert.is(JSON.parse(asJson.stdout).permitsPerMinute, 6_000, "the last look");
  assert.match(asJson.stderr.split("\n")[0]!, line);
  const args = ["queue", "watch", String(eventId), ...access()];
  const stopped = await reservex(args, {}, (child) => {
    child.stdout?.once("data", () => child.kill("SIGINT"));
  });
  assert.is(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout.split("\n")[0]!, line);
});

test("wrong usage is one line that names what to change, with exit code 64", async () => {
  const signup = { email: "ann@example.com", password: PASSWORD, name: "Ann" };
  await call(`${stack.urls.account}/api/auth/signup`, { body: signup });
  const data = ["--data", operated.dataDir];
  const password = ["--admin-password", PASSWORD];
  const cases: Case[] = [
    [["stats", "99", ...access()], /event 99: there is no such event \(NOT_FOUND\)/],
    [["pause", "99", ...access()], /event 99: there is no such event/],
    [["journal", "99", ...access()], /event 99: there is no such event/],
    [["set", "1", ...access()], /--permits-per-minute, --pass-ttl, --pacing/],
    [["stats", "1", ...data], /--admin-email and --admin-password are needed/],
    [
      ["stats", "1", ...data, "--admin-email", EMAIL, "--admin-password", "wrong"],
      /INVALID_CREDENTIALS/,
    ],
    [["stats", "1", ...data, "--admin-email", signup.email, ...password], /is no administrator/],
  ];
  await inTurns(cases, async ([args, words]) => {
    const { code, stdout, stderr } = await reservex(["queue", ...args]);
    assert.is(code, 64, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, words);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
    assert.is(stdout, "");
  });
  const unparsed: Case[] = [
    [["fly", "1"], /unknown command 'fly'/],
    [["stats"], /missing required argument 'eventId'/],
    [["stats", "first"], /eventId.*whole number/],
    [["set", "1", "--permits-per-minute", "0"], /--permits-per-minute.*from 1 to 60000/],
    [["set", "1", "--pacing", "fast"], /--pacing/],
    [["watch", "1", "--seconds", "-1"], /--seconds/],
    [["stats", "1", "--queue-url", "nowhere"], /--queue-url.*http/],
  ];
  await inTurns(unparsed, async ([args, words]) => {
    const { code, stdout, stderr } = await reservex(["queue", ...args]);
    assert.is(code, 64, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, words);
    assert.is(stdout, "");
  });
});

test("the password may come from the environment, the URLs from the command line", async () => {
  const { eventId } = await openSale(stack.urls, admin, 5);
  const { queue: queueUrl, account } = stack.urls;
  const { code, stdout, stderr } = await reservex(
    [
      ...["queue", "stats", String(eventId), "--json", "--admin-email", EMAIL],
      ...["--queue-url", `${queueUrl}/`, "--account-url", account!, "--data", "/nowhere"],
    ],
    { RESERVEX_ADMIN_PASSWORD: PASSWORD },
  );
  assert.is(code, 0, stderr);
  assert.is(JSON.parse(stdout).waiting, 0);
});

test("a stack that is not there, or that cannot answer, is exit code 69", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(503, { "content-type": "application/problem+json" });
    response.end(
      JSON.stringify({ status: 503, code: "UNAVAILABLE", detail: "the store\nis away" }),
    );
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const ill = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const person = ["--admin-email", EMAIL, "--admin-password", PASSWORD];
  const cases: Case[] = [
    [["--data", "/nowhere", ...person], /no stack with the queue service runs on \/nowhere/],
    [[...access(), "--queue-url", "http://127.0.0.1:1"], /127\.0\.0\.1:1\S*: no connection/],
    [[...access(), "--account-url", "http://127.0.0.1:1"], /no connection/],
    [[...access(), "--account-url", ill], /503 UNAVAILABLE \(the store is away\)/],
    [[...access(), "--queue-url", ill], /503 UNAVAILABLE \(the store is away\)/],
  ];
  await inTurns(cases, async ([args, words]) => {
    const { code, stdout, stderr } = await reservex(["queue", "stats", "1", "--json", ...args]);
    assert.is(code, 69, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, words);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
    assert.is(JSON.parse(stdout).exitCode, 69);
  });
  await new Promise((resolve) => server.close(resolve));
});

test.run();
