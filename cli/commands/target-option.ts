/** `--target`: where the services are that a command is to talk to. */
import { InvalidArgumentError } from "commander";
import type { Config } from "../../services/common/config.ts";
import { SERVICES } from "../../services/common/contracts/names.ts";
import { stackUrls } from "../../services/stack/stack-urls.ts";
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

/** `service=url` parts; at most one other part, which is the file of another system. */
export function parseTarget(text: string): Partial<Record<string, string>> {
  const target: Partial<Record<string, string>> = {};
  for (const part of text.split(",")) {
    const [name = "", ...rest] = part.split("=");
    const url = rest.join("=");
    if (rest.length === 0 && /\.(json|m?[jt]s)$/.test(part) && target.file === undefined) {
      target.file = part;
      continue;
    }
    if (!SERVICES.some((service) => service === name) || !URL.canParse(url)) {
      throw new InvalidArgumentError(
        `"${part}" is not service=url, nor a .json or .ts file; services are ${SERVICES.join(", ")}`,
      );
    }
    target[name] = url.replace(/\/$/, "");
  }
  return target;
}
