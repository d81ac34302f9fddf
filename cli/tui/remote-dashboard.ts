/** The parent's side of the dashboard process: feeds it snapshots, hears its keys. */
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "../engine/snapshot.ts";
import type { FrameTime, Wish } from "./dashboard.ts";
import type { FromDashboard, ToDashboard } from "./dashboard-process.ts";

export interface RemoteDashboardOptions {
  readonly getSnapshot: () => Snapshot;
  readonly color: boolean;
  readonly environment: NodeJS.ProcessEnv;
  /** `q` or Ctrl-C; the terminal is in raw mode, so no signal comes along. */
  readonly onInterrupt: () => void;
  readonly onWish: (wish: Wish) => void;
  /** Where to draw, for tests of speed: a file, and the size it is to be taken for. */
  readonly canvas?: {
    readonly fd: number;
    readonly columns: number;
    readonly rows: number;
  };
  /** The frames that were drawn since the last call. */
  readonly onFrames?: (frames: readonly FrameTime[]) => void;
}

export interface RemoteDashboard {
  readonly pid: number | undefined;
  /** Resolves when the terminal is given back, with the last frame on it. */
  stop(finalSnapshot?: Snapshot): Promise<void>;
}

/** As often as a frame is drawn: 0.4 ms each, 0.4 % of the engine's thread (benchmark `dashboard`). */
const SEND_EVERY_MS = 100;
/** For the last frame; after that the run ends without it. */
const STOP_WITHIN_MS = 3_000;

/** Starts drawing on this process' terminal. A screen that dies does not disturb the run. */
export function startRemoteDashboard(options: RemoteDashboardOptions): RemoteDashboard {
  const { getSnapshot, color, environment, onInterrupt, onWish, canvas } = options;
  const child = spawn(process.execPath, [join(import.meta.dirname, "dashboard-process.ts")], {
    // React's development build draws slower.
    env: { ...environment, NODE_ENV: "production" },
    stdio: [canvas ? "ignore" : "inherit", "ignore", canvas?.fd ?? "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  child.on("message", (message: FromDashboard) => {
    switch (message.type) {
      case "interrupt":
        return onInterrupt();
      case "wish":
        return onWish(message.wish);
      case "shown":
        waiting = false;
        options.onFrames?.(message.frames);
        return;
    }
  });
  const size = canvas && { columns: canvas.columns, rows: canvas.rows };
  const tell = (message: ToDashboard): void => {
    // The callback takes the error of a child that has just gone.
    if (child.connected) child.send(message, () => {});
  };
  // A picture that has not been taken yet makes the next one wait, so none queue up.
  let waiting = false;
  const show = (): void => {
    if (waiting) return;
    waiting = true;
    tell({ type: "show", snapshot: getSnapshot(), color, size });
  };
  show();
  const timer = setInterval(show, SEND_EVERY_MS).unref();
  return {
    pid: child.pid,
    async stop(finalSnapshot) {
      clearInterval(timer);
      tell({ type: "stop", snapshot: finalSnapshot });
      const late = setTimeout(() => child.kill("SIGTERM"), STOP_WITHIN_MS);
      await ended;
      clearTimeout(late);
    },
  };
}
