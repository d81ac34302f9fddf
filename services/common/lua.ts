/** Lua scripts: read from files beside the code, put together from their parts, known by a contract. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface LuaScript {
  readonly name: string;
  readonly source: string;
}

/** Parts by name that take the place of the files: for tests, which keep their own time. */
export type LuaParts = Readonly<Record<string, string>>;

/**
 * Reads `<folder>/<name>.lua`. Its first line may say `-- include part part …`: those files of the
 * same folder come before it, in that order.
 */
export function readLua(folder: string, name: string, instead: LuaParts = {}): LuaScript {
  const read = (part: string) => instead[part] ?? readFileSync(join(folder, `${part}.lua`), "utf8");
  const body = read(name);
  const parts = /^-- include ([\w ]+)\n/.exec(body)?.[1]?.split(" ") ?? [];
  return { name, source: [...parts.map(read), body].join("\n") };
}
