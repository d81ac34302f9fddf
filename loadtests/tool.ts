/** A load tool that outsiders know, as the command line runs it. */
import type { SaleFile } from "./sale-file.ts";

export interface Tool {
  readonly name: "k6" | "autocannon";
  /** Names, and a few words about each; the first is what runs when nobody says. */
  readonly scenarios: Readonly<Record<string, string>>;
  /** @throws UnavailableError with how to get the tool where it is not there */
  find(environment: NodeJS.ProcessEnv): Promise<void>;
  /** @throws UnavailableError where the tool broke off */
  run(run: ToolRun): Promise<ToolOutcome>;
}

export interface ToolRun {
  readonly scenario: string;
  readonly sale: SaleFile;
  /** The same, where it lies as JSON. */
  readonly saleFile: string;
  readonly seconds: number;
  readonly connections: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly interrupted: AbortSignal;
}

export interface ToolOutcome {
  /** The tool's own thresholds. */
  readonly goalsHeld: boolean;
  /** The tool's own summary, for people. */
  readonly said: string;
}
