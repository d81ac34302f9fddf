import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  followRequest,
  joinRequest,
  leaveRequest,
  pollRequest,
  reserveRequest,
} from "../client/script.ts";
import type { Reply } from "../http/http-reply.ts";
import { contextOf, whoOf } from "../testing/plans.ts";
import { type Dialect, hear, hiddenBy, say } from "./dialect.ts";

const FOLDER = join(import.meta.dirname, "../../../loadtests/targets");
const read = (name: string): Dialect => {
  return { statuses: {}, ...JSON.parse(readFileSync(join(FOLDER, name), "utf8")) };
};
const first = read("first-design.json");
const { script } = contextOf("honest");
const who = whoOf("honest");
const account = { userId: 1_003, accessToken: "user-1003" };
const reply = (status: number, body?: unknown): Reply => {
  return {
    outcome: status < 300 ? "ok" : "fail",
    status,
    body,
    code: `HTTP_${status}`,
    endedMs: 1,
  };
};

test("a join and a purchase are put into the other's words, pass and numbers included", () => {
  const join = say(first, joinRequest(script, who, "ticket"), account)!;
  assert.is(join.path, "/queue/1/enqueue?clientId=1003");
  assert.equal(join.headers, ["authorization", "Bearer user-1003"]);
  const reserve = say(first, reserveRequest(script, who, 0, "key", "pass_1"), account)!;
  assert.is(reserve.service, "ticket");
  assert.equal(JSON.parse(reserve.body!), { productId: 11, quantity: 1 });
  assert.ok(reserve.headers.includes("pass_1"));
  const none = say(first, reserveRequest(script, who, 0, "key", undefined, "no-pass"), account)!;
  assert.not.ok(none.headers.includes("x-pass-token"), "a header with nothing in it is left out");
});

test("what the other has no words for is not sent", () => {
  assert.is(say(first, leaveRequest(script, who), account), undefined);
  assert.ok(say(read("reservex.json"), leaveRequest(script, who), account));
});

test("a yes that says 'not in line' is heard as one", () => {
  const poll = pollRequest(script, who);
  const gone = hear(first, poll, reply(200, { position: -1, passReady: false, passToken: null }));
  assert.is(gone.outcome, "fail");
  assert.is(gone.code, "NOT_IN_QUEUE");
  const admitted = hear(first, poll, reply(200, { position: -1, passReady: true, passToken: "p" }));
  assert.is(admitted.outcome, "ok", "who has a pass has left the line");
});

test("an empty 403 and a bare message mean what the file says they mean", () => {
  const reserve = reserveRequest(script, who, 0, "key", "pass_1");
  assert.is(hear(first, reserve, reply(403)).code, "PASS_TOKEN_INVALID");
  const bare = { error: "Bad Request", message: "Insufficient STOCK", timestamp: "now" };
  assert.is(hear(first, reserve, reply(400, bare)).code, "OUT_OF_STOCK");
  assert.is(hear(first, reserve, reply(418, { message: "tea" })).code, "HTTP_418");
});

test("a booking is found in a list of them", () => {
  const rows = [
    { id: 1, status: "PENDING" },
    { id: 2, status: "CONFIRMED", sagaId: "s" },
  ];
  const heard = hear(first, followRequest(who, 2), reply(200, rows));
  assert.equal(heard.body, { id: 2, status: "CONFIRMED", sagaId: "s" });
});

test("judges are told what the other does not show", () => {
  assert.equal(hiddenBy(first), ["payments", "sagas", "passTimes", "keys"]);
  assert.equal(hiddenBy(read("reservex.json")), ["payments", "sagas"]);
});

test.run();
