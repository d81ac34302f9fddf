/** The bottom of the screen: what is certain of the promises, the latest news, and the keys. */
import type { Snapshot } from "../../engine/snapshot.ts";
import { clean, truncate } from "../cells.ts";
import { bothEnds, fitLine, type Line, lineWidth, type Span, span } from "../line.ts";

/** What the keys do, and why the last one did nothing. */
export interface KeyWords {
  readonly hint: string;
  readonly reply: string;
}

/** The news; while nothing is broken, beside what is known of the promises. None: no line. */
export function footer(snapshot: Snapshot, width: number): Line[] {
  const news = newsSpans(snapshot);
  if (snapshot.verdicts.length > 0 || snapshot.phase === "done") {
    return news.length === 0 ? [] : [fitLine(news, width)];
  }
  // Not "valid": only the whole record can say that.
  const promises = [span("PROMISES ", "strong"), span("none broken so far", "dim"), span("  ")];
  const left = width - lineWidth(promises);
  const [sign, text] = news;
  if (sign === undefined || text === undefined || left < LEAST_NEWS) {
    return [fitLine(promises, width), ...(news.length === 0 ? [] : [fitLine(news, width)])];
  }
  return [[...promises, sign, span(truncate(text.text, left - 2), text.tone)]];
}

const LEAST_NEWS = 20;

function newsSpans({ news }: Snapshot): Span[] {
  return news === undefined ? [] : [span("› ", "accent"), span(clean(news), "strong")];
}

/** One line, or none where there is nothing to say. */
export function keyLine({ hint, reply }: KeyWords, width: number): Line[] {
  if (reply !== "") return [bothEnds([span(reply, "unsure")], [span(hint, "dim")], width)];
  return hint === "" ? [] : [fitLine([span(hint, "dim")], width)];
}
