/** Queue tickets: whose they are, what happens to wrong ones, and how keys are changed. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QueueTickets } from "./queue-ticket.ts";

const [oldKey, newKey, newestKey] = ["1", "2", "3"].map((digit) => digit.repeat(32)) as [
  string,
  string,
  string,
];
const tickets = new QueueTickets([oldKey]);
const alice = { eventId: 1, clientId: "alice" };
const place = { sequence: 17, joinedAtMs: 1_700_000_000_000, epoch: "5f3c" };
const genuine = { result: "genuine", place };
const ticket = tickets.issue(alice, place);

/** A ticket's statement, as the client could read it. */
const statementOf = (text: string): unknown =>
  JSON.parse(Buffer.from(text.split(".")[1]!, "base64url").toString());

test("a ticket says what was signed, to its owner", () => {
  assert.equal(tickets.read(ticket, alice), genuine);
  assert.equal(statementOf(ticket), [1, "alice", 17, 1_700_000_000_000, "5f3c"]);
});

test("a ticket carries the epoch of its place", () => {
  const later = { ...place, epoch: 'an epoch, quoted " and accented é' };
  assert.equal(tickets.read(tickets.issue(alice, later), alice), {
    result: "genuine",
    place: later,
  });
});

test("the same place always has the same ticket", () => {
  assert.is(new QueueTickets([oldKey]).issue(alice, { ...place }), ticket);
});

test("a ticket of another client or event is wrong", () => {
  assert.is(tickets.read(ticket, { ...alice, clientId: "bob" }).result, "wrong");
  assert.is(tickets.read(ticket, { ...alice, eventId: 2 }).result, "wrong");
});

test("no character of a ticket can be changed, not even to one that decodes alike", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  for (let at = 0; at < ticket.length; at++) {
    for (const other of alphabet) {
      if (other === ticket[at]) continue;
      const changed = ticket.slice(0, at) + other + ticket.slice(at + 1);
      assert.is.not(tickets.read(changed, alice).result, "genuine", changed);
    }
  }
});

test("a truncated ticket is wrong", () => {
  for (let length = 0; length < ticket.length; length++) {
    assert.is(tickets.read(ticket.slice(0, length), alice).result, "wrong", `${length}`);
    assert.is(tickets.read(ticket.slice(-length - 1, -1), alice).result, "wrong", `-${length}`);
  }
});

test("a forged statement is wrong under every signature that is at hand", () => {
  const [name, , mac] = ticket.split(".") as [string, string, string];
  const better = Buffer.from(JSON.stringify([1, "alice", 1, 1, "5f3c"])).toString("base64url");
  const bobs = tickets.issue({ ...alice, clientId: "bob" }, place).split(".")[2]!;
  for (const signature of [mac, bobs, "A".repeat(43)]) {
    assert.is(tickets.read(`${name}.${better}.${signature}`, alice).result, "wrong");
  }
});

test("what is not a ticket is wrong", () => {
  for (const odd of [
    "",
    "x",
    "a.b",
    "..",
    "a.b.c.d",
    `${ticket}.x`,
    `${ticket} `,
    `${ticket}\n`,
    "é".repeat(40),
    `${"A".repeat(11)}.${"A".repeat(100_000)}.${"A".repeat(43)}`,
  ]) {
    assert.is(tickets.read(odd, alice).result, "wrong", odd.slice(0, 200));
  }
});

test("after a change of keys the new one signs and the old one still verifies", () => {
  const rotated = new QueueTickets([newKey, oldKey]);
  assert.equal(rotated.read(ticket, alice), genuine);
  const fresh = rotated.issue(alice, place);
  assert.equal(new QueueTickets([newKey]).read(fresh, alice), genuine);
  assert.is(tickets.read(fresh, alice).result, "unknown", "by a process that is not restarted yet");
});

test("a ticket of a key that was dropped is unknown, not wrong", () => {
  const later = new QueueTickets([newestKey, newKey]);
  assert.equal(later.read(ticket, alice), { result: "unknown" });
});

test("under the name of one key the signature of another is wrong", () => {
  const both = new QueueTickets([newKey, oldKey]);
  const [name] = both.issue(alice, place).split(".");
  const [, statement, mac] = ticket.split(".");
  assert.is(both.read(`${name}.${statement}.${mac}`, alice).result, "wrong");
});

test("a ticket tells nothing of its key", () => {
  for (const form of ["utf8", "base64url", "hex"] as const) {
    assert.not.match(ticket, Buffer.from(oldKey).toString(form).slice(0, 8));
  }
});

test("there is no signing without a key", () => {
  assert.throws(() => new QueueTickets([]), /need a key/);
});

test("the longest client id, in an old and busy room, fits in the header", () => {
  for (const character of ["~", '"', "\\"]) {
    const longest = { eventId: 2_147_483_647, clientId: character.repeat(64) };
    const last = {
      sequence: Number.MAX_SAFE_INTEGER,
      // A time in 1/4096 ms, as far as its digits go.
      joinedAtMs: (2 ** 53 - 1) / 4_096,
      epoch: '"'.repeat(64),
    };
    const long = tickets.issue(longest, last);
    assert.match(long, /^[\x21-\x7e]{1,1024}$/);
    assert.equal(tickets.read(long, longest), { result: "genuine", place: last });
    assert.ok(long.length <= 556, `${long.length}`);
  }
});

test.run();
