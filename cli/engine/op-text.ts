/**
 * An operation's line as JSON text. Most lines are polls, and they are written here by hand:
 * 0.6 µs instead of 1.1 for each; to the letter what JSON.stringify writes.
 */
import type { Op, PollOp } from "../judge/history.ts";

/** JSON leaves out what is undefined, so the type may keep it. */
export type Line<T> = T extends unknown ? { readonly [K in keyof T]: T[K] | undefined } : never;

/** Of thousandths: "" for none, ".5" for 500. */
const FRACTIONS = Array.from({ length: 1_000 }, (_, part) =>
  part === 0 ? "" : `.${String(part).padStart(3, "0").replace(/0+$/, "")}`,
);

/** Times in milliseconds are whole microseconds, as {@link micro} makes them. */
export function opText(line: Line<Op>): string {
  return line.op === "poll" ? pollText(line) : JSON.stringify(line);
}

/** Whole microseconds: more digits than that are noise, and a third of the file. */
export function micro(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function pollText(line: Line<PollOp>): string {
  const { id, client, intendedMs, invokedMs, endedMs, outcome } = line;
  let text =
    `{"kind":"op","id":${id},"client":${client},"intendedMs":${msText(intendedMs!)},` +
    `"invokedMs":${msText(invokedMs!)},"endedMs":${msText(endedMs!)},"outcome":"${outcome}"`;
  if (line.status !== undefined) text += `,"status":${line.status}`;
  if (line.code !== undefined) text += `,"code":${JSON.stringify(line.code)}`;
  if (line.attack !== undefined) text += `,"attack":"${line.attack}"`;
  if (line.habit !== undefined) text += `,"habit":"${line.habit}"`;
  text += ',"op":"poll"';
  if (line.position !== undefined) text += `,"position":${line.position}`;
  if (line.pollAfterSeconds !== undefined) text += `,"pollAfterSeconds":${line.pollAfterSeconds}`;
  if (line.pass !== undefined) text += `,"pass":${JSON.stringify(line.pass)}`;
  if (line.passExpiresAt !== undefined) {
    text += `,"passExpiresAt":${JSON.stringify(line.passExpiresAt)}`;
  }
  return `${text}}`;
}

function msText(ms: number): string {
  const us = Math.round(ms * 1_000);
  const whole = Math.trunc(us / 1_000);
  const fraction = FRACTIONS[us - whole * 1_000];
  // A time before the run's begin, which no client has.
  return fraction === undefined ? String(ms) : `${whole}${fraction}`;
}
