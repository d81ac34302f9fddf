/** Promises of the port functions that need no port. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeCommand, listeningInodes } from "./ports.ts";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 33001 1 0 100 0 0 10 0
   1: 0100007F:1538 0100007F:D4A2 01 00000000:00000000 00:00000000 00000000   101        0 33002 1 0 100 0 0 10 0
   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 33003 1 0 100 0 0 10 0
`;

test("only a listening socket on that very port counts", () => {
  assert.equal(listeningInodes(TABLE, 0x1538), ["33001"]);
  assert.equal(listeningInodes(TABLE, 8080), ["33003"]);
  assert.equal(listeningInodes(TABLE, 8081), []);
  assert.equal(listeningInodes("", 8080), []);
});

test("an IPv6 address is read from its end", () => {
  const row =
    "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 77";
  assert.equal(listeningInodes(`header\n${row}\n`, 80), ["77"]);
});

test("a process is told by its short name and arguments, in one line of bounded length", () => {
  const argv = ["/usr/bin/node", "cli/main.ts", "up"];
  assert.is(describeCommand("1234", argv), "pid 1234 (node cli/main.ts up)");
  assert.is(describeCommand("1234", []), "pid 1234");
  assert.ok(describeCommand("1", ["node", "x\n".repeat(500)]).length < 100);
});

test.run();
