/**
 * Seeded randomness: every client has streams of its own, so that one client's draws never depend
 * on how fast another was answered, and one seed replays one crowd.
 */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

export type Stream = RandomGenerator;

/** What a stream is for; two purposes never share draws. */
export const LANES = { cast: 1, arrivals: 2, traits: 3, keys: 4 } as const;
export type Lane = keyof typeof LANES;

/**
 * The stream of a seed, a purpose and up to two numbers (a client, a purchase). Cheap enough to be
 * made for one draw.
 */
export function streamOf(seed: number, lane: Lane, first = 0, second = 0): Stream {
  let hash = mix(0x9e3779b9 ^ (seed | 0));
  hash = mix(hash ^ Math.floor(seed / 0x1_0000_0000));
  hash = mix(hash ^ LANES[lane]);
  hash = mix(hash ^ first);
  hash = mix(hash ^ second);
  // Four words from a counter through the mixer: an all-zero state would stay zero for ever.
  const words = [0, 0, 0, 0];
  for (let i = 0; i < 4; i += 1) {
    hash = (hash + 0x9e3779b9) | 0;
    words[i] = mix(hash ^ Math.imul(first + 1, 0x85ebca6b) ^ Math.imul(second + 1, 0xc2b2ae35));
  }
  if ((words[0]! | words[1]! | words[2]! | words[3]!) === 0) words[0] = 1;
  return xoroshiro128plusFromState(words);
}

/** From 0 (included) to 1 (excluded). */
export function unit(stream: Stream): number {
  return uniformFloat64(stream);
}

/** A whole number from `from` to `to`, both included. */
export function whole(stream: Stream, from: number, to: number): number {
  return uniformInt(stream, from, to);
}

/** 0 … n − 1 in an order drawn from the stream. */
export function shuffled(stream: Stream, n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = whole(stream, 0, i);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** The `number`-th UUID (version 4 in form) of a client: the same whenever it is asked for. */
export function uuidOf(seed: number, client: number, number: number): string {
  const stream = streamOf(seed, "keys", client, number);
  let hex = "";
  for (let i = 0; i < 4; i += 1) hex += (stream.next() >>> 0).toString(16).padStart(8, "0");
  const variant = "89ab"[Number.parseInt(hex[16]!, 16) & 3];
  return (
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}` +
    `-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  );
}

/** The finaliser of MurmurHash3: every input bit changes about half of the output bits. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
