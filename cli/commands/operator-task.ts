/** One command of a group that operators use: its argument, its options, and the service it asks. */
import type { Command } from "commander";
import type { ServiceName } from "../../services/common/contracts/names.ts";
import { EXIT } from "../exit.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import {
  addOperatorOptions,
  type OperatorClient,
  type OperatorOptions,
  operate,
  type Reach,
} from "./operator.ts";

/** What a command works with. `A`: its argument, as parsed. */
export interface Task<O, A = undefined> {
  readonly argument: A;
  readonly options: O;
  readonly client: OperatorClient;
  readonly reach: Reach;
  readonly output: Output;
}

export interface TaskGroup {
  readonly group: Command;
  readonly service: ServiceName;
  readonly run: Run;
}

/** `<id>` is required, `[id]` is not. */
export interface Argument<A> {
  readonly name: string;
  readonly does: string;
  readonly parse: (text: string) => A;
}

export function addTask<O extends OperatorOptions, A = undefined>(
  { group, service, run }: TaskGroup,
  { name, does, argument }: { name: string; does: string; argument?: Argument<A> },
  work: (task: Task<O, A>) => Promise<unknown>,
): Command {
  const command = group.command(name).description(does);
  if (argument) command.argument(argument.name, argument.does, argument.parse);
  return addOperatorOptions(command, service).action(() => {
    const options = command.opts<O>();
    const given = command.processedArgs[0] as A;
    return run(
      ({ output }) =>
        operate(service, options, async (client, reach) => {
          await work({ argument: given, options, client, reach, output });
          return EXIT.valid;
        }),
      options,
    );
  });
}

/** Rows of the longest page that the services give. */
const PAGE_ROWS = 100;

/**
 * All rows of a paged list, up to `limit`.
 * @param read the page after a row; one shorter than was asked for is the last
 */
export async function readPages<T>(
  limit: number,
  read: (last: T | undefined, rows: number) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const all: T[] = [];
  while (all.length < limit) {
    const rows = Math.min(PAGE_ROWS, limit - all.length);
    const page = await read(all.at(-1), rows);
    all.push(...page);
    if (page.length < rows) break;
  }
  return all.slice(0, limit);
}
