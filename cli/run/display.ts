/** Shows a run while it goes on: the dashboard, plain lines, or nothing. The run does not know which. */
import type { Snapshot } from "../engine/snapshot.ts";
import { chooseDisplay } from "../tui/choose-display.ts";
import type { Wish } from "../tui/dashboard.ts";
import { startPlain } from "../tui/plain.ts";
import { startRemoteDashboard } from "../tui/remote-dashboard.ts";

export interface Display {
  readonly isDashboard: boolean;
  /** Leaves a last picture and gives the terminal back. */
  stop(last?: Snapshot): Promise<void> | void;
}

export interface DisplayOptions {
  readonly getSnapshot: () => Snapshot;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly environment: NodeJS.ProcessEnv;
  /** A key or Ctrl-C on the dashboard, where the terminal sends no signal. */
  readonly onInterrupt: () => void;
  /** A key on the dashboard that changes the run. */
  readonly onWish: (wish: Wish) => void;
}

/** Whether text on this stream may carry colours. */
export function wantsColor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): boolean {
  return (
    stream.isTTY === true && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb"
  );
}

export function startDisplay(options: DisplayOptions): Display {
  const { getSnapshot, json, quiet, environment } = options;
  const stream = process.stderr;
  const { display, color } = chooseDisplay({
    isTTY: stream.isTTY === true,
    json,
    quiet,
    noColor: environment.NO_COLOR,
    term: environment.TERM,
    ci: environment.CI,
    columns: stream.columns,
  });
  switch (display) {
    case "dashboard":
      return {
        isDashboard: true,
        ...startRemoteDashboard({
          ...{ getSnapshot, color, environment },
          onInterrupt: options.onInterrupt,
          onWish: options.onWish,
        }),
      };
    case "plain": {
      const write = (text: string) => stream.write(text);
      return { isDashboard: false, ...startPlain({ getSnapshot, write, everyMs: 2_000 }) };
    }
    case "none":
      return { isDashboard: false, stop: () => {} };
  }
}
