/**
 * Has PostgreSQL plan each statement once a connection instead of once a call: planning our small
 * statements costs more than running them. It keeps them under a name made of their text.
 */
import { createHash } from "node:crypto";
import type { Interceptor } from "slonik";

/**
 * Statements made of parts are few; should their number ever grow with the data, the rest is sent
 * without a name, because a connection keeps what it has prepared until it ends.
 */
const KEPT_AT_MOST = 500;

/** Makes an interceptor that names the statements of one pool. */
export function preparedStatements(keptAtMost: number = KEPT_AT_MOST): Interceptor {
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    const known = names.get(text);
    if (known || names.size >= keptAtMost) return known;
    // The driver refuses another text under the same name, so a collision would be no wrong answer.
    const name = createHash("sha256").update(text).digest("base64url").slice(0, 24);
    names.set(text, name);
    return name;
  };
  return {
    name: "prepared-statements",
    transformQuery: (_context, query) => {
      const name = nameOf(query.sql);
      return name === undefined ? query : { ...query, name };
    },
  };
}
