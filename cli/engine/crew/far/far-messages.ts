/**
 * What the coordinator of a run and its workers on other machines say to each other over NATS, and
 * on which subjects. All of it is JSON but for parcels (see parcel.ts). Subjects carry names and
 * numbers only: whatever is secret (tokens, URLs) travels in payloads.
 */
import { VERSION } from "../../../version.ts";
import type { Change } from "../../live-controls.ts";

/** Goes up when a message, a parcel or the plan changes its meaning. */
export const PROTOCOL = 2;

export interface Speech {
  readonly protocol: number;
  readonly version: string;
}

export const OUR_SPEECH: Speech = { protocol: PROTOCOL, version: VERSION };

export const speaksAlike = (one: Speech): boolean =>
  one.protocol === PROTOCOL && one.version === VERSION;

export const speechInWords = ({ protocol, version }: Speech): string =>
  `ReserveX ${version} (protocol ${protocol})`;

/** Somebody looks for workers; every worker of the group answers with an {@link Offer}. */
export interface Call extends Speech {
  readonly runToken: string;
}

export interface Offer extends Speech {
  readonly worker: string;
  /** For people: host and process, or what its operator calls it. */
  readonly name: string;
  readonly busy: boolean;
  /** Open files a process of its machine may have; absent where that cannot be told. */
  readonly fileLimit?: number;
}

/** To one worker: it works for this run alone until it is let go, or hears nothing for a while. */
export interface Hire extends Speech {
  /** What it is told and what it says passes under this subject. */
  readonly wire: string;
}

/** To the question for the clock, two readings of its monotonic clock. */
export interface ClockAnswer {
  readonly receivedMs: number;
  readonly sentMs: number;
}

/** Once the plan's parcel is there: the 0 of the run, on the worker's clock. */
export interface Start {
  readonly zeroMs: number;
}

/** On the run's clock. */
export interface Open {
  readonly atMs: number;
}

/** Counted from 0: one that comes again, after a later one perhaps, is not carried out again. */
export interface Changed {
  readonly no: number;
  readonly change: Change;
}

/** An answer that only says that it was heard, or what is wrong. */
export type Heard = { readonly ok: true } | { readonly ok: false; readonly because: string };

export const HEARD: Heard = { ok: true };

/** Longest silence of either side before the other gives it up. */
export const SILENCE_MS = 10_000;
/** The coordinator asks each worker for its clock so often: a sign of life both ways. */
export const CLOCK_EVERY_MS = 1_000;

const GROUP = /^[A-Za-z0-9_-]{1,32}$/;

export const isGroup = (text: string): boolean => GROUP.test(text);

const prefix = (group: string): string => `reservex.crew.${group}`;

export const callSubject = (group: string): string => `${prefix(group)}.call`;

/** Where whoever called hears the offers. */
export const offerSubject = (group: string, runToken: string): string =>
  `${prefix(group)}.run.${runToken}.offers`;

export const hireSubject = (group: string, worker: string): string =>
  `${prefix(group)}.worker.${worker}.hire`;

/** Between a run and one of its workers. */
export const wireOf = (group: string, runToken: string, index: number): string =>
  `${prefix(group)}.run.${runToken}.${index}`;

/**
 * What a hired worker is asked. `plan`: a piece of the plan's parcel. `part`: send your part of the
 * history. Each may come twice, where the first answer was lost.
 */
export type Order = "clock" | "plan" | "start" | "open" | "change" | "stop" | "part" | "leave";

/** What it says by itself. `part`: a piece of the part's parcel. `view` alone is not answered. */
export type Report = "said" | "view" | "part";

export const orderSubject = (wire: string, order: Order | "*"): string => `${wire}.do.${order}`;

export const reportSubject = (wire: string, report: Report | "*"): string =>
  `${wire}.tell.${report}`;

/** The last word of a subject. */
export const lastWord = (subject: string): string => subject.slice(subject.lastIndexOf(".") + 1);
