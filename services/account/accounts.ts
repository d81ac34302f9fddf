/** What people do with accounts: sign up, log in, stay logged in, log out. */
import { randomUUID } from "node:crypto";
import type { Role, Session } from "../common/contracts/account.ts";
import { failpoint } from "../common/failpoints.ts";
import type { Account, AccountStore } from "./account-store.ts";
import { type FailureScope, waitSeconds } from "./credentials.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import { hashOf, newRefreshToken, type TokenIssuer } from "./token-issuer.ts";

export interface SignUp {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly phoneNumber?: string | undefined;
}

export type LoginAnswer =
  | { readonly result: "welcome"; readonly session: Session }
  | { readonly result: "wrong" }
  | { readonly result: "wait"; readonly seconds: number };

/** Test tokens signed before others get a turn on the event loop: about 30 ms. */
const SIGN_CHUNK = 100;

export class Accounts {
  readonly #store: AccountStore;
  readonly #hasher: PasswordHasher;
  readonly #issuer: TokenIssuer;
  readonly #refreshTtlSeconds: number;

  constructor(
    store: AccountStore,
    hasher: PasswordHasher,
    issuer: TokenIssuer,
    refreshTtlSeconds: number,
  ) {
    this.#store = store;
    this.#hasher = hasher;
    this.#issuer = issuer;
    this.#refreshTtlSeconds = refreshTtlSeconds;
  }

  /** undefined: the e-mail is taken. The hash is computed in both cases, so both take as long. */
  async signUp(person: SignUp, role: Role = "USER"): Promise<Session | undefined> {
    const passwordHash = await this.#hasher.hash(person.password);
    const account = await this.#store.add({
      email: person.email,
      passwordHash,
      name: person.name,
      phoneNumber: person.phoneNumber,
      role,
    });
    return account && this.#newSession(account);
  }

  /** One answer for an unknown e-mail and a wrong password, by text and by time. */
  async logIn(email: string, password: string, address: string): Promise<LoginAnswer> {
    const normal = email.trim().toLowerCase();
    const keys: Readonly<Record<FailureScope, string>> = {
      pair: hashOf(`pair ${normal} ${address}`),
      address: hashOf(`address ${address}`),
    };
    const seconds = await this.#wait(keys);
    if (seconds > 0) return { result: "wait", seconds };
    const account = await this.#store.byEmail(normal);
    if (!(await this.#hasher.matches(password, account?.passwordHash)) || !account) {
      await this.#store.countFailure([keys.pair, keys.address]);
      return { result: "wrong" };
    }
    await this.#store.forgetFailures(keys.pair);
    return { result: "welcome", session: await this.#newSession(account) };
  }

  async refresh(refreshToken: string): Promise<Session | undefined> {
    const successor = newRefreshToken();
    const rotation = await this.#store.rotate(
      hashOf(refreshToken),
      hashOf(successor),
      this.#refreshTtlSeconds,
    );
    await failpoint("account.refresh.afterRotation");
    if (rotation.result !== "rotated") return undefined;
    const account = await this.#store.byId(rotation.accountId);
    return account && this.#session(account, successor);
  }

  async logOut(refreshToken: string): Promise<void> {
    await this.#store.revokeFamilyOf(hashOf(refreshToken));
  }

  byId(userId: number): Promise<Account | undefined> {
    return this.#store.byId(userId);
  }

  /** Accounts without a password, with tokens, for load tests: hashing 10,000 would take minutes. */
  async testAccounts(prefix: string, count: number) {
    const ids = await this.#store.testAccounts(prefix, count);
    const accounts: { userId: number; accessToken: string }[] = [];
    for (let from = 0; from < ids.length; from += SIGN_CHUNK) {
      const chunk = ids.slice(from, from + SIGN_CHUNK).map(async (userId) => ({
        userId,
        accessToken: await this.#issuer.accessToken(userId, "USER"),
      }));
      accounts.push(...(await Promise.all(chunk)));
      await new Promise(setImmediate);
    }
    return accounts;
  }

  async #wait(keys: Readonly<Record<FailureScope, string>>): Promise<number> {
    const failures = await this.#store.failures(Object.values(keys));
    const waits = failures.map(({ key, failures: count, secondsAgo }) => {
      const scope: FailureScope = key === keys.pair ? "pair" : "address";
      return waitSeconds(scope, count) - secondsAgo;
    });
    return Math.max(0, ...waits);
  }

  async #newSession(account: Account): Promise<Session> {
    const refreshToken = newRefreshToken();
    await this.#store.startFamily(
      randomUUID(),
      account.id,
      hashOf(refreshToken),
      this.#refreshTtlSeconds,
    );
    return this.#session(account, refreshToken);
  }

  async #session(account: Account, refreshToken: string): Promise<Session> {
    return {
      accessToken: await this.#issuer.accessToken(account.id, account.role),
      refreshToken,
      tokenType: "Bearer",
      expiresIn: this.#issuer.ttlSeconds,
      userId: account.id,
      email: account.email,
      name: account.name,
      role: account.role,
    };
  }
}
