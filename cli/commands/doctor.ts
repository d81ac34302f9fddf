/** `reservex doctor`: what is missing on this machine and how to get it. */
import type { Command } from "commander";
import { examine } from "../../services/stack/doctor.ts";
import { EXIT } from "../exit.ts";
import type { Run } from "../main.ts";
import { dataOption, jsonOption } from "./options.ts";

const MARKS = { ok: "✔", missing: "✘", absent: "–" } as const;

export function addDoctor(program: Command, run: Run): void {
  program
    .command("doctor")
    .description("what is missing on this machine, and how to get it")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options: { readonly data: string; readonly json?: boolean }) =>
      run(async ({ output, config }) => {
        const checks = await examine(config(), options.data);
        const width = Math.max(...checks.map((check) => check.name.length));
        for (const { name, state, found, remedy } of checks) {
          const hint = remedy ? `  → ${remedy}` : "";
          output.result(`${MARKS[state]} ${name.padEnd(width)}  ${found}${hint}`);
        }
        const healthy = checks.every((check) => check.state !== "missing");
        output.document({ healthy, checks });
        return healthy ? EXIT.valid : EXIT.unavailable;
      }, options),
    );
}
