/** The interactive front door: a dashboard on the terminal, drawn from snapshots that it pulls. */
import { type RenderOptions, render, renderToString } from "ink";
import { createElement as h } from "react";
import type { Snapshot } from "../engine/snapshot.ts";
import { composeFrame, type Frame } from "./frame.ts";
import { type Key, Screen } from "./screen.ts";

export interface DashboardOptions {
  readonly getSnapshot: () => Snapshot;
  /** Where to draw: stderr, a terminal. Its size is asked for at every frame. */
  readonly stream: TerminalStream;
  /** Where keys come from: stdin. Without one, or if it is no terminal, there are no keys. */
  readonly keyboard?: KeyboardStream;
  readonly color: boolean;
  /** A monotonic clock in milliseconds; it only sees how long drawing takes. */
  readonly now: () => number;
  /**
   * Someone wants the run to end: `q` or Ctrl-C, told once with `force` false. A Ctrl-C after that
   * is told once more with `force` true. The terminal is in raw mode, so no SIGINT comes along.
   */
  readonly onInterrupt: (force: boolean) => void;
  /** Somebody wants the run to change; absent where it cannot. */
  readonly onWish?: (wish: Wish) => void;
}

/** pause: hold the arrivals back, or let them go on. faster and slower: the admission limit. */
export type Wish = "pause" | "faster" | "slower";

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

const WISHES = "p pauses arrivals · +/− admissions · ";
const HINTS = ["q stops the run", "stopping · Ctrl-C again: at once", "stopping at once"] as const;

/**
 * Draws until stopped, on the terminal's alternate screen, so that resizing leaves no torn copies
 * behind and the shell's history stays untouched. Never keeps the process alive by its timer; the
 * keyboard does while it is read. Writes nothing after `stop`.
 */
export function startDashboard(options: DashboardOptions): Dashboard {
  const { getSnapshot, stream, keyboard, color, now, onWish } = options;
  const keys = heardKeys(onWish, (force) => {
    options.onInterrupt(force);
    // The key is answered at once, unless the answer was to stop the screen.
    if (!stopped) redraw();
  });
  const hasKeyboard = keyboard?.isTTY === true;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const element = (snapshot: Snapshot) => {
    const hint = hasKeyboard ? hintFor(snapshot, keys.interrupts(), onWish !== undefined) : "";
    const { columns, rows } = sizeOf(stream);
    // One row stays free: a full screen makes Ink clear it all before every frame.
    const frame = composeFrame(snapshot, { columns, rows: rows - 1, color, hint });
    return h(Screen, hasKeyboard ? { frame, onKey: keys.press } : { frame });
  };
  const redraw = (): void => ink.rerender(element(getSnapshot()));
  const tick = (): void => {
    const began = now();
    redraw();
    timer = setTimeout(tick, pauseAfter(now() - began)).unref();
  };

  // Ours comes before Ink's own listener, which would draw the old frame on the new size.
  stream.on("resize", redraw);
  const ink = render(
    element(getSnapshot()),
    inkOptions(stream, hasKeyboard ? keyboard : undefined),
  );
  timer = setTimeout(tick, SHORTEST_PAUSE_MS).unref();

  return {
    stop: (finalSnapshot) => {
      if (stopped) return;
      stopped = true;
      clearTimeout(timer);
      stream.off("resize", redraw);
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

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** The screen may have one part in so many of a core: the machine also runs what is measured. */
const CORE_SHARE = 20;

/**
 * Milliseconds to wait after a frame that took `frameMs`: at most 10 frames a second, and fewer
 * where drawing is slow. Frames take about 5 ms (120 × 40, Node 24), so there are 9 a second.
 */
export function pauseAfter(frameMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, frameMs * CORE_SHARE));
}

interface InterruptKeys {
  /** Always the same function: Ink sets up the keyboard anew for another one. */
  readonly press: (key: Key) => void;
  /** 0: none yet, 1: asked to stop, 2: told to stop at once. */
  readonly interrupts: () => 0 | 1 | 2;
}

/** What the keys do now. Wishes are for a sale that goes on. */
function hintFor(
  { phase, arrivalsPaused }: Snapshot,
  interrupts: 0 | 1 | 2,
  wishes: boolean,
): string {
  if (phase === "done") return "";
  const offered = wishes && interrupts === 0 && phase === "selling" && arrivalsPaused !== undefined;
  return `${offered ? WISHES : ""}${HINTS[interrupts]}`;
}

function heardKeys(
  onWish: ((wish: Wish) => void) | undefined,
  onInterrupt: (force: boolean) => void,
): InterruptKeys {
  let interrupts: 0 | 1 | 2 = 0;
  return {
    interrupts: () => interrupts,
    press: (key) => {
      if (key === "pause" || key === "faster" || key === "slower") {
        if (interrupts === 0) onWish?.(key);
      } else if (interrupts === 0) {
        interrupts = 1;
        onInterrupt(false);
      } else if (interrupts === 1 && key === "ctrl-c") {
        interrupts = 2;
        onInterrupt(true);
      }
    },
  };
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
