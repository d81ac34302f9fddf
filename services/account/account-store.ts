/** Every SQL statement of the account service. */
import type { JWK } from "jose";
import { z } from "zod";
import { type Role, role } from "../common/contracts/account.ts";
import { type Database, sql } from "../common/database.ts";

const accountRow = z.object({
  id: z.int(),
  email: z.string(),
  passwordHash: z.string().nullable(),
  name: z.string(),
  phoneNumber: z.string().nullable(),
  role,
  createdAt: z.string(),
});
export type Account = z.infer<typeof accountRow>;

const jwk = z.custom<JWK>((value) => typeof value === "object" && value !== null);
const keyRow = z.object({ kid: z.string(), privateJwk: jwk, publicJwk: jwk });
export type SigningKey = z.infer<typeof keyRow>;

const idRow = z.object({ id: z.int() });
const familyRow = z.object({ familyId: z.string(), accountId: z.int() });
const failureRow = z.object({ key: z.string(), failures: z.int(), secondsAgo: z.number() });

export interface NewAccount {
  readonly email: string;
  readonly passwordHash: string;
  readonly name: string;
  readonly phoneNumber: string | undefined;
  readonly role: Role;
}

export type Rotation =
  | { readonly result: "rotated"; readonly accountId: number }
  /** reused: it was spent before, so its whole family is revoked now. */
  | { readonly result: "unknown" | "reused" };

const ACCOUNT_COLUMNS = sql.fragment`
  id, email, password_hash as "passwordHash", name, phone_number as "phoneNumber", role,
  created_at as "createdAt"`;

export class AccountStore {
  readonly #db: Database;

  constructor(database: Database) {
    this.#db = database;
  }

  /** undefined: the e-mail is taken. */
  async add(account: NewAccount): Promise<Account | undefined> {
    const row = await this.#db.maybeOne(sql.type(accountRow)`
      insert into account (email, password_hash, name, phone_number, role)
      values (${account.email}, ${account.passwordHash}, ${account.name},
              ${account.phoneNumber ?? null}, ${account.role})
      on conflict (email) do nothing
      returning ${ACCOUNT_COLUMNS}`);
    return row ?? undefined;
  }

  async byEmail(email: string): Promise<Account | undefined> {
    const row = await this.#db.maybeOne(sql.type(accountRow)`
      select ${ACCOUNT_COLUMNS} from account where email = ${email}`);
    return row ?? undefined;
  }

  async byId(id: number): Promise<Account | undefined> {
    const row = await this.#db.maybeOne(sql.type(accountRow)`
      select ${ACCOUNT_COLUMNS} from account where id = ${id}`);
    return row ?? undefined;
  }

  /** The ids of the first `count` test accounts of a prefix, made as far as they were not there. */
  async testAccounts(prefix: string, count: number): Promise<readonly number[]> {
    await this.#db.query(sql.unsafe`
      insert into account (email, name, test_prefix, test_number)
      select ${prefix}::text || '-' || n || '@test.invalid', 'Test ' || n, ${prefix}, n
      from generate_series(1, ${count}::int) as n
      on conflict do nothing`);
    const rows = await this.#db.any(sql.type(idRow)`
      select id from account
      where test_prefix = ${prefix} and test_number <= ${count}::int
      order by test_number`);
    return rows.map((row) => row.id);
  }

  async activeKey(): Promise<SigningKey | undefined> {
    const row = await this.#db.maybeOne(sql.type(keyRow)`
      select kid, private_jwk as "privateJwk", public_jwk as "publicJwk"
      from signing_key where retired_at is null`);
    return row ?? undefined;
  }

  /** Stores the first key; when another process was faster, its key is the answer. */
  async addFirstKey(key: SigningKey): Promise<SigningKey> {
    await this.#db.query(sql.unsafe`
      insert into signing_key (kid, private_jwk, public_jwk)
      values (${key.kid}, ${JSON.stringify(key.privateJwk)}::jsonb, ${JSON.stringify(key.publicJwk)}::jsonb)
      on conflict do nothing`);
    const active = await this.activeKey();
    if (!active) throw new Error("no active signing key after one was stored");
    return active;
  }

  async publicKeys(): Promise<readonly JWK[]> {
    const rows = await this.#db.any(sql.type(z.object({ publicJwk: jwk }))`
      select public_jwk as "publicJwk" from signing_key order by created_at desc`);
    return rows.map((row) => row.publicJwk);
  }

  /** Begins a family: one login with its first refresh token. */
  async startFamily(
    familyId: string,
    accountId: number,
    tokenHash: string,
    ttlSeconds: number,
  ): Promise<void> {
    await this.#db.query(sql.unsafe`
      with family as (
        insert into refresh_family (family_id, account_id) values (${familyId}, ${accountId})
        returning family_id
      )
      insert into refresh_token (token_hash, family_id, expires_at)
      select ${tokenHash}, family_id, now() + make_interval(secs => ${ttlSeconds}) from family`);
  }

  /** Spends a refresh token and stores its successor, in one statement; see {@link Rotation}. */
  async rotate(tokenHash: string, successorHash: string, ttlSeconds: number): Promise<Rotation> {
    const rotated = await this.#db.maybeOne(sql.type(familyRow)`
      with spent as (
        update refresh_token t set spent_at = now()
        from refresh_family f
        where t.token_hash = ${tokenHash} and t.spent_at is null and t.expires_at > now()
          and f.family_id = t.family_id and f.revoked_at is null
        returning t.family_id, f.account_id
      ), successor as (
        insert into refresh_token (token_hash, family_id, expires_at)
        select ${successorHash}, family_id, now() + make_interval(secs => ${ttlSeconds}) from spent
      )
      select family_id as "familyId", account_id as "accountId" from spent`);
    if (rotated) return { result: "rotated", accountId: rotated.accountId };
    const reused = await this.#db.query(sql.unsafe`
      update refresh_family set revoked_at = coalesce(revoked_at, now())
      where family_id = (
        select family_id from refresh_token where token_hash = ${tokenHash} and spent_at is not null
      )`);
    return { result: reused.rowCount > 0 ? "reused" : "unknown" };
  }

  /** Ends a login: none of its refresh tokens works any more. */
  async revokeFamilyOf(tokenHash: string): Promise<void> {
    await this.#db.query(sql.unsafe`
      update refresh_family set revoked_at = coalesce(revoked_at, now())
      where family_id = (select family_id from refresh_token where token_hash = ${tokenHash})`);
  }

  /** Failures so far of each key, with the seconds since the last one. */
  async failures(keys: readonly string[]) {
    return this.#db.any(sql.type(failureRow)`
      select key, failures, extract(epoch from now() - last_at)::float8 as "secondsAgo"
      from login_failure where key = any(${sql.array([...keys], "text")})`);
  }

  /** Counts one failure for each key; a quiet hour starts the count anew. */
  async countFailure(keys: readonly string[]): Promise<void> {
    await this.#db.query(sql.unsafe`
      insert into login_failure (key, failures, last_at)
      select key, 1, now() from unnest(${sql.array([...keys].sort(), "text")}) as key
      on conflict (key) do update set
        failures = case when login_failure.last_at < now() - interval '1 hour'
          then 1 else least(login_failure.failures + 1, 1000000) end,
        last_at = now()`);
  }

  async forgetFailures(key: string): Promise<void> {
    await this.#db.query(sql.unsafe`delete from login_failure where key = ${key}`);
  }

  /** Removes what can no longer matter: dead refresh tokens and old failures. */
  async tidy(): Promise<void> {
    await this.#db.query(sql.unsafe`
      delete from refresh_token where expires_at < now() - interval '1 day'`);
    await this.#db.query(sql.unsafe`
      delete from refresh_family f where created_at < now() - interval '1 day'
        and not exists (select from refresh_token t where t.family_id = f.family_id)`);
    await this.#db.query(sql.unsafe`
      delete from login_failure where last_at < now() - interval '1 day'`);
  }
}
