/** The parent's side of the dashboard process: feeds it snapshots, hears its keys. */
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "../engine/snapshot.ts";
import type { Wish } from "./dashboard.ts";
import type { FromDashboard, ToDashboard } from "./dashboard-process.ts";

export interface RemoteDashboardOptions {
  readonly getSnapshot: () => Snapshot;
  readonly color: boolean;
  readonly environment: NodeJS.ProcessEnv;
  /** `q` or Ctrl-C; the terminal is in raw mode, so no signal comes along. */
  readonly onInterrupt: () => void;
  readonly onWish: (wish: Wish) => void;
}

export interface RemoteDashboard {
  /** Resolves when the terminal is given back, with the last frame on it. */
  stop(finalSnapshot?: Snapshot): Promise<void>;
}

/** A snapshot is about 3 KB of JSON and 0.5 ms to draw up: 0.2 % of the engine's thread. */
const SEND_EVERY_MS = 250;
/** For the last frame; after that the run ends without it. */
const STOP_WITHIN_MS = 3_000;

/** Starts drawing on this process' terminal. A screen that dies does not disturb the run. */
export function startRemoteDashboard(options: RemoteDashboardOptions): RemoteDashboard {
  const { getSnapshot, color, environment, onInterrupt, onWish } = options;
  const child = spawn(process.execPath, [join(import.meta.dirname, "dashboard-process.ts")], {
    // React's development build draws slower.
    env: { ...environment, NODE_ENV: "production" },
    stdio: ["inherit", "ignore", "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  child.on("message", (message: FromDashboard) => {
    if (message.type === "interrupt") onInterrupt();
    else onWish(message.wish);
  });
  const tell = (message: ToDashboard): void => {
    // The callback takes the error of a child that has just gone.
    if (child.connected) child.send(message, () => {});
  };
  const show = (): void => tell({ type: "show", snapshot: getSnapshot(), color });
  show();
  const timer = setInterval(show, SEND_EVERY_MS).unref();
  return {
    async stop(finalSnapshot) {
      clearInterval(timer);
      tell({ type: "stop", snapshot: finalSnapshot });
      const late = setTimeout(() => child.kill("SIGTERM"), STOP_WITHIN_MS);
      await ended;
      clearTimeout(late);
    },
  };
}
