/** A stack of a command's own, in a process of its own, with an administrator; gone afterwards. */
import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processEnvironment, readConfig } from "../../services/common/config.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { addUser, freeServicePorts, removeStackData } from "../../services/stack/access.ts";
import type { TargetUrls } from "../engine/plan.ts";
import { type ChildStack, startChildStack } from "./child-stack.ts";
import { logIn } from "./log-in.ts";

export interface OwnStack {
  readonly urls: TargetUrls;
  readonly adminToken: string;
  stop(): Promise<void>;
}

/** One that was started here, so that it may also be disturbed. */
export interface StartedStack extends OwnStack {
  readonly standStill: ChildStack["standStill"];
}

/**
 * Starts it on a folder named after `purpose`; `settings` come on top of this shell's.
 * @throws CommandError with the child's own line when it cannot start
 */
export async function startOwnStack(
  purpose: string,
  settings: Readonly<Record<string, string>>,
): Promise<StartedStack> {
  const ports = await freeServicePorts(readConfig(processEnvironment()));
  const environment = { ...ownEnvironment(ports), ...settings };
  const dataDir = await mkdtemp(join(tmpdir(), `reservex-${purpose}-`));
  let stack: ChildStack | undefined;
  const stop = async () => {
    await stack?.stop();
    await removeStackData(dataDir);
  };
  try {
    stack = await startChildStack({ dataDir, environment });
    const email = `admin@${purpose}.invalid`;
    const password = randomBytes(18).toString("base64url");
    const person = { email, password, name: "Operator" };
    await addUser(readConfig(environment), dataDir, person, "ADMIN");
    const adminToken = await logIn(stack.urls.account, email, password);
    return { urls: stack.urls, adminToken, standStill: stack.standStill, stop };
  } catch (error) {
    await stop();
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
