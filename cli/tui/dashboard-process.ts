/**
 * The dashboard in a process of its own: drawing never delays the engine's next request. Started by
 * remote-dashboard.ts, which sends what to draw; ends when it is told to, or when its parent is gone.
 */
import type { Snapshot } from "../engine/snapshot.ts";
import { type Dashboard, type FrameTime, startDashboard, type Wish } from "./dashboard.ts";

/** From the parent. */
export type ToDashboard =
  | {
      readonly type: "show";
      readonly snapshot: Snapshot;
      readonly color: boolean;
      /** Of a stream that does not know its own. */
      readonly size?: { readonly columns: number; readonly rows: number } | undefined;
    }
  /** The last frame stays on the screen. */
  | { readonly type: "stop"; readonly snapshot?: Snapshot | undefined };

/** To the parent: `q` or Ctrl-C, `force` when it is the second time; or a wish for the run. */
export type FromDashboard =
  | { readonly type: "interrupt"; readonly force: boolean }
  /** What was sent last is on the screen, or about to be; and the frames drawn since the one before. */
  | { readonly type: "shown"; readonly frames: readonly FrameTime[] }
  | { readonly type: "wish"; readonly wish: Wish };

const tell = (message: FromDashboard): void => void process.send?.(message);

let latest: Snapshot | undefined;
let dashboard: Dashboard | undefined;
let frames: FrameTime[] = [];

function show({ snapshot, color, size }: Extract<ToDashboard, { type: "show" }>): void {
  latest = snapshot;
  if (!process.stderr.columns) Object.assign(process.stderr, size ?? { columns: 80, rows: 24 });
  dashboard ??= startDashboard({
    getSnapshot: () => latest ?? snapshot,
    stream: process.stderr,
    keyboard: process.stdin,
    color,
    now: () => performance.now(),
    spentMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    onDrawn: (frame) => void frames.push(frame),
    onInterrupt: (force) => tell({ type: "interrupt", force }),
    onWish: (wish) => tell({ type: "wish", wish }),
  });
  // The next one is only sent after this: however slow we are, no pictures queue up.
  tell({ type: "shown", frames });
  frames = [];
}

function stop(snapshot?: Snapshot): void {
  dashboard?.stop(snapshot);
  process.stdin.unref();
  if (process.connected) process.disconnect();
}

// Before raw mode is on, Ctrl-C is a signal for the whole group; the parent answers it.
process.on("SIGINT", () => {});
process.on("disconnect", () => dashboard?.stop());
process.on("message", (message: ToDashboard) => {
  if (message.type === "show") show(message);
  else stop(message.snapshot);
});
