/** What became of a message that was handed over: by the stream, its consumer and the books. */
import type { Fate, Followed, Place } from "../bus.ts";

/** What the stream holds now. */
export interface StreamExtent {
  /** Names the stream's life: one that was made anew has another. */
  readonly created: string;
  /** Sequences of its first and its last message. */
  readonly first: number;
  readonly last: number;
}

/** Message ids that the consumer's books know; undefined where nobody answered. */
export interface Recalled {
  readonly handled: readonly string[];
  readonly parked: readonly string[];
}

/** @param acknowledged all sequences up to this one are */
export function fateIn(
  stream: StreamExtent,
  acknowledged: number,
  known: Recalled | undefined,
): (message: Followed) => Fate {
  const isGone = ({ epoch, sequence }: Place) =>
    epoch !== stream.created ||
    sequence < stream.first ||
    sequence > stream.last ||
    sequence <= acknowledged;
  const handled = new Set(known?.handled);
  const parked = new Set(known?.parked);
  return ({ messageId, place }) => {
    if (handled.has(messageId)) return "handled";
    if (parked.has(messageId)) return "parked";
    if (!isGone(place)) return "waiting";
    // Gone from this very stream means acknowledged, unless its consumer says otherwise.
    return known || place.epoch !== stream.created ? "lost" : "waiting";
  };
}
