/** What operators do with a sale, from announcing an event to calling it off, on a whole stack. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Account,
  type OperatedStack,
  startOperatedStack,
  succeed,
} from "../testing/operated-stack.ts";
import { type Finished, type RunningStack, reservex } from "../testing/processes.ts";
import { call, follow, openSale, reserve, type Sale, waitInLine } from "../testing/shopper.ts";

const BUYERS = 3;

let operated: OperatedStack;
let stack: RunningStack;
/** An administrator's token. */
let admin: string;
let buyers: readonly Account[];

test.before(async () => {
  operated = await startOperatedStack({ PAYMENT_TIMEOUT_MS: "200" });
  ({ stack, admin } = operated);
  buyers = await operated.people(BUYERS, "buyer");
});

test.after(() => operated.stop());

type Args = readonly (string | number)[];

const access = (): readonly string[] => operated.access;

/** A command by an administrator, which must succeed. */
const operate = (...args: Args): Promise<Finished> => succeed([...args.map(String), ...access()]);

/** What it prints for people. */
const say = async (...args: Args) => (await operate(...args)).stdout;

/** What `--json` printed, which must be all there is on stdout. */
const ask = async (...args: Args) => JSON.parse((await operate(...args, "--json")).stdout);

/** Waits in line and buys one piece. */
async function buy(sale: Sale, buyer: number) {
  const { accessToken } = buyers[buyer]!;
  const pass = await waitInLine(stack.urls, accessToken, sale.eventId);
  const bought = await reserve(stack.urls, accessToken, sale, pass, `${sale.eventId}-${buyer}`);
  assert.is(bought.status, 201, JSON.stringify(bought.body));
  return { id: bought.body.id as number, sagaId: bought.body.sagaId as string };
}

const tellProvider = (body: object) =>
  call(`${stack.urls.payment}/api/admin/provider`, { method: "PATCH", token: admin, body });

test("an event is announced, changed and shown with what it sells", async () => {
  const times = ["--date", "now+30d", "--sale-start", "now-1m", "--sale-end", "now+2h"];
  const named = ["--name", "Midnight Signal", "--venue", "Hall"];
  const { id: eventId } = await ask("event", "create", ...named, ...times);
  const piece = ["--name", "Seat", "--price", "49.90", "--stock", 5];
  const { id: productId } = await ask("product", "create", "--event", eventId, ...piece);
  const [text, listed] = await Promise.all([say("event", "show", eventId), ask("event", "list")]);
  assert.match(text, /^event \d+: Midnight Signal\n {2}status {2}SELLING\n {2}venue {3}Hall\n/);
  assert.match(text, /49\.90 {10}5 {10}5 {2}4 {10}Seat\n$/);
  assert.ok(listed.events.some(({ id }: { id: number }) => id === eventId));
  const moved = await ask("event", "update", eventId, "--venue", "Arena");
  assert.equal([moved.venue, moved.name], ["Arena", "Midnight Signal"]);
  const more = await ask("product", "update", productId, "--stock", 8, "--price", "59.5");
  assert.equal([more.totalStock, more.availableStock, more.price], [8, 8, 59.5]);
  const [shown, ofEvent] = await Promise.all([
    say("product", "show", productId),
    ask("product", "list", "--event", eventId, "--available"),
  ]);
  assert.match(shown, /stock {9}8 of 8 left\n/);
  assert.is(ofEvent.products.length, 1);
});

test("a booking is found by its event, told as a story, and closed to a retry", async () => {
  const sale = await openSale(stack.urls, admin, 5);
  const one = await buy(sale, 0);
  assert.is(await follow(stack.urls, buyers[0]!.accessToken, one.id), "CONFIRMED");
  const ended = await operate("saga", "watch", one.sagaId, "--seconds", 20);
  assert.match(ended.stdout, /ended COMPLETED after .*: paid and confirmed\n$/);
  const [listed, text, story, document, again] = await Promise.all([
    ask("reservation", "list", "--event", sale.eventId, "--status", "CONFIRMED"),
    say("reservation", "show", one.id),
    say("saga", "show", "--reservation", one.id),
    ask("saga", "show", one.sagaId),
    reservex(["saga", "retry", one.sagaId, ...access()]),
  ]);
  assert.equal(
    listed.reservations.map(({ id, userId }: { id: number; userId: number }) => [id, userId]),
    [[one.id, buyers[0]!.userId]],
  );
  assert.match(text, `reservation ${one.id}: CONFIRMED\n`);
  assert.match(text, `reservex saga show ${one.sagaId}`);
  assert.match(story, /CHARGING .*ReservationCreated → ChargePayment\)\n/);
  assert.match(story, /CONFIRMING .*PaymentCompleted → ConfirmReservation\)\n/);
  assert.match(story, /payment pay_\S+ of 49\.90 is COMPLETED\n/);
  assert.match(story, /\nended COMPLETED after .* s: paid and confirmed\n$/);
  assert.equal([document.state, document.payments[0].status], ["COMPLETED", "COMPLETED"]);
  assert.is(again.code, 64);
  assert.match(again.stderr, /saga_\S+: the saga is completed: .* \(INVALID_STATE\)\n$/);
});

test("a payment that does not answer is seen to be waited for, asked for again, and given up", async () => {
  const sale = await openSale(stack.urls, admin, 5);
  await tellProvider({ silentPercent: 100 });
  const one = await buy(sale, 1);
  const [waiting, lists, watched, retried] = await Promise.all([
    say("saga", "show", one.sagaId),
    ask("saga", "list", "--state", "CHARGING"),
    operate("saga", "watch", "--seconds", 1),
    ask("saga", "retry", one.sagaId),
  ]);
  assert.match(waiting, /stands in CHARGING for .* because: waiting for the payment\n/);
  assert.match(waiting, /next: at \d\d:\d\d:\d\d \(in .* s\) it gives the seats back/);
  assert.ok(lists.sagas.some(({ sagaId }: { sagaId: string }) => sagaId === one.sagaId));
  const lines = watched.stdout.trimEnd().split("\n");
  assert.is(lines.length, 2, "no terminal: a line each");
  assert.match(lines[0]!, /^charging {5}1 .* oldest saga_\S+ CHARGING for /);
  assert.is(retried.timeline.at(-1).event, "retried");
  const following = operate("saga", "watch", one.sagaId, "--seconds", 60);
  const taken = await ask("reservation", "cancel", one.id);
  assert.is(taken.status, "CANCELLED");
  const told = (await following).stdout;
  assert.match(
    told,
    /ended COMPENSATED after .*: cancelled by the buyer; seats and money are back/,
  );
  const twice = await reservex(["reservation", "cancel", String(one.id), ...access()]);
  assert.is(twice.code, 64);
  assert.match(twice.stderr, /is cancelled already \(INVALID_STATE\)\n$/);
  const [older, overdue] = await Promise.all([
    ask("saga", "list", "--older-than", "1h"),
    say("saga", "list", "--overdue"),
  ]);
  assert.equal(older, { sagas: [] });
  assert.is(overdue, "0 sagas\n");
  await tellProvider({ silentPercent: 0 });
});

test("an event that is called off says how far it is, and everybody's money goes back", async () => {
  const sale = await openSale(stack.urls, admin, 5);
  const both = await Promise.all([0, 2].map((buyer) => buy(sale, buyer)));
  for (const [i, buyer] of [0, 2].entries()) {
    const { accessToken } = buyers[buyer]!;
    assert.is(await follow(stack.urls, accessToken, both[i]!.id), "CONFIRMED");
  }
  const watched = await operate("event", "cancel", sale.eventId, "--watch", "--seconds", 60);
  assert.match(watched.stdout, /is cancelled with 2 reservations; sagas refund what was paid\n$/);
  const again = await ask("event", "cancel", sale.eventId);
  const { total, cancelled, remaining, done } = again;
  assert.equal(
    { total, cancelled, remaining, done },
    { total: 2, cancelled: 2, remaining: 0, done: true },
  );
  for (const { sagaId } of both) {
    const last = await ask("saga", "watch", sagaId, "--seconds", 60);
    assert.equal([last.state, last.because], ["COMPENSATED", "the event was cancelled"]);
  }
  const refunded = await say("saga", "show", both[0]!.sagaId);
  assert.match(refunded, /payment pay_\S+ of 49\.90 is REFUNDED\n/);
  const changed = await reservex([
    "event",
    "update",
    String(sale.eventId),
    "--name",
    "X",
    ...access(),
  ]);
  assert.match(changed.stderr, /the event was cancelled \(INVALID_STATE\)\n$/);
});

test("Ctrl-C ends a watch in peace", async () => {
  const stopped = await reservex(["saga", "watch", ...access()], {}, (child) => {
    child.stdout?.once("data", () => child.kill("SIGINT"));
  });
  assert.is(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, /^charging /);
});

test("wrong usage is one line that names what to change, with exit code 64", async () => {
  const known: [Args, RegExp][] = [
    [["saga", "show"], /name one saga: by its id, or by --reservation/],
    [["saga", "show", "saga_none"], /saga saga_none: there is no such saga \(NOT_FOUND\)/],
    [["saga", "show", "--reservation", 999], /reservation 999: no saga knows it/],
    [["event", "update", 1], /name what to change/],
    [["event", "cancel", 999], /event 999: no such event/],
    [["reservation", "show", 999], /reservation 999: no such reservation/],
    [["product", "update", 1, "--stock", 0, "--sale-end", "1999-01-01T00:00:00Z"], /saleEndAt/],
  ];
  const unparsed: [Args, RegExp][] = [
    [["saga", "fly"], /unknown command 'fly'/],
    [["saga", "show", "a/b"], /must be the id of a saga/],
    [["saga", "list", "--older-than", "soon"], /--older-than.*must be like 90s/],
    [["event", "update", 1, "--sale-end", "tomorrow"], /--sale-end.*must be an instant/],
  ];
  const check = async ([args, words]: [Args, RegExp], lines: boolean) => {
    const { code, stdout, stderr } = await reservex([...args.map(String), ...access()]);
    assert.is(code, 64, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, words);
    assert.is(stdout, "");
    if (lines) assert.is(stderr.trim().split("\n").length, 1, stderr);
  };
  const all = [...known, ...unparsed];
  for (let first = 0; first < all.length; first += 6) {
    const some = all.slice(first, first + 6);
    await Promise.all(some.map((one, i) => check(one, first + i < known.length)));
  }
});

test("a stack that is not there is exit code 69, with --json as well", async () => {
  // The later --data counts.
  const gone = await reservex(["event", "list", "--json", ...access(), "--data", "/nowhere"]);
  assert.is(gone.code, 69, gone.stderr);
  assert.is(JSON.parse(gone.stdout).exitCode, 69);
});

test.run();
