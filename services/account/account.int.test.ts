import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Session } from "../common/contracts/account.ts";
import { type Harness, startHarness } from "../common/testing/service-harness.ts";
import { accountService, createUser } from "./account.service.ts";

type Answered = Session & { readonly code?: string };

let harness: Harness;
const ann = {
  email: "Ann@Example.com",
  password: "correct horse",
  name: "Ann",
  phoneNumber: "+49 30 123456",
};

test.before(async () => {
  harness = await startHarness({
    services: (context) => [accountService(context)],
    settings: { ALLOW_TEST_ACCOUNTS: "true" },
  });
});
test.after(() => harness.stop());

const signUp = (body: unknown) => harness.http<Answered>("account", "/api/auth/signup", { body });
const logIn = (email: string, password: string) =>
  harness.http<Answered>("account", "/api/auth/login", { body: { email, password } });
const refresh = (refreshToken: string) =>
  harness.http<Answered>("account", "/api/auth/refresh", { body: { refreshToken } });

test("signing up gives a session, logging in another", async () => {
  const first = await signUp(ann);
  assert.is(first.status, 201);
  assert.is(first.body.email, "ann@example.com");
  assert.is(first.body.role, "USER");
  assert.is(first.body.expiresIn, 86_400);
  const second = await logIn("ANN@example.com", ann.password);
  assert.is(second.status, 200);
  assert.is(second.body.userId, first.body.userId);
  assert.is.not(second.body.refreshToken, first.body.refreshToken);
});

test("an access token is signed asymmetrically and verifies against the published keys alone", async () => {
  const { body } = await logIn(ann.email, ann.password);
  const keys = await harness.http<{ keys: Record<string, unknown>[] }>(
    "account",
    "/.well-known/jwks.json",
  );
  assert.is(keys.body.keys.length, 1);
  assert.is(keys.body.keys[0]?.d, undefined, "the private part stays at home");
  const { payload } = await jwtVerify(body.accessToken, createLocalJWKSet(keys.body as never), {
    issuer: "reservex",
    audience: "reservex",
    typ: "at+jwt",
  });
  assert.is(payload.sub, String(body.userId));
  assert.is(decodeProtectedHeader(body.accessToken).alg, "ES256");
  assert.is((payload.exp ?? 0) - (payload.iat ?? 0), 86_400);
});

test("an e-mail is taken once, whatever its case", async () => {
  const again = await signUp({ ...ann, email: "ann@EXAMPLE.com" });
  assert.is(again.status, 409);
  assert.is(again.body.code, "EMAIL_TAKEN");
});

test("a wrong password and an unknown e-mail get the same answer", async () => {
  const wrong = await logIn(ann.email, "something else");
  const unknown = await logIn("nobody@example.com", "something else");
  assert.is(wrong.status, 401);
  assert.equal(wrong.body, unknown.body);
  assert.is(wrong.body.code, "INVALID_CREDENTIALS");
});

test("a refresh token works once; its second use ends the whole login", async () => {
  const { body } = await logIn(ann.email, ann.password);
  const renewed = await refresh(body.refreshToken);
  assert.is(renewed.status, 200);
  assert.is((await refresh(body.refreshToken)).status, 401);
  assert.is((await refresh(renewed.body.refreshToken)).status, 401, "the successor is revoked too");
});

test("of a hundred parallel refreshes with one token, at most one gets a successor", async () => {
  const { body } = await logIn(ann.email, ann.password);
  const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(body.refreshToken)));
  assert.is(answers.filter((answer) => answer.status === 200).length, 1);
});

test("after a log-out the refresh token is dead, and logging out twice is no error", async () => {
  const { body } = await logIn(ann.email, ann.password);
  const out = () =>
    harness.http("account", "/api/auth/logout", { body: { refreshToken: body.refreshToken } });
  assert.is((await out()).status, 204);
  assert.is((await out()).status, 204);
  assert.is((await refresh(body.refreshToken)).status, 401);
});

test("a refresh token is no access token", async () => {
  const { body } = await logIn(ann.email, ann.password);
  const me = await harness.http("account", "/api/users/me", { token: body.refreshToken });
  assert.is(me.status, 401);
});

test("guessing passwords gets slower", async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++)
    statuses.push((await logIn("guessed@example.com", `guess ${i}x`)).status);
  assert.ok(statuses.includes(429), String(statuses));
  const limited = await logIn("guessed@example.com", "guess again");
  assert.is(limited.body.code, "RATE_LIMITED");
  assert.ok(Number(limited.headers.get("retry-after")) >= 1);
});

test("bad input is refused by name and changes nothing", async () => {
  const bad: [unknown, string][] = [
    [{ ...ann, email: "not an address" }, "body.email"],
    [{ ...ann, password: "short" }, "body.password"],
    [{ ...ann, name: "" }, "body.name"],
    [{ ...ann, name: "a\u0000b" }, "body.name"],
    [{ ...ann, role: "ADMIN" }, "body"],
    [{ email: "x@example.com" }, "body.password"],
    [[], "body"],
    ["{", "body"],
  ];
  for (const [body, path] of bad) {
    const { status, body: answer } = await signUp(body);
    const problem = answer as unknown as { code: string; errors: { path: string }[] };
    assert.is(status, 400, JSON.stringify(body));
    assert.is(problem.code, "VALIDATION_FAILED");
    assert.ok(
      problem.errors.some((error) => error.path === path),
      JSON.stringify(problem.errors),
    );
  }
  assert.is((await logIn("a\u0000b", "x")).status, 400);
  assert.is((await refresh("nonsense")).status, 401);
});

test("an administrator gets test accounts, the same ones for the same prefix; others get none", async () => {
  const context = {
    config: harness.config,
    databaseUrl: harness.databaseUrl,
    clock: { now: Date.now },
  };
  const admin = await createUser(
    context,
    { email: "root@example.com", password: "long enough", name: "R" },
    "ADMIN",
  );
  const asAdmin = await harness.token(admin!.userId, "ADMIN");
  const make = (token: string) =>
    harness.http<{ accounts: { userId: number; accessToken: string }[] }>(
      "account",
      "/api/admin/test-accounts",
      { token, body: { count: 300, prefix: "crowd" } },
    );
  const made = await make(asAdmin);
  assert.is(made.status, 200);
  assert.is(new Set(made.body.accounts.map((one) => one.userId)).size, 300);
  const again = await make(asAdmin);
  assert.equal(
    again.body.accounts.map((one) => one.userId),
    made.body.accounts.map((one) => one.userId),
  );
  assert.is((await make(await harness.token(1))).status, 403);
  assert.is(
    await createUser(
      context,
      { email: "root@example.com", password: "long enough", name: "R" },
      "ADMIN",
    ),
    undefined,
  );
});

test("where test accounts are not allowed there is no such route", async () => {
  const plain = await startHarness({ services: (context) => [accountService(context)] });
  const answer = await plain.http("account", "/api/admin/test-accounts", {
    token: await plain.token(1, "ADMIN"),
    body: { count: 1, prefix: "x" },
  });
  await plain.stop();
  assert.is(answer.status, 404);
});

test("a restart keeps accounts and signing keys", async () => {
  const settings = { ALLOW_TEST_ACCOUNTS: "true" };
  const services = (context: Parameters<typeof accountService>[0]) => [accountService(context)];
  const before = await startHarness({ services, settings });
  await before.http("account", "/api/auth/signup", { body: ann });
  const keys = await before.http("account", "/.well-known/jwks.json");
  await before.stop({ keepDatabase: true });
  const after = await startHarness({ services, settings, database: before.database });
  assert.equal((await after.http("account", "/.well-known/jwks.json")).body, keys.body);
  const login = await after.http("account", "/api/auth/login", {
    body: { email: ann.email, password: ann.password },
  });
  assert.is(login.status, 200);
  await after.stop();
});

test.run();
