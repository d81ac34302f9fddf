/** What a waiting client is told: how long it will take, and when to ask again. */
import {
  type AdmissionSettings,
  firstCounted,
  type Issued,
  intervalMs,
  nextPermitMs,
  WINDOW_MS,
} from "./admission.ts";

/** How a client polls, always the same for the same client of the same event. */
export interface PollHabit {
  /** The contract's `displayOffset`: the longest interval, 30 to 60 s. */
  readonly longestSeconds: number;
  /** 0.85 to 1.15; spreads clients that came together. */
  readonly factor: number;
}

export interface Advice {
  readonly estimatedWaitSeconds: number;
  readonly pollAfterSeconds: number;
}

const SHORTEST_SECONDS = 1;

/** Drawn by hashing: every process draws the same, and nothing has to be kept. */
export function habitOf(eventId: number, clientId: string): PollHabit {
  const hash = hashOf(`${eventId}:${clientId}`);
  return {
    longestSeconds: 30 + (hash % 31),
    factor: 0.85 + ((hash >>> 8) % 1_001) * 0.0003,
  };
}

/**
 * The longest silence after which a client still counts as there, in ms, from its last sign of
 * life. Its next poll is due after `pollAfterSeconds`, well within it.
 */
export function graceMs(pollAfterSeconds: number): number {
  return (2 * pollAfterSeconds + 5) * 1_000;
}

/** What is known of the line when a client asks. */
export interface LineAt {
  readonly issued: Issued;
  readonly nowMs: number;
  readonly settings: AdmissionSettings;
  /** The sale's start, ms since 1970; undefined: not known, taken as begun. */
  readonly opensAtMs: number | undefined;
}

/** `position`: clients ahead who are still there. A pause is left out: nobody knows its end. */
export function adviseWaiting(position: number, line: LineAt, habit: PollHabit): Advice {
  const waitMs = estimateWaitMs(position, line);
  const untilStartMs = Math.max(0, (line.opensAtMs ?? 0) - line.nowMs);
  return {
    estimatedWaitSeconds: Math.ceil(waitMs / 1_000),
    pollAfterSeconds: pollAfter(Math.max(waitMs / 2, untilStartMs), habit),
  };
}

/** A client with a pass has nothing to wait for; half of the rest of its life is soon enough. */
export function adviseAdmitted(livesMs: number, habit: PollHabit): Advice {
  return { estimatedWaitSeconds: 0, pollAfterSeconds: pollAfter(livesMs / 2, habit) };
}

export function estimateWaitMs(position: number, line: LineAt): number {
  const { issued, nowMs, settings } = line;
  const fromMs = Math.max(nowMs, line.opensAtMs ?? nowMs, issued.closedUntilMs);
  if (settings.pacing === "smooth") {
    const firstMs = Math.max(fromMs, nextPermitMs(issued, nowMs, settings));
    return firstMs + position * intervalMs(settings) - nowMs;
  }
  // Whole minutes' worths, each opening as the admissions of the minute before cease to count.
  const limit = settings.permitsPerMinute;
  const counted = firstCounted(issued.times, nowMs);
  const left = Math.max(0, limit - (issued.times.length - counted));
  if (position < left) return fromMs - nowMs;
  const behind = position - left;
  const before = issued.times.at(counted + (behind % limit)) ?? fromMs;
  const minutes = Math.floor(behind / limit);
  return Math.max(fromMs, before + WINDOW_MS + 1) + minutes * WINDOW_MS - nowMs;
}

function pollAfter(ms: number, habit: PollHabit): number {
  const seconds = Math.round((ms / 1_000) * habit.factor);
  return Math.min(habit.longestSeconds, Math.max(SHORTEST_SECONDS, seconds));
}

/** FNV-1a with a final mix (murmur3's), 32 bits: short texts that differ little differ much. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
