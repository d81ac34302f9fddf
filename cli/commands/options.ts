/** Options that several commands share, with what fits them. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { FAULTS, type FaultKind } from "../../loadtests/chaos/faults.ts";

/** A whole number between two bounds, both included. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

export function percent(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 100) {
    throw new InvalidArgumentError("must be a number from 0 to 100");
  }
  return value;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "90s", "5m", "2h", "1d" in milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("must be like 90s, 5m, 2h or 1d");
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** An ISO-8601 instant as it is, or "now", "now+2h", "now-5m" by this machine's clock. */
export function moment(text: string): string {
  const [, sign, length] = /^now(?:([+-])(\w+))?$/.exec(text) ?? [];
  if (text === "now" || length !== undefined) {
    const offsetMs = length === undefined ? 0 : duration(length);
    return new Date(Date.now() + (sign === "-" ? -offsetMs : offsetMs)).toISOString();
  }
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError(
      "must be an instant like 2027-05-01T20:00:00Z, or now, now+2h, now-5m",
    );
  }
  return text;
}

/** A price as it is written: 49.90. */
export function price(text: string): number {
  if (!/^\d{1,10}(\.\d{1,2})?$/.test(text)) {
    throw new InvalidArgumentError("must be an amount like 49.90");
  }
  return Number(text);
}

/** A row's id in a database. */
export const rowId = whole(1, 2_147_483_647);

export const jsonOption = (): Option =>
  new Option("--json", "one JSON document on stdout, nothing else there");

export const dataOption = (): Option =>
  new Option("--data <dir>", "folder of the embedded PostgreSQL").default(".reservex");

export const MAX_CLIENTS = 100_000;

export const summaryOption = (): Option =>
  new Option("--summary <file>", "add the Markdown summary to this file, as CI servers show it");

/** Which faults; true: all that the target can take. */
export type ChaosOption = true | readonly FaultKind[];

export const chaosOption = (words: string, kinds: readonly FaultKind[]): Option =>
  new Option("--chaos [faults]", `${words}: some of ${kinds.join(",")} (default: all)`).argParser(
    parseFaults,
  );

function parseFaults(text: string): FaultKind[] {
  return text.split(",").map((word) => {
    const kind = FAULTS.find((one) => one === word.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`"${word}" is none of ${FAULTS.join(", ")}`);
  });
}

/** What the crowd does, and the sale it storms. */
export interface CrowdOptions {
  readonly clients: number;
  readonly stock: number;
  readonly quantity: number;
  readonly permitsPerMinute: number;
  readonly pacing: "smooth" | "burst";
  readonly arrivals: ArrivalsOption;
  /** Read from the file of replayed arrivals, one for each client. */
  readonly arrivalOffsetsMs?: readonly number[];
  readonly arrivalSeconds: number;
  readonly absent: number;
  readonly attackers: number;
  readonly paymentFailure: number;
  readonly impatient: number;
  readonly patience: number;
  readonly doubleClicks: number;
  readonly retrying: number;
  /** Without them nobody does, and passes live as the contract has it. */
  readonly regretting?: number;
  readonly dawdling?: number;
  readonly passTtlSeconds?: number;
  readonly workers: number;
  readonly sockets: "shared" | "own";
  readonly seed: number;
  readonly maxSeconds: number;
  readonly settleSeconds: number;
  /** When open bookings of the target must have ended; without it the usual minute. */
  readonly settleWithinSeconds?: number;
  readonly out?: string;
  /** Gets the Markdown summary added at its end. */
  readonly summary?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export type ArrivalsOption =
  | { readonly how: "burst" | "ramp" | "poisson" }
  | { readonly how: "replay"; readonly file: string };

export function arrivals(text: string): ArrivalsOption {
  const file = /^replay:(.+)$/s.exec(text)?.[1];
  if (file !== undefined) return { how: "replay", file };
  if (text === "burst" || text === "ramp" || text === "poisson") return { how: text };
  throw new InvalidArgumentError("must be burst, ramp, poisson or replay:FILE");
}

type Defaults = Pick<CrowdOptions, "clients" | "stock" | "permitsPerMinute" | "maxSeconds"> &
  Pick<CrowdOptions, "absent" | "attackers" | "paymentFailure" | "arrivalSeconds">;

export function addCrowdOptions(command: Command, defaults: Defaults): Command {
  return command
    .option("--clients <n>", "virtual clients", whole(1, MAX_CLIENTS), defaults.clients)
    .option(
      "--stock <n>",
      "pieces on sale, over three products",
      whole(3, 10_000_000),
      defaults.stock,
    )
    .option("--quantity <n>", "pieces a client buys", whole(1, 4), 1)
    .option(
      "--permits-per-minute <n>",
      "admission limit of the waiting room",
      whole(1, 60_000),
      defaults.permitsPerMinute,
    )
    .addOption(
      new Option("--pacing <how>", "permits open evenly, or as many at once as the window allows")
        .choices(["smooth", "burst"])
        .default("smooth"),
    )
    .addOption(
      new Option(
        "--arrivals <how>",
        "burst (all at once), ramp (evenly), poisson (at random), or replay:FILE: a client for each line of a CSV or NDJSON of offsetMs",
      )
        .argParser(arrivals)
        .default({ how: "ramp" }, "ramp"),
    )
    .option(
      "--arrival-seconds <n>",
      "how long clients keep arriving",
      whole(0, 3_600),
      defaults.arrivalSeconds,
    )
    .option("--absent <percent>", "clients that join and vanish", percent, defaults.absent)
    .option(
      "--attackers <percent>",
      "clients that try to cheat, in turns: without a pass, a forged, a stolen, a spent one, by polling all the time, with many accounts",
      percent,
      defaults.attackers,
    )
    .option("--impatient <percent>", "clients that leave the line after --patience", percent, 0)
    .option("--patience <seconds>", "how long the impatient wait in line", whole(1, 3_600), 10)
    .option("--double-clicks <percent>", "clients that join and buy twice at once", percent, 3)
    .option("--retrying <percent>", "clients that send an accepted purchase again", percent, 0)
    .option("--regretting <percent>", "clients that cancel what was confirmed", percent)
    .option("--dawdling <percent>", "clients that let their pass run out, then buy", percent)
    .option("--pass-ttl-seconds <n>", "how long a pass lives (default: 300)", whole(5, 3_600))
    .option("--payment-failure <percent>", "declined payments", percent, defaults.paymentFailure)
    .option("--workers <n>", "processes that share the clients among them", whole(1, 64), 1)
    .addOption(
      new Option("--sockets <whose>", "clients take turns on some, or each has its own")
        .choices(["shared", "own"])
        .default("shared"),
    )
    .option("--seed <n>", "the same seed, the same crowd", whole(0, 2_147_483_647), 1)
    .option(
      "--max-seconds <n>",
      "stop the run after this time",
      whole(1, 86_400),
      defaults.maxSeconds,
    )
    .option(
      "--settle-seconds <n>",
      "how long open bookings may take to end afterwards",
      whole(0, 3_600),
      120,
    )
    .option("--out <dir>", "folder for the record and the reports (default: runs/<time>)")
    .addOption(summaryOption())
    .option("--quiet", "no dashboard and no progress")
    .addOption(jsonOption());
}
