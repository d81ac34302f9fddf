/** What a client sends says whose it is, whatever is sent and however the token travels. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bearerLine } from "../http/http-request.ts";
import { contextOf, whoOf } from "../testing/plans.ts";
import type { Who } from "./casting.ts";
import {
  cancelRequest,
  followRequest,
  joinRequest,
  leaveRequest,
  pollRequest,
  reserveRequest,
} from "./script.ts";

const { script } = contextOf("honest");
const everything = (who: Who) => [
  joinRequest(script, who),
  pollRequest(script, who, "ticket"),
  leaveRequest(script, who),
  reserveRequest(script, who, 0, "key", "pass"),
  followRequest(who, 7),
  cancelRequest(who, 7),
];

test("a token made into a line goes with every request, and once", () => {
  const credentials = bearerLine("token-of-7");
  for (const { op, always, headers } of everything(whoOf("honest", { credentials }))) {
    assert.is(always, credentials, op);
    assert.not(headers.includes("authorization"), op);
  }
});

test("a token that is no line goes among the headers of every request", () => {
  const who = whoOf("honest", { credentials: undefined, accessToken: "token-of-7" });
  for (const { op, always, headers } of everything(who)) {
    assert.is(always, undefined, op);
    assert.is(headers[headers.indexOf("authorization") + 1], "Bearer token-of-7", op);
  }
});

test.run();
