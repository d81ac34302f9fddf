/** Requests as they go on the wire, and what is not let onto it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  bearerLine,
  fieldLines,
  noTextYet,
  requestText,
  type WireRequest,
} from "./http-request.ts";

const GET: WireRequest = { method: "GET", path: "/a?b=c", headers: [] };
const text = (changes: Partial<WireRequest>) =>
  requestText("shop:8080", "/base", { ...GET, ...changes });

test("a request is its line, its host, its fields and nothing more", () => {
  const always = bearerLine("token");
  const lines = [
    "GET /base/a?b=c HTTP/1.1",
    "connection: keep-alive",
    "host: shop:8080",
    "authorization: Bearer token",
    "X-Odd: a\tb",
    "",
    "",
  ];
  assert.is(text({ always, headers: ["X-Odd", "a\tb"] }), lines.join("\r\n"));
});

test("a body is told by its length in bytes, and a body that is missing by 0", () => {
  const body = '{"name":"Ü€😀"}';
  const sent = Buffer.from(text({ method: "POST", body })!, "latin1").toString("utf8");
  assert.ok(sent.endsWith(`content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`), sent);
  assert.match(text({ method: "POST" })!, /\r\ncontent-length: 0\r\n\r\n$/);
  assert.not.match(text({ method: "DELETE" })!, /content-length/);
});

test("what frames a request is not for its headers to say; a host of their own is", () => {
  const headers = ["Content-Length", "99", "connection", "close", "Host", "other"];
  const sent = text({ headers })!;
  assert.is(sent.match(/host/gi)?.length, 1);
  assert.match(sent, /\r\nHost: other\r\n/);
  assert.not.match(sent, /99|close/);
});

test("nothing can be smuggled in: a line's end, a blank, a name that is none", () => {
  for (const value of ["a\nb", "a\r\nx: y", "\0", "ü€", "\x7f"]) {
    assert.is(fieldLines(["x", value]), undefined);
    assert.is(bearerLine(value), undefined);
    assert.is(text({ headers: ["x", value] }), undefined);
  }
  for (const name of ["", "a b", "a:", "x\r\n", "transfer-encoding", "Upgrade", "expect"]) {
    assert.is(text({ headers: [name, "1"] }), undefined, name);
  }
  for (const path of ["/a b", "/a\r\nx: y", "/€"]) assert.is(text({ path }), undefined, path);
});

test("a text is kept for the server it was made for, and for no other", () => {
  const keptText = noTextYet();
  const poll: WireRequest = { ...GET, headers: ["x", "1"], keptText };
  const first = requestText("a", "", poll);
  assert.is(first, requestText("a", "", { ...GET, headers: ["x", "1"] }));
  assert.is(keptText.text, first);
  assert.is(requestText("a", "", poll), first);
  assert.match(requestText("b", "", poll)!, /\r\nhost: b\r\n/);
  assert.match(requestText("b", "/base", poll)!, /^GET \/base\/a/);
  assert.is(requestText("a", "", poll), first);
});

test("what cannot be sent cannot be sent the second time either", () => {
  const keptText = noTextYet();
  for (const _time of [1, 2]) assert.is(text({ headers: ["x", "a\nb"], keptText }), undefined);
});

test.run();
