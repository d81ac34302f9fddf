/** What goes over the wire of a stream: events, the ids by which a client resumes, comments. */
import { createHash } from "node:crypto";
import { LIMITS } from "../../common/limits.ts";
import type { PollHabit } from "../advice.ts";
import { type InLine, statusOf } from "../replies.ts";

/**
 * Names what an event has told, so that the same news has the same id in every process and after a
 * restart. An id stands in browsers' and proxies' logs: of a pass it holds 96 bits of a hash, never
 * the token.
 */
export function newsId(eventId: number, news: InLine): string {
  if (news.result === "waiting") return `${eventId}-at-${news.position}`;
  const hash = createHash("sha256").update(news.passToken).digest("base64url");
  return `${eventId}-pass-${hash.slice(0, 16)}`;
}

/**
 * The header `Last-Event-ID` is compared and never parsed: whatever we have not sent equals nothing
 * we send. One too long to be ours is not kept.
 */
export function lastEventId(header: string | string[] | undefined): string | undefined {
  if (typeof header !== "string" || header.length > LIMITS.lastEventId) return undefined;
  return header;
}

/** The data is the body of the status route. */
export function newsEvent(id: string, news: InLine): string {
  const name = news.result === "admitted" ? "pass" : "position";
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(statusOf(news))}\n\n`;
}

/** Clients ignore it; proxies see that the stream is alive. */
export function comment(text: string): string {
  return `: ${text}\n\n`;
}

/** How long a client waits before it connects again: 2 to 5 s, so that a crowd comes spread out. */
export function retryField(habit: PollHabit): string {
  return `retry: ${2_000 + Math.round((habit.factor - 0.85) * 10_000)}\n\n`;
}
