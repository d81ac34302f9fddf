/** Verifying access tokens: against the account service's published keys, remembered until they end. */
import {
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
  jwtVerify,
} from "jose";
import { systemClock } from "../clock.ts";
import { type Role, role } from "../contracts/account.ts";
import { LIMITS } from "../limits.ts";

/** Who is asking. */
export interface Principal {
  readonly userId: number;
  readonly role: Role;
}

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
}

/** Only what the account service signs with: never `none`, never a shared secret (RFC 8725, 3.1). */
export const TOKEN_ALGORITHMS = ["ES256"];
/** RFC 9068: keeps other tokens signed by the same key from passing as access tokens. */
export const ACCESS_TOKEN_TYPE = "at+jwt";

export type Verification =
  | { readonly ok: true; readonly principal: Principal }
  /** keysUnavailable: the account service could not be asked, so nothing can be said of the token. */
  | { readonly ok: false; readonly because: "invalid" | "keysUnavailable" };

export interface TokenVerifier {
  verify(token: string): Promise<Verification>;
  /** At once, for a token that is remembered and still good; undefined: ask {@link verify}. */
  recall(token: string): Principal | undefined;
}

interface Remembered {
  readonly principal: Principal;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/**
 * A verification by jose costs about 0.3 ms here, a look at the cache microseconds. An entry never
 * outlives its token's `exp`; all are dropped when the published keys change, so a withdrawn key
 * is refused within {@link KEYS_FRESH_MS}.
 */
const KEYS_FRESH_MS = 300_000;
const RETRY_KEYS_MS = 5_000;

export class CachingVerifier implements TokenVerifier {
  readonly #keys: JWTVerifyGetKey;
  readonly #keySetId: () => string;
  readonly #rules: TokenRules;
  readonly #nowMs: () => number;
  readonly #renewKeys: () => void;
  #remembered = new Map<string, Remembered>();
  #rememberedFor = "";

  constructor(
    keys: JWTVerifyGetKey,
    keySetId: () => string,
    rules: TokenRules,
    nowMs: () => number = systemClock.now,
    /** Called often: fetches the keys again, behind everybody's back, once they are old. */
    renewKeys: () => void = () => undefined,
  ) {
    this.#keys = keys;
    this.#keySetId = keySetId;
    this.#rules = rules;
    this.#nowMs = nowMs;
    this.#renewKeys = renewKeys;
  }

  recall(token: string): Principal | undefined {
    // Without this, a crowd whose tokens are all remembered would never hear of new keys.
    this.#renewKeys();
    if (this.#rememberedFor !== this.#keySetId()) this.#forgetAll();
    const known = this.#remembered.get(token);
    if (!known) return undefined;
    return known.expiresAt * 1_000 > this.#nowMs() ? known.principal : undefined;
  }

  async verify(token: string): Promise<Verification> {
    if (token.length > LIMITS.tokenBytes) return { ok: false, because: "invalid" };
    const principal = this.recall(token);
    if (principal) return { ok: true, principal };
    // It may be remembered and have expired.
    this.#remembered.delete(token);
    return this.#verifyAnew(token);
  }

  async #verifyAnew(token: string): Promise<Verification> {
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer: this.#rules.issuer,
        audience: this.#rules.audience,
        algorithms: TOKEN_ALGORITHMS,
        typ: ACCESS_TOKEN_TYPE,
        requiredClaims: ["sub", "exp", "jti"],
        currentDate: new Date(this.#nowMs()),
      });
      const parsedRole = role.safeParse(payload.role);
      const userId = Number(payload.sub);
      if (!parsedRole.success || !Number.isSafeInteger(userId) || userId < 1) {
        return { ok: false, because: "invalid" };
      }
      const principal = { userId, role: parsedRole.data };
      this.#remember(token, { principal, expiresAt: payload.exp ?? 0 });
      return { ok: true, principal };
    } catch (error) {
      return { ok: false, because: speaksOfKeys(error) ? "keysUnavailable" : "invalid" };
    }
  }

  #remember(token: string, entry: Remembered): void {
    // The oldest goes first: a Map keeps the order of insertion.
    if (this.#remembered.size >= LIMITS.verifiedTokens) {
      const oldest = this.#remembered.keys().next();
      if (!oldest.done) this.#remembered.delete(oldest.value);
    }
    this.#remembered.set(token, entry);
  }

  #forgetAll(): void {
    this.#remembered = new Map();
    this.#rememberedFor = this.#keySetId();
  }
}

/** True when the keys could not be fetched, so the token is neither good nor bad. */
function speaksOfKeys(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  if (!(error instanceof errors.JOSEError)) return true;
  // jose wraps a refused connection and a status other than 200 in its plain base error.
  return error.code === "ERR_JOSE_GENERIC";
}

/** A verifier that fetches `{accountUrl}/.well-known/jwks.json`, again when a key is unknown or it is old. */
export function remoteVerifier(accountUrl: string, rules: TokenRules): CachingVerifier {
  // Looked at for each request: jose's own `jwks()` copies the whole set, which took 3 µs.
  const cache: { uat?: number; jwks?: JSONWebKeySet } = {};
  const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", accountUrl), {
    timeoutDuration: 3_000,
    cooldownDuration: 2_000,
    cacheMaxAge: KEYS_FRESH_MS,
    [jwksCache]: cache as JWKSCacheInput,
  });
  let [namedAt, name] = [0, ""];
  const keySetId = () => {
    if (cache.uat !== undefined && cache.uat !== namedAt) {
      namedAt = cache.uat;
      name = (cache.jwks?.keys ?? [])
        .map((key) => key.kid ?? "")
        .sort()
        .join(" ");
    }
    return name;
  };
  let triedAt = 0;
  const renewKeys = () => {
    const now = systemClock.now();
    if (cache.uat === undefined || now - Math.max(cache.uat, triedAt) < KEYS_FRESH_MS) return;
    // While the account service is away, those known go on, and it is asked again after a while.
    triedAt = now - KEYS_FRESH_MS + RETRY_KEYS_MS;
    keys.reload().catch(() => undefined);
  };
  return new CachingVerifier(keys, keySetId, rules, systemClock.now, renewKeys);
}
