/** What operators' commands share: a running stack, calls as an administrator, one-line errors. */
import { type Command, InvalidArgumentError } from "commander";
import type { ZodType } from "zod";
import { processEnvironment } from "../../services/common/config.ts";
import type { ServiceName } from "../../services/common/contracts/names.ts";
import { UnavailableError } from "../../services/common/errors.ts";
import { stackUrls } from "../../services/stack/stack-urls.ts";
import {
  type AdminCall,
  AdminClient,
  isCallersFault,
  TargetError,
} from "../engine/admin-client.ts";
import { isRecord } from "../engine/client/answer.ts";
import { usageError } from "../exit.ts";
import { logIn } from "../run/log-in.ts";
import { dataOption, jsonOption } from "./options.ts";

export interface OperatorOptions {
  readonly data: string;
  readonly adminEmail?: string;
  readonly adminPassword?: string;
  readonly json?: boolean;
  /** `--queue-url` is `queueUrl`, and so on. */
  readonly [option: string]: unknown;
}

/** Adds how to reach one service, and who asks. */
export function addOperatorOptions(command: Command, service: ServiceName): Command {
  return command
    .option("--admin-email <address>", "an administrator")
    .option("--admin-password <text>", "(or the variable RESERVEX_ADMIN_PASSWORD)")
    .option(`--${service}-url <url>`, "base URL (default: of the stack on --data)", baseUrl)
    .option("--account-url <url>", "base URL (default: of the stack on --data)", baseUrl)
    .addOption(dataOption())
    .addOption(jsonOption());
}

/** Who asks, by the options or the environment. */
export function adminOf(options: Pick<OperatorOptions, "adminEmail" | "adminPassword">) {
  const email = options.adminEmail;
  const password = options.adminPassword ?? processEnvironment().RESERVEX_ADMIN_PASSWORD;
  if (email && password) return { email, password };
  throw usageError(
    "--admin-email and --admin-password are needed; make one with: reservex user create --admin …",
  );
}

/** Another service of the same stack; undefined where nobody said where it is. */
export type Reach = (service: ServiceName) => Promise<OperatorClient | undefined>;

/** Logs in and lets `work` talk to the service, and to others where that helps. */
export async function operate(
  service: ServiceName,
  options: OperatorOptions,
  work: (client: OperatorClient, reach: Reach) => Promise<number>,
): Promise<number> {
  const { email, password } = adminOf(options);
  const url = await urlOf(service, options);
  const token = await signIn(await urlOf("account", options), email, password);
  const clients = [new OperatorClient(url, token)];
  const reach: Reach = async (other) => {
    const found = await knownUrl(other, options);
    if (found === undefined) return undefined;
    const client = new OperatorClient(found, token);
    clients.push(client);
    return client;
  };
  try {
    return await work(clients[0]!, reach);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** JSON calls to one service. What goes wrong is one line with the exit code that fits. */
export class OperatorClient {
  readonly #client: AdminClient;

  constructor(baseUrl: string, token: string) {
    this.#client = new AdminClient(baseUrl, token);
  }

  /**
   * The answer, in the contract's shape.
   * @param subject what the call is about, as the user named it: "event 7"
   * @throws CommandError (64) when the service says that the call is wrong;
   *   {@link TargetError} (69) when it does not answer, not now, or with something else
   */
  async ask<T>(answer: ZodType<T>, subject: string, call: AdminCall): Promise<T> {
    const reply = await this.#client.try(call);
    if (reply.outcome !== "ok") {
      if (!isCallersFault(reply.status)) throw this.#client.errorOf(call, reply);
      throw usageError(`${subject}: ${detailOf(reply.body)} (${reply.code})`);
    }
    const read = answer.safeParse(reply.body);
    if (read.success) return read.data;
    throw this.#client.refusal(call, "its answer is not as agreed");
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

async function knownUrl(
  service: ServiceName,
  options: OperatorOptions,
): Promise<string | undefined> {
  const given = options[`${service}Url`];
  return typeof given === "string" ? given : (await stackUrls(options.data))?.[service];
}

async function urlOf(service: ServiceName, options: OperatorOptions): Promise<string> {
  const found = await knownUrl(service, options);
  if (found !== undefined) return found;
  throw new UnavailableError(
    `no stack with the ${service} service runs on ${options.data}; start one with: reservex up, or give --${service}-url`,
  );
}

/** A log-in that the account service calls wrong is the user's to mend; one it could not look at is not. */
async function signIn(accountUrl: string, email: string, password: string): Promise<string> {
  try {
    return await logIn(accountUrl, email, password);
  } catch (error) {
    if (!(error instanceof TargetError) || !error.callersFault) throw error;
    throw usageError(`--admin-email, --admin-password: ${error.message}`);
  }
}

function detailOf(problem: unknown): string {
  const detail = isRecord(problem) ? problem.detail : undefined;
  return typeof detail === "string" ? detail.replaceAll(/\s+/g, " ") : "refused";
}

/** An option that names where a service is. */
export function baseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError("must be a URL that starts with http:// or https://");
  }
  return text.replace(/\/+$/, "");
}
