/** A whole stack with an administrator, for tests of what operators do with it. */
import * as assert from "uvu/assert";
import {
  type Environment,
  type Finished,
  FREE_PORTS,
  type RunningStack,
  removeDataFolder,
  reservex,
  startUp,
  temporaryFolder,
} from "./processes.ts";
import { call, logIn } from "./shopper.ts";

export const EMAIL = "ops@example.com";
export const PASSWORD = "correct horse";

export interface Account {
  readonly userId: number;
  readonly accessToken: string;
}

export interface OperatedStack {
  readonly stack: RunningStack;
  readonly dataDir: string;
  /** The administrator's token. */
  readonly admin: string;
  /** Options by which a command finds the stack, and is let in. */
  readonly access: readonly string[];
  /** New people who may buy. */
  people(count: number, prefix: string): Promise<readonly Account[]>;
  stop(): Promise<void>;
}

export async function startOperatedStack(settings: Environment = {}): Promise<OperatedStack> {
  const dataDir = await temporaryFolder();
  const data = ["--data", dataDir];
  const stack = await startUp(data, { ...FREE_PORTS, LOG_LEVEL: "error", ...settings });
  const person = ["--email", EMAIL, "--password", PASSWORD, "--name", "Ops", "--admin"];
  const created = await reservex(["user", "create", ...person, ...data]);
  assert.is(created.code, 0, created.stderr);
  const admin = await logIn(stack.urls, EMAIL, PASSWORD);
  return {
    ...{ stack, dataDir, admin },
    access: [...data, "--admin-email", EMAIL, "--admin-password", PASSWORD],
    async people(count, prefix) {
      const path = `${stack.urls.account}/api/admin/test-accounts`;
      const { body } = await call(path, { token: admin, body: { count, prefix } });
      return body.accounts as readonly Account[];
    },
    async stop() {
      await stack.stop();
      await removeDataFolder(dataDir);
    },
  };
}

/** A command that must succeed. */
export async function succeed(args: readonly string[]): Promise<Finished> {
  const done = await reservex(args);
  assert.is(done.code, 0, `${args.join(" ")}: ${done.stderr}`);
  return done;
}
