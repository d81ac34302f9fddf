/** A stack of a command's own, in a process of its own, with an administrator; gone when it is closed. */
import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, processEnvironment } from "../../services/common/config.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { addUser, freeServicePorts, removeStackData } from "../../services/stack/access.ts";
import type { TargetUrls } from "../engine/plan.ts";
import { type ChildStack, startChildStack } from "./child-stack.ts";
import { logIn } from "./sale-run.ts";

export interface OwnStack {
  readonly urls: TargetUrls;
  readonly adminToken: string;
  /** Ends it and deletes its data. */
  close(): Promise<void>;
}

/**
 * Starts one on the usual ports where they are free. `settings` are laid over the environment.
 * @throws CommandError when it cannot start
 */
export async function openOwnStack(
  config: (environment: NodeJS.ProcessEnv) => Config,
  settings: NodeJS.ProcessEnv = {},
): Promise<OwnStack> {
  const ports = await freeServicePorts(config(processEnvironment()));
  const environment = { ...ownEnvironment(ports), ...settings };
  const dataDir = await mkdtemp(join(tmpdir(), "reservex-demo-"));
  let stack: ChildStack | undefined;
  const close = async () => {
    await stack?.stop();
    await removeStackData(dataDir);
  };
  try {
    stack = await startChildStack({ dataDir, environment });
    const adminToken = await firstAdmin(stack, config(environment), dataDir);
    return { urls: stack.urls, adminToken, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The child gets its own PostgreSQL and room, whatever this shell is set up for. */
function ownEnvironment(ports: Readonly<Record<string, number>>): NodeJS.ProcessEnv {
  const environment = { ...processEnvironment() };
  for (const name of ["DATABASE_URL", "NATS_URL", "REDIS_URL", "ACCOUNT_URL", "NODE_ENV"]) {
    delete environment[name];
  }
  for (const name of SERVICES) environment[`${name.toUpperCase()}_PORT`] = String(ports[name]);
  return { ...environment, HTTP_HOST: "127.0.0.1", ALLOW_TEST_ACCOUNTS: "true" };
}

async function firstAdmin(stack: ChildStack, config: Config, dataDir: string): Promise<string> {
  const email = "admin@demo.invalid";
  const password = randomBytes(18).toString("base64url");
  await addUser(config, dataDir, { email, password, name: "Demo" }, "ADMIN");
  return logIn(stack.urls.account, email, password);
}
