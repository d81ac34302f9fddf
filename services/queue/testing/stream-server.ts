/**
 * A process that hosts a queue service for tests whose clients need a process of their own. Sends
 * `{url, token}` (an administrator's) to its parent, and ends when the parent disconnects.
 */
import { systemClock } from "../../common/clock.ts";
import { startStreamQueue } from "./stream-queue.ts";

/** First argument, as JSON. */
export interface StreamServerOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** How wrong this process' clock is. */
  readonly skewMs?: number;
}

export interface StreamServer {
  readonly url: string;
  readonly token: string;
}

const options: StreamServerOptions = JSON.parse(process.argv[2] ?? "{}");
const skewed = { now: () => systemClock.now() + (options.skewMs ?? 0) };
const queue = await startStreamQueue(options.settings, skewed);
process.once("disconnect", () => void queue.stop());
const started: StreamServer = { url: queue.url, token: await queue.token(1, "ADMIN") };
process.send?.(started);
