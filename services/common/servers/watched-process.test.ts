/** Promises of the watched process that need no process. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServerUnavailable, systemCode } from "./server-unavailable.ts";
import { toExit } from "./watched-process.ts";

test("a shell's 128 + n is told as the signal n", () => {
  assert.equal(toExit(143, null), { code: null, signal: "SIGTERM" });
  assert.equal(toExit(137, null), { code: null, signal: "SIGKILL" });
});

test("an ordinary code stays a code", () => {
  assert.equal(toExit(0, null), { code: 0, signal: null });
  assert.equal(toExit(127, null), { code: 127, signal: null });
  assert.equal(toExit(255, null), { code: 255, signal: null });
});

test("a wrapper that was killed itself is told by its signal", () => {
  assert.equal(toExit(null, "SIGKILL"), { code: null, signal: "SIGKILL" });
});

test("the error is one line, whatever the server printed", () => {
  const error = new ServerUnavailable("it said:\n  first\r\nsecond\n", ["first", "second"]);
  assert.is(error.message, "it said: first second");
  assert.equal(error.output, ["first", "second"]);
  assert.is(error.name, "ServerUnavailable");
});

test("a system call's code is found, and nothing else is taken for one", () => {
  assert.is(systemCode(Object.assign(new Error("no"), { code: "EACCES" })), "EACCES");
  assert.is(systemCode(new Error("no")), undefined);
  assert.is(systemCode("EACCES"), undefined);
});

test.run();
