/** `reservex load`: k6 or autocannon against a sale, then the judge on the books that it leaves. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argument, type Command } from "commander";
import { AUTOCANNON } from "../../loadtests/autocannon/run-autocannon.ts";
import { K6 } from "../../loadtests/k6/run-k6.ts";
import type { SaleFile } from "../../loadtests/sale-file.ts";
import type { Tool, ToolOutcome } from "../../loadtests/tool.ts";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { EXIT, usageError } from "../exit.ts";
import { type Interrupts, listenForInterrupts } from "../interrupts.ts";
import type { Run } from "../main.ts";
import { type BookRun, judgeBooksOf } from "../run/books-run.ts";
import { logIn } from "../run/log-in.ts";
import { type OwnStack, startOwnStack } from "../run/own-stack.ts";
import { adminOf } from "./operator.ts";
import { dataOption, jsonOption, whole } from "./options.ts";
import { parseTarget, type TargetChoice, targetUrls } from "./target-option.ts";

interface LoadOptions extends TargetChoice {
  readonly clients: number;
  readonly stock: number;
  readonly seconds: number;
  readonly connections: number;
  readonly permitsPerMinute: number;
  readonly settleSeconds: number;
  readonly adminEmail?: string;
  readonly adminPassword?: string;
  readonly json?: boolean;
}

const TOOLS: Readonly<Record<string, Tool>> = { k6: K6, autocannon: AUTOCANNON };

export function addLoad(program: Command, run: Run): void {
  const scenarios = Object.values(TOOLS).flatMap(({ name, scenarios: known }) =>
    Object.entries(known).map(([one, about]) => `  ${name.padEnd(11)} ${one.padEnd(13)} ${about}`),
  );
  program
    .command("load")
    .description("k6 or autocannon against a sale, then the books it leaves are judged")
    .addArgument(new Argument("<tool>", "which one").choices(Object.keys(TOOLS)))
    .argument("[scenario]", "one of those below; the first when it is left out")
    .option("--clients <n>", "buyers' accounts", whole(1, 10_000), 100)
    .option("--stock <n>", "pieces on sale, over three products", whole(3, 10_000_000), 60)
    .option(
      "--seconds <n>",
      "how long to load, where it does not end by itself",
      whole(1, 86_400),
      10,
    )
    .option("--connections <n>", "of autocannon", whole(1, 1_000), 32)
    .option("--permits-per-minute <n>", "admission limit", whole(1, 60_000), 6_000)
    .option("--settle-seconds <n>", "for bookings to end afterwards", whole(0, 3_600), 90)
    .option("--target <urls>", "service=url, comma separated: a stack that runs", parseTarget)
    .option("--admin-email <address>", "an administrator of a stack that runs; else one is started")
    .option("--admin-password <text>", "(or the variable RESERVEX_ADMIN_PASSWORD)")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", `\nScenarios:\n${scenarios.join("\n")}`)
    .action((toolName: string, scenario: string | undefined, options: LoadOptions) =>
      run(async ({ output, config }) => {
        const tool = TOOLS[toolName]!;
        const chosen = scenario ?? Object.keys(tool.scenarios)[0]!;
        if (tool.scenarios[chosen] === undefined) {
          const known = Object.keys(tool.scenarios).join(", ");
          throw usageError(`"${chosen}" is none of ${tool.name}'s: ${known}`);
        }
        await tool.find(processEnvironment());
        const interrupts = listenForInterrupts();
        const stack = await openStack(options, config, output.progress);
        try {
          const { outcome, verdict, ledger } = await loadAndJudge(
            tool,
            chosen,
            options,
            stack,
            interrupts,
          );
          output.result(outcome.said.trimEnd());
          const { goalsHeld } = outcome;
          output.result(
            goalsHeld ? "the tool's own goals held" : "the tool's own goals were MISSED",
          );
          for (const { promise, verdict: word, because, witnesses } of verdict.verdicts) {
            output.result(`${promise.padEnd(9)} ${word.padEnd(8)} ${because}`);
            for (const { words } of witnesses) output.result(`  → ${words}`);
          }
          const reservations = ledger.reservations.length;
          output.document({
            tool: tool.name,
            scenario: chosen,
            ...outcome,
            reservations,
            ...verdict,
          });
          return verdict.exitCode === EXIT.valid && !goalsHeld ? EXIT.broken : verdict.exitCode;
        } finally {
          await stack.stop();
          interrupts.stopListening();
        }
      }, options),
    );
}

/** The stack that runs, when an administrator of it is named; else one of our own. */
async function openStack(
  options: LoadOptions,
  config: (environment: NodeJS.ProcessEnv) => Config,
  progress: (text: string) => void,
): Promise<OwnStack> {
  if (options.adminEmail === undefined) {
    if (options.target !== undefined) throw usageError("--target also needs --admin-email");
    progress("starting PostgreSQL and five services …");
    return startOwnStack("load", {});
  }
  const urls = await targetUrls(options, config(processEnvironment()));
  const { email, password } = adminOf(options);
  return { urls, adminToken: await logIn(urls.account, email, password), stop: async () => {} };
}

async function loadAndJudge(
  tool: Tool,
  scenario: string,
  options: LoadOptions,
  { urls, adminToken }: OwnStack,
  interrupts: Interrupts,
) {
  const { clients, stock, permitsPerMinute, settleSeconds, seconds, connections } = options;
  const wish = { clients, stock, permitsPerMinute, pacing: "burst" as const };
  const books: BookRun = { urls, adminToken, wish, settleSeconds, insisted: interrupts.insisted };
  const folder = await mkdtemp(join(tmpdir(), "reservex-load-"));
  try {
    return await judgeBooksOf(books, async ({ sale, accounts }): Promise<ToolOutcome> => {
      const file: SaleFile = {
        urls: { queue: urls.queue, ticket: urls.ticket },
        eventId: sale.eventId,
        productIds: sale.products.map((product) => product.id),
        clients: accounts,
      };
      const saleFile = join(folder, "sale.json");
      await writeFile(saleFile, JSON.stringify(file));
      return tool.run({
        ...{ scenario, sale: file, saleFile, seconds, connections },
        environment: processEnvironment(),
        interrupted: interrupts.asked,
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
