/** Pure rules of logging in: how passwords are stored, and how long a guesser has to wait. */

/**
 * OWASP's Password Storage Cheat Sheet, second choice: 19 MiB, 2 passes, 1 lane. Measured here at
 * about 25 ms of one core.
 */
export const ARGON2ID = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;

export interface StoredPassword {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

/** PHC string format, as every argon2 library reads it: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. */
export function formatStored(stored: StoredPassword): string {
  const { memory, passes, parallelism, salt, tag } = stored;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** undefined for anything but an argon2id PHC string. */
export function parseStored(text: string): StoredPassword | undefined {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
      text,
    );
  if (!match) return undefined;
  return {
    memory: Number(match[1]),
    passes: Number(match[2]),
    parallelism: Number(match[3]),
    salt: Buffer.from(match[4]!, "base64"),
    tag: Buffer.from(match[5]!, "base64"),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}

/** Failures that cost nothing, for somebody who mistypes at home… */
const FREE_TRIES_PAIR = 5;
/** …and for a whole office behind one address. */
const FREE_TRIES_ADDRESS = 50;
const LONGEST_WAIT_SECONDS = 900;

export type FailureScope = "pair" | "address";

/**
 * Seconds that must have passed since the last failure before another try is looked at: doubling,
 * never a lock-out, so that nobody can lock another person out for good.
 */
export function waitSeconds(scope: FailureScope, failures: number): number {
  const free = scope === "pair" ? FREE_TRIES_PAIR : FREE_TRIES_ADDRESS;
  if (failures < free) return 0;
  return Math.min(LONGEST_WAIT_SECONDS, 2 ** Math.min(failures - free, 10));
}
