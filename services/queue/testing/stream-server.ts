/**
 * A process that hosts a queue service for tests whose clients need a process of their own. Sends
 * `{url, token}` (an administrator's) to its parent, and ends when the parent disconnects.
 */
import { startStreamQueue } from "./stream-queue.ts";

export interface StreamServer {
  readonly url: string;
  readonly token: string;
}

const queue = await startStreamQueue();
process.once("disconnect", () => void queue.stop());
const started: StreamServer = { url: queue.url, token: await queue.token(1, "ADMIN") };
process.send?.(started);
