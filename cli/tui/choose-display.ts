/** Chooses how a run shows itself, from what is known about the terminal. Pure. */

export interface DisplayFacts {
  /** Whether the stream to draw on (stderr) is a terminal. */
  readonly isTTY: boolean;
  /** The result is wanted as JSON on stdout. */
  readonly json: boolean;
  readonly quiet: boolean;
  /** The values of NO_COLOR, TERM and CI; undefined where not set. */
  readonly noColor?: string | undefined;
  readonly term?: string | undefined;
  readonly ci?: string | undefined;
  /** Width of the terminal in cells; undefined where not known. */
  readonly columns?: number | undefined;
}

export interface DisplayChoice {
  readonly display: "dashboard" | "plain" | "none";
  readonly color: boolean;
}

/** The dashboard is made for this width and more. */
const NARROWEST_DASHBOARD = 40;

/**
 * quiet: nothing. A terminal with room: the dashboard, also beside JSON (they are different
 * streams). Anything else: plain lines; but beside JSON nothing, for a program started that run.
 * NO_COLOR counts when it is not empty (no-color.org).
 */
export function chooseDisplay(facts: DisplayFacts): DisplayChoice {
  if (facts.quiet) return { display: "none", color: false };
  const onCi = facts.ci !== undefined && !["", "0", "false"].includes(facts.ci);
  const wide = (facts.columns ?? NARROWEST_DASHBOARD) >= NARROWEST_DASHBOARD;
  if (facts.isTTY && facts.term !== "dumb" && !onCi && wide) {
    return { display: "dashboard", color: (facts.noColor ?? "") === "" };
  }
  return { display: facts.json && !facts.isTTY ? "none" : "plain", color: false };
}
