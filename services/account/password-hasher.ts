/** argon2id off the event loop, a bounded number at a time: each one takes 19 MiB and a core. */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Problem } from "../common/errors.ts";
import { LIMITS } from "../common/limits.ts";
import { ARGON2ID, formatStored, parseStored, type StoredPassword } from "./credentials.ts";

const derive = promisify(argon2);

export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** What an unknown e-mail is compared with, so that it takes as long as a known one. */
  readonly #nobody: StoredPassword = {
    ...ARGON2ID,
    salt: randomBytes(16),
    tag: randomBytes(ARGON2ID.tagLength),
  };

  /** @throws Problem OVERLOADED when too many are waiting: nothing was done. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const tag = await this.#derive(password, { ...ARGON2ID, salt });
    return formatStored({ ...ARGON2ID, salt, tag });
  }

  /**
   * Compares in constant time. `stored` undefined (nobody by that name) costs the same and is false.
   * @throws Problem OVERLOADED when too many are waiting.
   */
  async matches(password: string, stored: string | null | undefined): Promise<boolean> {
    const known = stored ? parseStored(stored) : undefined;
    const against = known ?? this.#nobody;
    const tag = await this.#derive(password, against, against.tag.length);
    return timingSafeEqual(tag, against.tag) && known !== undefined;
  }

  async #derive(
    password: string,
    how: Pick<StoredPassword, "memory" | "passes" | "parallelism" | "salt">,
    tagLength: number = ARGON2ID.tagLength,
  ): Promise<Buffer> {
    await this.#enter();
    try {
      return await derive("argon2id", {
        // Unicode has several ways to write one password; NFKC is what NIST 800-63B asks for.
        message: Buffer.from(password.normalize("NFKC"), "utf8"),
        nonce: how.salt,
        parallelism: how.parallelism,
        tagLength,
        memory: how.memory,
        passes: how.passes,
      });
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> {
    if (this.#running < LIMITS.hashesAtOnce) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= LIMITS.hashesWaiting) {
      throw new Problem("OVERLOADED", "too many people are logging in at this moment", {
        retryAfterSeconds: 2,
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes straight to the next in line, if there is one. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
