/** The interactive front door: a dashboard on the terminal, drawn from snapshots that it pulls. */
import { type RenderOptions, render, renderToString } from "ink";
import { createElement as h } from "react";
import type { Snapshot } from "../engine/snapshot.ts";
import { composeFrame, type Frame } from "./frame.ts";
import { FIRST_SHOWN, hintFor, type Key, press, type Shown, type Wish } from "./keys.ts";
import { Screen } from "./screen.ts";

export type { Wish } from "./keys.ts";

export interface DashboardOptions {
  readonly getSnapshot: () => Snapshot;
  /** Where to draw: stderr, a terminal. Its size is asked for at every frame. */
  readonly stream: TerminalStream;
  /** Where keys come from: stdin. Without one, or if it is no terminal, there are no keys. */
  readonly keyboard?: KeyboardStream;
  readonly color: boolean;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Processor milliseconds that were used so far: what drawing costs. Without it, time counts. */
  readonly spentMs?: () => number;
  readonly onDrawn?: (frame: FrameTime) => void;
  /**
   * Someone wants the run to end: `q` or Ctrl-C, told once with `force` false. A Ctrl-C after that
   * is told once more with `force` true. The terminal is in raw mode, so no SIGINT comes along.
   */
  readonly onInterrupt: (force: boolean) => void;
  /** Somebody wants the run to change; absent where it cannot. */
  readonly onWish?: (wish: Wish) => void;
}

/** A frame that was made and written, in milliseconds of the dashboard's clock. */
export interface FrameTime {
  readonly atMs: number;
  readonly tookMs: number;
}

/** A stream without a size costs Ink a call of `tput` a frame, some 15 ms. */
export interface TerminalStream extends NodeJS.WritableStream {
  readonly columns?: number;
  readonly rows?: number;
}

export interface KeyboardStream extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

export interface Dashboard {
  /**
   * Gives the terminal back (cursor, raw mode, the screen as it was before) and leaves a last,
   * complete frame of `finalSnapshot` on it, by default of one more snapshot. Repeats do nothing.
   */
  readonly stop: (finalSnapshot?: Snapshot) => void;
}

/**
 * Draws until stopped, on the terminal's alternate screen, so that resizing leaves no torn copies
 * behind and the shell's history stays untouched. Never keeps the process alive by its timer; the
 * keyboard does while it is read. Writes nothing after `stop`.
 */
export function startDashboard(options: DashboardOptions): Dashboard {
  const { getSnapshot, stream, keyboard, color, now, onWish, spentMs = now } = options;
  const hasKeyboard = keyboard?.isTTY === true;
  let shown: Shown = FIRST_SHOWN;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  // Always the same function: Ink sets up the keyboard anew for another one.
  const onKey = (key: Key): void => {
    if (stopped) return;
    const pressed = press(shown, key, getSnapshot(), onWish !== undefined);
    shown = pressed.shown;
    if (pressed.wish !== undefined) onWish?.(pressed.wish);
    if (pressed.interrupt !== undefined) options.onInterrupt(pressed.interrupt.force);
    // The key is answered at once, unless the answer was to stop the screen.
    if (!stopped) redraw();
  };
  const element = (snapshot: Snapshot) => {
    const { columns, rows } = sizeOf(stream);
    // One row stays free: a full screen makes Ink clear it all before every frame.
    const view = { columns, rows: rows - 1, color };
    if (!hasKeyboard) return h(Screen, { frame: composeFrame(snapshot, { ...view, hint: "" }) });
    const hint = hintFor(snapshot, shown, onWish !== undefined, columns);
    const { reply, ...page } = shown;
    return h(Screen, { frame: composeFrame(snapshot, { ...view, hint, reply, page }), onKey });
  };
  const redraw = (): void => {
    const began = now();
    ink.rerender(element(getSnapshot()));
    options.onDrawn?.({ atMs: began, tookMs: now() - began });
  };
  const schedule = (dueMs: number): void => {
    timer = setTimeout(() => {
      const [began, spent] = [now(), spentMs()];
      redraw();
      schedule(nextFrame(dueMs, began, now(), spentMs() - spent));
    }, dueMs - now()).unref();
  };

  // A frame may have been on its way for the size before, and folded into rows that Ink does not
  // count: only a cleared screen is known to be empty.
  const resized = (): void => {
    ink.clear();
    stream.write(CLEARED);
    redraw();
  };
  // Ours comes before Ink's own listener, which would draw the old frame on the new size.
  stream.on("resize", resized);
  const ink = render(
    element(getSnapshot()),
    inkOptions(stream, hasKeyboard ? keyboard : undefined),
  );
  schedule(now() + FRAME_MS);

  return {
    stop: (finalSnapshot) => {
      if (stopped) return;
      stopped = true;
      clearTimeout(timer);
      stream.off("resize", resized);
      ink.unmount();
      const { columns } = sizeOf(stream);
      const view = { columns, rows: Number.POSITIVE_INFINITY, color, hint: "" };
      stream.write(`${frameText(composeFrame(finalSnapshot ?? getSnapshot(), view), columns)}\n`);
    },
  };
}

/** The characters of a frame, lines parted by newlines, as Ink would draw them. */
export function frameText(frame: Frame, columns: number): string {
  return renderToString(h(Screen, { frame }), { columns });
}

/** The whole screen erased, the cursor at its upper left. */
const CLEARED = "\u001b[2J\u001b[H";

/** Ten frames a second, and no more: nobody reads faster. */
const FRAME_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** The screen may have one part in so many of a core: the machine also runs what is measured. */
const CORE_SHARE = 10;

/**
 * When the next frame is due, after one that was due, began and ended then and cost so much of the
 * processor: a tenth of a second after the one before was due, so that timers that ring late do not
 * add up; later where drawing is dear. That the machine was busy with others is no reason. What was
 * missed is skipped, not caught up on. Measured at 120 × 40 with 100,000 clients (benchmark
 * `dashboard`): 4 ms a frame (p99 9), 10.0 frames a second, 8 % of a core.
 */
export function nextFrame(dueMs: number, beganMs: number, endedMs: number, costMs: number): number {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, costMs * CORE_SHARE);
  const wanted = Math.max(dueMs + FRAME_MS, beganMs + pauseMs);
  return wanted > endedMs ? wanted : endedMs + FRAME_MS;
}

function inkOptions(stream: TerminalStream, keyboard: KeyboardStream | undefined): RenderOptions {
  return {
    stdout: stream,
    ...(keyboard === undefined ? {} : { stdin: keyboard }),
    // Whoever starts a dashboard has chosen it; Ink shall not look at the environment again.
    interactive: true,
    isScreenReaderEnabled: false,
    alternateScreen: true,
    exitOnCtrlC: false,
    patchConsole: false,
  };
}

function sizeOf({ columns, rows }: TerminalStream): { columns: number; rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}
