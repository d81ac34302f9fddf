/** `--target`: where the services are that a command is to talk to. */
import { InvalidArgumentError } from "commander";
import type { Config } from "../../services/common/config.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { stackUrls } from "../../services/stack/access.ts";
import type { TargetUrls } from "../engine/plan.ts";

export interface TargetChoice {
  readonly target?: Partial<Record<string, string>>;
  readonly data: string;
}

/** As told; else of the stack on the data folder; else the usual ports. */
export async function targetUrls(options: TargetChoice, config: Config): Promise<TargetUrls> {
  const known = (await stackUrls(options.data)) ?? {};
  const entries = SERVICES.map((name) => [
    name,
    options.target?.[name] ?? known[name] ?? `http://127.0.0.1:${config.ports[name]}`,
  ]);
  return Object.fromEntries(entries) as unknown as TargetUrls;
}

export function parseTarget(text: string): Partial<Record<string, string>> {
  const target: Partial<Record<string, string>> = {};
  for (const part of text.split(",")) {
    const [name = "", ...rest] = part.split("=");
    const url = rest.join("=");
    if (!SERVICES.some((service) => service === name) || !URL.canParse(url)) {
      throw new InvalidArgumentError(
        `"${part}" is not service=url; services are ${SERVICES.join(", ")}`,
      );
    }
    target[name] = url.replace(/\/$/, "");
  }
  return target;
}
