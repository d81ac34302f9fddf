/** The pages of the dashboard, and the bar that names them. Pure. */
import { fitLine, type Line, lineWidth, type Span, span } from "./line.ts";

/** In the order of their digits: 0 is the overview. */
export const TABS = [
  "overview",
  "line",
  "admissions",
  "stock",
  "saga",
  "latency",
  "errors",
  "tester",
] as const;
export type Tab = (typeof TABS)[number];

/** The tab beside it, round and round. */
export function tabBeside(tab: Tab, step: 1 | -1): Tab {
  return TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] ?? "overview";
}

/** All names where they fit (75 cells), else the present one among bare digits. Brackets say which. */
export function tabBar(present: Tab, width: number): Line {
  const named = bar(present, (tab, at) => `${at} ${tab}`);
  if (lineWidth(named) <= width) return named;
  return fitLine(
    bar(present, (tab, at) => (tab === present ? `${at} ${tab}` : `${at}`)),
    width,
  );
}

/** A bracket takes the place of a blank: nothing moves when one walks along. */
function bar(present: Tab, name: (tab: Tab, at: number) => string): Span[] {
  const here = TABS.indexOf(present);
  const spans = TABS.flatMap((tab, at) => {
    const before = at === here ? "[" : at === here + 1 ? "]" : " ";
    return [span(before, "strong"), span(name(tab, at), at === here ? "strong" : "dim")];
  });
  return here === TABS.length - 1 ? [...spans, span("]", "strong")] : spans;
}
