import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { idParams } from "../contracts/shared.ts";
import { type Harness, startHarness } from "../testing/service-harness.ts";
import { type Edge, openEdge } from "./edge.ts";

let harness: Harness;
let edge: Edge;
let changes = 0;

const body = z.strictObject({ quantity: z.int().min(1).max(10) });

test.before(async () => {
  harness = await startHarness({
    services: (context) => [
      {
        name: "sample",
        async started() {
          edge = await openEdge({
            service: "sample",
            description: "An edge with two routes.",
            host: "127.0.0.1",
            port: 0,
            log: context.log,
            verifier: context.verifier,
            readiness: async () => ({ store: changes < 100 }),
            routes: (app) => {
              app.post(
                "/things/:id",
                { schema: { summary: "Change", params: idParams, body } },
                () => {
                  changes += 1;
                  return { changed: true };
                },
              );
              app.post("/bells/:id", { schema: { summary: "Ring", params: idParams } }, () => {
                return { rung: true };
              });
              app.get(
                "/secrets",
                { config: { access: "admin" }, schema: { summary: "Admin" } },
                () => ({}),
              );
              app.get(
                "/broken",
                { config: { access: "public" }, schema: { summary: "Broken" } },
                () => {
                  throw new Error("the password is hunter2");
                },
              );
            },
          });
          context.onListening("sample", edge.url);
        },
        stopped: () => edge.close(),
      },
    ],
  });
});
test.after(() => harness.stop());

interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
}

test("no malformed input gets a 5xx, and none changes anything", async () => {
  const token = await harness.token(1);
  const before = changes;
  const json = { "content-type": "application/json" };
  const cases: [string, string, Parameters<Harness["http"]>[2], number][] = [
    ["string for a number", "/things/1", { body: { quantity: "1" } }, 400],
    ["fraction", "/things/1", { body: { quantity: 1.5 } }, 400],
    ["zero", "/things/1", { body: { quantity: 0 } }, 400],
    ["negative", "/things/1", { body: { quantity: -1 } }, 400],
    ["huge", "/things/1", { body: '{"quantity":1e999}' }, 400],
    ["missing", "/things/1", { body: {} }, 400],
    ["unknown field", "/things/1", { body: { quantity: 1, price: 0 } }, 400],
    ["array", "/things/1", { body: [] }, 400],
    ["null", "/things/1", { body: "null" }, 400],
    ["broken JSON", "/things/1", { body: '{"quantity":' }, 400],
    ["no body", "/things/1", { method: "POST", headers: json, body: "" }, 400],
    ["prototype pollution", "/things/1", { body: '{"__proto__":{"x":1},"quantity":1}' }, 400],
    [
      "plain text",
      "/things/1",
      { body: "quantity=1", headers: { "content-type": "text/plain" } },
      415,
    ],
    [
      "a form",
      "/things/1",
      { body: "quantity=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
    ],
    ["too large", "/things/1", { body: { quantity: 1, pad: "x".repeat(70_000) } }, 413],
    ["id is a word", "/things/one", { body: { quantity: 1 } }, 400],
    ["id is hexadecimal", "/things/0x1", { body: { quantity: 1 } }, 400],
    ["id too large", "/things/99999999999", { body: { quantity: 1 } }, 400],
    ["id is NUL", "/things/%00", { body: { quantity: 1 } }, 400],
    ["undecodable URL", "/things/%zz", { body: { quantity: 1 } }, 400],
    ["no such route", "/nothing", { method: "GET" }, 404],
    ["no such method", "/things/1", { method: "DELETE" }, 404],
  ];
  for (const [name, path, call, status] of cases) {
    const answer = await harness.http<Refusal>("sample", path, { token, ...call });
    assert.is(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
    assert.match(answer.headers.get("content-type") ?? "", "application/problem+json", name);
    assert.is(answer.body.status, status, name);
    assert.type(answer.body.code, "string", name);
  }
  assert.is(changes, before);
});

test("an empty body is none where none is taken, whatever the client calls it", async () => {
  const token = await harness.token(1);
  const json = { "content-type": "application/json" };
  const ring = (body: string | undefined, headers: Record<string, string>) =>
    harness.http<Refusal>("sample", "/bells/1", {
      ...{ token, method: "POST", headers },
      ...(body !== undefined && { body }),
    });
  assert.is((await ring("", json)).status, 200);
  assert.is((await ring("", { "content-type": "application/json; charset=utf-8" })).status, 200);
  assert.is((await ring(undefined, {})).status, 200);
  assert.is((await ring("{}", json)).status, 200);
  const broken = await ring('{"a":', json);
  assert.is(broken.status, 400, "what is there has to be JSON");
  assert.is(broken.body.code, "VALIDATION_FAILED");
});

test("a stranger is told to sign in before anything is said about the request", async () => {
  const answer = await harness.http<Refusal>("sample", "/things/one", { body: { quantity: "x" } });
  assert.is(answer.status, 401);
  assert.is(answer.body.code, "UNAUTHENTICATED");
  assert.ok(answer.headers.get("www-authenticate"));
});

test("an administrator's route is closed to everybody else", async () => {
  const ask = async (token?: string) =>
    (await harness.http("sample", "/secrets", token ? { token } : {})).status;
  assert.is(await ask(), 401);
  assert.is(await ask(await harness.token(1)), 403);
  assert.is(await ask(await harness.token(1, "ADMIN")), 200);
});

test("a defect is told as such, without its inside", async () => {
  const answer = await harness.http<Refusal>("sample", "/broken");
  assert.is(answer.status, 500);
  assert.is(answer.body.code, "INTERNAL");
  assert.not.match(JSON.stringify(answer.body), "hunter2");
});

test("bytes that are not HTTP get a 400 and the door", async () => {
  const { port } = new URL(edge.url);
  const text = await new Promise<string>((resolve) => {
    let got = "";
    const socket = connect(Number(port), "127.0.0.1", () => socket.write("hello there\r\n\r\n"));
    socket.on("data", (chunk) => {
      got += chunk;
    });
    socket.on("close", () => resolve(got));
  });
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.match(text, "VALIDATION_FAILED");
});

test("an edge tells whether it is up and ready, what it measures, and how to use it", async () => {
  assert.is((await harness.http("sample", "/health")).status, 200);
  assert.is((await harness.http("sample", "/ready")).status, 200);
  changes += 100;
  assert.is((await harness.http("sample", "/ready")).status, 503);
  changes -= 100;
  const metrics = await harness.http<string>("sample", "/metrics");
  assert.match(metrics.body, 'route="/things/:id"');
  const openapi = await harness.http<{ paths: Record<string, unknown> }>("sample", "/openapi.json");
  assert.ok(openapi.body.paths["/things/{id}"]);
  const docs = await harness.http<string>("sample", "/docs");
  assert.is(docs.status, 200);
  assert.match(docs.body, "swagger-ui");
  const described = await harness.http<{ paths: Record<string, unknown> }>("sample", "/docs/json");
  assert.equal(Object.keys(described.body.paths), [
    "/things/{id}",
    "/bells/{id}",
    "/secrets",
    "/broken",
  ]);
});

test.run();
