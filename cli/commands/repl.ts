/** `reservex repl`: Moleculer's own REPL on the running cluster. */
import type { Command } from "commander";
import { joinCluster } from "../../services/stack/access.ts";
import { usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { dataOption, jsonOption } from "./options.ts";

export function addRepl(program: Command, run: Run): void {
  program
    .command("repl")
    .description("Moleculer's REPL on the running cluster: try nodes, services, actions, call")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options: { readonly data: string; readonly json?: boolean }) =>
      run(async ({ output, config }) => {
        if (options.json)
          throw usageError("--json: a REPL is for people; call the HTTP API instead");
        const broker = await joinCluster(config(), options.data);
        output.progress(
          "on the cluster; try: nodes, services, actions, call queue.… ; exit leaves",
        );
        broker.repl();
        // The REPL ends the process itself, after stopping the broker.
        return new Promise<never>(() => {});
      }, options),
    );
}
