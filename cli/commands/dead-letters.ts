/** `reservex saga dead-letters`: messages that a service could not handle, and trying them again. */
import type { Command } from "commander";
import {
  type DeadLetterView,
  deadLetters,
  requeued,
} from "../../services/common/contracts/dead-letters.ts";
import type { ServiceName } from "../../services/common/contracts/names.ts";
import { EXIT, usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { formatCount } from "../tui/number-format.ts";
import {
  addOperatorOptions,
  baseUrl,
  type OperatorClient,
  type OperatorOptions,
  operate,
} from "./operator.ts";

/** Every service that takes messages keeps those it could not handle. */
const KEEPERS = ["ticket", "payment", "saga"] as const satisfies readonly ServiceName[];

type Keeper = (typeof KEEPERS)[number];

export type FoundLetter = DeadLetterView & { readonly service: Keeper };

interface RequeueOptions extends OperatorOptions {
  readonly all?: boolean;
}

const PATH = "/api/admin/dead-letters";
const MOST_OF_AN_ERROR = 120;

/** Adds the subcommand to `reservex saga`. */
export function addDeadLetters(saga: Command, run: Run): void {
  const letters = withOptions(
    saga
      .command("dead-letters")
      .description("messages that a service could not handle; they are tried again now and then"),
  ).action((options: OperatorOptions) =>
    run(async ({ output }) => {
      const found = await findAll(options);
      for (const letter of found) output.result(letterText(letter));
      output.result(summaryText(found));
      output.document({ letters: found });
      return EXIT.valid;
    }, options),
  );
  withOptions(
    letters
      .command("requeue")
      .description("have one tried again at once, or all; one that fails again stays")
      .argument("[id]", "as listed")
      .option("--all", "every one of every service"),
  ).action((id: string | undefined, _own: RequeueOptions, command: Command) => {
    // What both commands know may have been read by the outer one.
    const options = command.optsWithGlobals<RequeueOptions>();
    return run(async ({ output }) => {
      const ids = await requeue(id, options);
      output.result(`${formatCount(ids.length)} tried again now; list them to see which stay`);
      output.document({ requeued: ids });
      return EXIT.valid;
    }, options);
  });
}

function withOptions(command: Command): Command {
  return addOperatorOptions(command, "saga")
    .option("--ticket-url <url>", "base URL (default: of the stack on --data)", baseUrl)
    .option("--payment-url <url>", "base URL (default: of the stack on --data)", baseUrl);
}

/** `work` with each service in turn. */
async function eachKeeper(
  options: OperatorOptions,
  work: (service: Keeper, client: OperatorClient) => Promise<void>,
): Promise<void> {
  for (const service of KEEPERS) {
    await operate(service, options, async (client) => {
      await work(service, client);
      return EXIT.valid;
    });
  }
}

async function findAll(options: OperatorOptions): Promise<readonly FoundLetter[]> {
  const found: FoundLetter[] = [];
  await eachKeeper(options, async (service, client) => {
    for (let after: string | null = ""; after !== null; ) {
      const path: string = `${PATH}?after=${encodeURIComponent(after)}`;
      const page = await client.ask(deadLetters, `the dead letters of ${service}`, {
        method: "GET",
        path,
      });
      found.push(...page.letters.map((letter) => ({ ...letter, service })));
      after = page.next;
    }
  });
  return found;
}

async function requeue(
  id: string | undefined,
  options: RequeueOptions,
): Promise<readonly string[]> {
  if ((id === undefined) !== (options.all === true)) throw usageError("give an id, or --all");
  const done: string[] = [];
  const owners = new Set<Keeper>(KEEPERS);
  if (id !== undefined) {
    owners.clear();
    for (const letter of await findAll(options)) if (letter.id === id) owners.add(letter.service);
    if (owners.size === 0) throw usageError(`there is no dead letter ${id}`);
  }
  await eachKeeper(options, async (service, client) => {
    if (!owners.has(service)) return;
    const which = id === undefined ? "" : `/${encodeURIComponent(id)}`;
    const subject = id === undefined ? `the dead letters of ${service}` : `dead letter ${id}`;
    const call = { method: "POST", path: `${PATH}${which}/requeue` } as const;
    done.push(...(await client.ask(requeued, subject, call)).requeued);
  });
  return done;
}

/** Two lines: what it is, and why it is here. */
export function letterText(letter: FoundLetter): string {
  const { service, id, type, sagaId, attempts, since, nextAttemptAt, lastError } = letter;
  const what = [type ?? "no message", sagaId ?? ""].filter(Boolean).join("  ");
  const next = nextAttemptAt ? `next ${nextAttemptAt}` : "waits for requeue";
  const error = lastError.replaceAll(/\s+/g, " ").slice(0, MOST_OF_AN_ERROR);
  return `${service.padEnd(7)}  ${id}  ${what}\n         ${formatCount(attempts)} attempts since ${since}, ${next}: ${error}`;
}

export function summaryText(letters: readonly FoundLetter[]): string {
  if (letters.length === 0) return "no dead letters";
  return letters.length === 1 ? "1 dead letter" : `${formatCount(letters.length)} dead letters`;
}
