/**
 * Names under which PostgreSQL keeps statements, so that it plans each once a connection instead of
 * once a call: planning our small statements costs more than running them.
 */
import { createHash } from "node:crypto";

/**
 * Statements made of parts are few; should their number ever grow with the data, the rest is sent
 * without a name, because a connection keeps what it has prepared until it ends.
 */
const KEPT_AT_MOST = 500;

/** The name of a statement's text, the same in every process; undefined: it is not to be kept. */
export type StatementName = (text: string) => string | undefined;

export function statementNames(keptAtMost: number = KEPT_AT_MOST): StatementName {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known || names.size >= keptAtMost) return known;
    // The driver refuses another text under the same name, so a collision would be no wrong answer.
    const name = createHash("sha256").update(text).digest("base64url").slice(0, 24);
    names.set(text, name);
    return name;
  };
}
