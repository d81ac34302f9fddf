import { type NatsConnection, NatsError } from "nats";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Heard } from "./far-messages.ts";
import { ParcelReceiver, pieceBytes, sendParcel } from "./parcel.ts";

interface Received {
  readonly bytes: Buffer[];
  whole: boolean;
}

function receiver(mostBytes = 1_000_000): { received: Received; taker: ParcelReceiver } {
  const received: Received = { bytes: [], whole: false };
  const sink = {
    write: async (bytes: Uint8Array) => void received.bytes.push(Buffer.from(bytes)),
    whole: async () => {
      received.whole = true;
    },
  };
  return { received, taker: new ParcelReceiver(sink, mostBytes) };
}

/** A wire to the receiver that may spoil what goes over it; `at` counts messages from 0. */
type Spoil = (at: number, data: Uint8Array) => "lose" | "lose the answer" | Uint8Array;

function wire(taker: ParcelReceiver, maxPayload: number, spoil: Spoil = (_, data) => data) {
  const sizes: number[] = [];
  const request = async (_subject: string, data: Uint8Array) => {
    const spoiled = spoil(sizes.length, data);
    sizes.push(data.length);
    if (spoiled === "lose") throw new NatsError("timeout", "TIMEOUT");
    const heard = await taker.take(spoiled === "lose the answer" ? data : spoiled);
    if (spoiled === "lose the answer") throw new NatsError("timeout", "TIMEOUT");
    return { data: Buffer.from(JSON.stringify(heard)) };
  };
  const nats = { info: { max_payload: maxPayload }, request } as unknown as NatsConnection;
  return { nats, sizes };
}

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

const LONG = "0123456789".repeat(400);

test("a parcel comes as it was sent, in pieces that the server lets through", async () => {
  const { received, taker } = receiver();
  const { nats, sizes } = wire(taker, 2_048);
  await sendParcel(nats, "to", chunks(LONG, "end"), 1_000);
  assert.is(Buffer.concat(received.bytes).toString(), `${LONG}end`);
  assert.is(received.whole, true);
  assert.ok(sizes.every((bytes) => bytes <= 2_048));
  assert.is(pieceBytes(nats), 1_019);
});

test("an empty parcel is whole too", async () => {
  const { received, taker } = receiver();
  await sendParcel(wire(taker, 2_048).nats, "to", chunks(), 1_000);
  assert.is(received.whole, true);
});

test("a lost piece is sent again, and one whose answer was lost is taken once", async () => {
  const { received, taker } = receiver();
  const spoil: Spoil = (at, data) => (at === 1 ? "lose" : at === 3 ? "lose the answer" : data);
  await sendParcel(wire(taker, 2_048, spoil).nats, "to", chunks(LONG), 2_000);
  assert.is(Buffer.concat(received.bytes).toString(), LONG);
});

test("nobody there is an error in the end, not a wait for ever", async () => {
  const { received, taker } = receiver();
  const { nats } = wire(taker, 2_048, () => "lose");
  const error = await sendParcel(nats, "to", chunks(LONG), 600).catch((one: Error) => one);
  assert.match((error as Error).message, /did not answer for 0\.6 s/);
  assert.is(received.whole, false);
});

test("what comes otherwise than it was sent is refused, and so is too much", async () => {
  const spoiled = receiver();
  const flip: Spoil = (at, data) => {
    if (at === 0) data[9] = (data[9] ?? 0) ^ 1;
    return data;
  };
  const sent = sendParcel(wire(spoiled.taker, 2_048, flip).nats, "to", chunks(LONG), 500);
  assert.match(((await sent.catch((one: Error) => one)) as Error).message, /not as they were/);
  assert.is(spoiled.received.whole, false);

  const small = receiver(1_500);
  const error = await sendParcel(wire(small.taker, 2_048).nats, "to", chunks(LONG), 500).catch(
    (one: Error) => one,
  );
  assert.match((error as Error).message, /more than 1500 bytes/);
  assert.is(small.received.whole, false);
});

test("a piece out of its turn says which one is missing", async () => {
  const { taker } = receiver();
  const late = Buffer.from([0, 0, 0, 0, 3, 65]);
  assert.equal(await taker.take(late), {
    ok: false,
    because: "piece 0 is missing",
  } satisfies Heard);
});

test.run();
