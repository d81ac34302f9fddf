/** What the keys do to the screen and ask of the run: a pure step, from one state to the next. */
import type { Snapshot } from "../engine/snapshot.ts";
import { TABS, type Tab, tabBeside } from "./tabs.ts";

/** Somebody wants the run to change. faster and slower: the admission limit. */
export type Wish = "pause" | "faster" | "slower" | "chaos";

export type Key =
  | "q"
  | "ctrl-c"
  | "help"
  | "next"
  | "previous"
  | "back"
  | Wish
  | { readonly tab: Tab };

/** What a person has chosen to see, and was told last. */
export interface Shown {
  readonly tab: Tab;
  readonly help: boolean;
  /** 0: nobody wants to stop. 1: asked to stop. 2: told to stop at once. */
  readonly interrupts: 0 | 1 | 2;
  /** Why the last key did nothing; "" where it did. */
  readonly reply: string;
}

export const FIRST_SHOWN: Shown = { tab: "overview", help: false, interrupts: 0, reply: "" };

export interface Pressed {
  readonly shown: Shown;
  readonly wish?: Wish;
  /** To end the run; `force` the second time. */
  readonly interrupt?: { readonly force: boolean };
}

/** + and - may need Shift or not, by keyboard; both signs of a key count. */
const WORDS: Readonly<Record<string, Key>> = {
  q: "q",
  p: "pause",
  " ": "pause",
  "+": "faster",
  "=": "faster",
  "-": "slower",
  _: "slower",
  c: "chaos",
  "?": "help",
  h: "help",
};

/** What a character means; undefined for one that means nothing. */
export function keyOf(character: string): Key | undefined {
  if (/^[0-7]$/.test(character)) return { tab: TABS[Number(character)] ?? "overview" };
  return WORDS[character];
}

/** `wishes`: whether the run hears any. */
export function press(shown: Shown, key: Key, snapshot: Snapshot, wishes: boolean): Pressed {
  const calm = { ...shown, reply: "" };
  if (typeof key === "object") return { shown: { ...calm, help: false, tab: key.tab } };
  switch (key) {
    case "q":
    case "ctrl-c":
      return interrupted(calm, key);
    case "help":
      return { shown: { ...calm, help: !shown.help } };
    case "back":
      return { shown: { ...calm, help: false, tab: shown.help ? shown.tab : "overview" } };
    case "next":
      return { shown: { ...calm, help: false, tab: tabBeside(shown.tab, 1) } };
    case "previous":
      return { shown: { ...calm, help: false, tab: tabBeside(shown.tab, -1) } };
    case "pause":
    case "faster":
    case "slower":
    case "chaos": {
      const because = whyNot(key, shown, snapshot, wishes);
      return because === undefined
        ? { shown: calm, wish: key }
        : { shown: { ...calm, reply: because } };
    }
  }
}

/** A second q is not heard: somebody may just be impatient. Ctrl-C is, and means it. */
function interrupted(shown: Shown, key: "q" | "ctrl-c"): Pressed {
  if (shown.interrupts === 0) {
    return { shown: { ...shown, interrupts: 1 }, interrupt: { force: false } };
  }
  if (shown.interrupts === 1 && key === "ctrl-c") {
    return { shown: { ...shown, interrupts: 2 }, interrupt: { force: true } };
  }
  return { shown };
}

/** One line for whoever pressed the key; undefined where it will be done. */
function whyNot(
  wish: Wish,
  { interrupts }: Shown,
  { phase, chaos }: Snapshot,
  wishes: boolean,
): string | undefined {
  if (interrupts > 0) return "the run is stopping";
  if (!wishes) return "nobody hears this: the run cannot be changed";
  if (phase === "starting") return "not yet: the sale has not begun";
  if (phase !== "selling") return "the sale is over";
  if (wish !== "chaos") return undefined;
  if (chaos === undefined) return "not yet: nobody knows what may be disturbed";
  return chaos.possible ? undefined : `no chaos: ${chaos.because}`;
}

const HINTS = [
  "p pause · +/− limit · c chaos · 0-7 ←→ pages · ? help · q stops",
  "p pause · +/− limit · c chaos · ? help · q stops",
  "p · +/− · c · ? help · q stops",
  "? help · q stops",
] as const;
const BARE_HINTS = ["0-7 ←→ pages · ? help · q stops the run", "? help · q stops"] as const;
const STOPPING = ["", "stopping · Ctrl-C again: at once", "stopping at once"] as const;

/** What the keys do now, the most that `width` cells hold. Wishes are for a sale that goes on. */
export function hintFor(
  { phase }: Snapshot,
  { interrupts }: Shown,
  wishes: boolean,
  width: number,
): string {
  if (phase === "done") return "";
  if (interrupts > 0) return STOPPING[interrupts];
  const offered = wishes && phase === "selling";
  const texts: readonly string[] = offered ? HINTS : BARE_HINTS;
  return texts.find((text) => text.length <= width) ?? "q stops";
}
