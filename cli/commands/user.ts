/** `reservex user create`: the way to the first administrator. */
import type { Command } from "commander";
import { signupBody } from "../../services/common/contracts/account.ts";
import { addUser as storeUser } from "../../services/stack/access.ts";
import { CommandError, EXIT, usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import { dataOption, jsonOption } from "./options.ts";

interface CreateOptions {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly admin?: boolean;
  readonly data: string;
  readonly json?: boolean;
}

export function addUser(program: Command, run: Run): void {
  program
    .command("user")
    .description("people who may log in")
    .command("create")
    .description("make an account, on a running stack, a data folder or DATABASE_URL")
    .requiredOption("--email <address>", "also the name to log in with")
    .requiredOption("--password <text>", "8 to 128 characters")
    .requiredOption("--name <text>", "for people")
    .option("--admin", "an administrator")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options: CreateOptions) =>
      run(async ({ output, config }) => {
        const person = parsePerson(options);
        const role = options.admin ? "ADMIN" : "USER";
        const made = await storeUser(config(), options.data, person, role);
        if (!made) throw new CommandError(EXIT.usage, `there is an account for ${person.email}`);
        output.result(`${role.toLowerCase()} ${person.email} has user id ${made.userId}`);
        output.document({ userId: made.userId, email: person.email, role });
        return EXIT.valid;
      }, options),
    );
}

function parsePerson({ email, password, name }: CreateOptions) {
  const parsed = signupBody.safeParse({ email, password, name });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw usageError(`--${String(issue.path[0])}: ${issue.message}`);
}
