/** The Ink components: they place painted lines and pass keys on, and do nothing else. */
import { Box, Transform, useInput } from "ink";
import { createElement as h, type ReactElement } from "react";
import { type Frame, GUTTER } from "./frame.ts";
import { type Key, keyOf } from "./keys.ts";

export interface ScreenProps {
  readonly frame: Frame;
  /** Absent where there is no keyboard. Must be the same function for every frame. */
  readonly onKey?: (key: Key) => void;
}

export function Screen({ frame, onKey }: ScreenProps): ReactElement {
  const columns = frame.columns.map(({ width, lines }, at) =>
    h(Box, { key: at, width, flexDirection: "column" }, h(Painted, { lines })),
  );
  return h(
    Box,
    { flexDirection: "column" },
    h(Painted, { lines: frame.head }),
    h(Box, { columnGap: GUTTER }, ...columns),
    h(Painted, { lines: frame.foot }),
    onKey === undefined ? null : h(Keys, { onKey }),
  );
}

/**
 * Lines that already have their width and colours. Ink measures a text by looking every character
 * up in a table of emoji: 14 to 25 ms for a frame of 180 × 40, in which the load generator in this
 * process sends nothing. So Ink measures a blank of the same height, and the lines take the
 * blank's place when it writes: 5 ms.
 */
function Painted({ lines }: { readonly lines: readonly string[] }): ReactElement | null {
  if (lines.length === 0) return null;
  const blank = lines.map(() => " ").join("\n");
  return h(Transform, { transform: (_blank, at) => lines[at] ?? "" }, blank);
}

const LONGEST_BURST = 8;

function Keys({ onKey }: { readonly onKey: (key: Key) => void }): null {
  useInput((input, key) => {
    if (key.ctrl && input === "c") return onKey("ctrl-c");
    if (key.escape) return onKey("back");
    if (key.ctrl || key.meta) return;
    if (key.leftArrow) return onKey("previous");
    if (key.rightArrow || key.tab) return onKey(key.shift ? "previous" : "next");
    // Keys pressed faster than they are read come as one text; a longer one was pasted.
    if (input.length > LONGEST_BURST) return;
    for (const character of input) {
      const word = keyOf(character);
      if (word !== undefined) onKey(word);
    }
  });
  return null;
}
