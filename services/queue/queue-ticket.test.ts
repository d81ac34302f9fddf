/** Queue tickets: whose they are, and what happens to wrong ones. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QueueTickets } from "./queue-ticket.ts";

const tickets = new QueueTickets(new Uint8Array(32).fill(1));
const alice = { eventId: 1, clientId: "alice" };
const place = { sequence: 17, joinedAtMs: 1_700_000_000_000 };
const ticket = tickets.issue(alice, place);

test("a ticket says what was signed, to its owner", () => {
  assert.equal(tickets.read(ticket, alice), { result: "genuine", place });
  assert.match(ticket, /^[\x21-\x7e]{1,1024}$/);
});

test("a ticket of another client or event is wrong", () => {
  assert.is(tickets.read(ticket, { ...alice, clientId: "bob" }).result, "wrong");
  assert.is(tickets.read(ticket, { ...alice, eventId: 2 }).result, "wrong");
});

test("no character of a ticket can be changed", () => {
  for (let at = 0; at < ticket.length; at++) {
    const other = ticket[at] === "A" ? "B" : "A";
    const changed = ticket.slice(0, at) + other + ticket.slice(at + 1);
    // The last character of a base64url part carries unused bits.
    const same = changed.split(".").every((part, index) => {
      const bytes = Buffer.from(part, "base64url");
      return bytes.equals(Buffer.from(ticket.split(".")[index]!, "base64url")) && index === 2;
    });
    if (!same) assert.is.not(tickets.read(changed, alice).result, "genuine", changed);
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
    "é".repeat(40),
  ]) {
    assert.is(tickets.read(odd, alice).result, "wrong", odd);
  }
});

test("a ticket signed with a key of another start is unknown, not wrong", () => {
  const before = new QueueTickets(new Uint8Array(32).fill(2));
  assert.is(tickets.read(before.issue(alice, place), alice).result, "unknown");
});

test("a client id may be as long as the contract allows", () => {
  const longest = { eventId: 2_147_483_647, clientId: "~".repeat(64) };
  const read = tickets.read(tickets.issue(longest, place), longest);
  assert.equal(read, { result: "genuine", place });
});

test.run();
