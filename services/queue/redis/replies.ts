/** What the scripts answer, as the store's port says it. */
import type { Settings, Stats } from "../../common/contracts/queue.ts";
import type { StreamEntry } from "../../common/redis.ts";
import type { Admitted, Joined, JournalEntry, Polled } from "../waiting-room-store.ts";
import type { RememberedPass, VersionedSettings } from "./room-memory.ts";

/** Numbers and texts, nested; each script's header says which. */
export type Reply = readonly [word: string, epoch: string, ...rest: unknown[]];

export type JoinReply =
  | readonly ["waiting", number, number, number, number, number]
  | readonly ["admitted", string, number, number, number, number, number]
  | readonly ["closed", "notBegun" | "ended" | "cancelled" | "draining" | "noPlace"]
  | readonly ["full"];

export function joinedFrom(answer: JoinReply, epoch: string): Joined {
  switch (answer[0]) {
    case "waiting": {
      const [, position, estimatedWaitSeconds, pollAfterSeconds, sequence, joinedAtMs] = answer;
      const advice = { estimatedWaitSeconds, pollAfterSeconds };
      return { result: "waiting", position, ...advice, sequence, joinedAtMs, epoch };
    }
    case "admitted": {
      const [, passToken, admittedAtMs, expiresAtMs, pollAfterSeconds, sequence, joinedAtMs] =
        answer;
      const pass = { passToken, admittedAtMs, expiresAtMs };
      const advice = { estimatedWaitSeconds: 0, pollAfterSeconds };
      return { result: "admitted", ...pass, ...advice, sequence, joinedAtMs, epoch };
    }
    case "closed":
      return { result: "closed", because: answer[1] };
    case "full":
      return { result: "full" };
  }
}

/** A reply whose texts came as bytes: its first two, word and epoch, as texts. */
export function withTextHead(reply: unknown): Reply {
  const [word, epoch = "", ...rest] = reply as readonly [Buffer, Buffer?, ...unknown[]];
  return [word.toString(), epoch.toString(), ...rest];
}

type PassReply = readonly [token: Buffer, admitted: number, expires: number, pollAfter: number];

const ANSWER_BYTES = 16;

/** `seen` is told each client's page of the line, 0 where it is on none. */
export function polledFrom(reply: Reply, seen: (at: number, page: number) => void): Polled[] {
  const [, , answers, passes] = reply as unknown as [string, string, Buffer, readonly PassReply[]];
  const polled: Polled[] = [];
  for (let from = 0; from < answers.length; from += ANSWER_BYTES) {
    seen(polled.length, answers.readInt32BE(from + 12));
    const [position, second] = [answers.readInt32BE(from), answers.readInt32BE(from + 4)];
    if (position >= 0) {
      const pollAfterSeconds = answers.readInt32BE(from + 8);
      polled.push({ result: "waiting", position, estimatedWaitSeconds: second, pollAfterSeconds });
    } else if (position === NOT_IN_LINE) polled.push({ result: "notInLine" });
    else polled.push(passFrom(passes[second]!));
  }
  return polled;
}

const NOT_IN_LINE = -1;

function passFrom([token, admittedAtMs, expiresAtMs, pollAfterSeconds]: PassReply): Polled {
  const pass = { passToken: token.toString(), admittedAtMs, expiresAtMs };
  return { result: "admitted", ...pass, estimatedWaitSeconds: 0, pollAfterSeconds };
}

/** What admit.lua says. */
export interface Looked {
  readonly nowMs: number;
  readonly waiting: number;
  readonly lookAgainMs: number | undefined;
  readonly number: number;
  readonly last: number;
  readonly settings: VersionedSettings;
  readonly admitted: readonly Admitted[];
  readonly elsewhere: readonly string[];
  /** Those of this call, by client. */
  readonly passes: readonly (readonly [string, RememberedPass])[];
  /** All of them: number and instant. */
  readonly admissions: readonly (readonly [number, number])[];
}

type LookReply = readonly [
  ...[word: string, epoch: string, now: number, waiting: number, again: number, number: number],
  last: number,
  ...[permits: number, ttl: number, paused: 0 | 1, pacing: Settings["pacing"], draining: 0 | 1],
  ...[version: number, issued: readonly (number | string)[], others: readonly (number | string)[]],
];

export function lookedFrom(reply: Reply): Looked {
  const [, , nowMs, waiting, again, number, ...rest] = reply as unknown as LookReply;
  const [last, permits, ttl, paused, pacing, draining, version, issued, others] = rest;
  const admitted: Admitted[] = [];
  const elsewhere: string[] = [];
  const admissions: [number, number][] = [];
  for (let at = 0; at < others.length; at += 3) {
    elsewhere.push(String(others[at + 1]));
    admissions.push([Number(others[at]), Number(others[at + 2])]);
  }
  const passes: [string, RememberedPass][] = [];
  for (let at = 0; at < issued.length; at += 7) {
    const [clientId, passToken] = [String(issued[at + 1]), String(issued[at + 2])];
    const [admittedAtMs, expiresAtMs] = [Number(issued[at + 3]), Number(issued[at + 4])];
    const waitedMs = Number(issued[at + 5]);
    admitted.push({ clientId, passToken, admittedAtMs, expiresAtMs, waitedMs });
    admissions.push([Number(issued[at]), admittedAtMs]);
    const sequence = Number(issued[at + 6]);
    const times = { admitted: admittedAtMs, expires: expiresAtMs };
    passes.push([clientId, { token: passToken, sequence, ...times }]);
  }
  return {
    nowMs,
    waiting,
    lookAgainMs: again < 0 ? undefined : again,
    number,
    last,
    settings: { permits, ttl, paused, pacing, draining, version },
    admitted,
    elsewhere,
    passes,
    admissions,
  };
}

export function statsFrom(reply: Reply): Stats {
  const [, , ...numbers] = reply as unknown as readonly [string, string, ...number[]];
  const [waiting, active, admittedLastMinute, admittedTotal, abandonedTotal, permits, paused] =
    numbers as unknown as readonly [number, number, number, number, number, number, 0 | 1];
  return {
    waiting,
    active,
    admittedLastMinute,
    admittedTotal,
    abandonedTotal,
    permitsPerMinute: permits,
    paused: paused === 1,
  };
}

/** Settings, and the number of the last admission. */
export function settingsFrom(reply: Reply): readonly [VersionedSettings, number] {
  const [, , permits, ttl, paused, pacing, draining, version, number] =
    reply as unknown as readonly [
      ...[string, string, number, number, 0 | 1, Settings["pacing"], 0 | 1, number, number],
    ];
  return [{ permits, ttl, paused, pacing, draining, version }, number];
}

/** Fields as admit.lua writes them: c client, j joined, a admitted. */
export function journalEntryFrom([id, fields]: StreamEntry): JournalEntry {
  return {
    number: Number.parseInt(id, 10),
    clientId: fields[1]!,
    joinedAtMs: Number(fields[3]),
    admittedAtMs: Number(fields[5]),
  };
}
