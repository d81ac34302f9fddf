/** Where workers on other machines meet whoever plans a run. */
import { InvalidArgumentError } from "commander";
import { processEnvironment } from "../../services/common/config.ts";
import { isGroup } from "../engine/crew/far/far-messages.ts";
import { usageError } from "../exit.ts";

/** Names the place without its appearing among a machine's processes, for it may hold a password. */
const VARIABLE = "RESERVEX_WORKERS_AT";

export function groupName(text: string): string {
  if (isGroup(text)) return text;
  throw new InvalidArgumentError("must be 1 to 32 letters, digits, - or _");
}

/**
 * As told, else by the variable; undefined where nobody says. Looked at here and not where options
 * are read, for there a wrong one would be repeated, its password and all.
 */
export function workersAt(option: string, told: string | undefined): string | undefined {
  const [name, said] =
    told === undefined ? [VARIABLE, processEnvironment()[VARIABLE]] : [option, told];
  if (said === undefined || said === "") return undefined;
  const { protocol = "", hostname = "" } = URL.canParse(said) ? new URL(said) : {};
  if ((protocol === "nats:" || protocol === "tls:") && hostname !== "") return said;
  throw usageError(`${name} must be a URL like nats://HOST:4222 or tls://HOST:4222`);
}

export const orVariable = (words: string): string => `${words} (or the variable ${VARIABLE})`;
