-- People, the keys that sign for them, and their refresh tokens.

create table account (
  id integer generated always as identity primary key,
  -- Lower-cased by the edge; one mailbox is one account.
  email text not null unique,
  -- PHC string of argon2id; null for test accounts, which cannot log in.
  password_hash text,
  name text not null,
  phone_number text,
  role text not null default 'USER' check (role in ('USER', 'ADMIN')),
  test_prefix text,
  test_number integer,
  created_at timestamptz not null default now(),
  unique (test_prefix, test_number),
  check ((test_prefix is null) = (test_number is null)),
  check (password_hash is not null or test_prefix is not null)
);

create table signing_key (
  kid text primary key,
  private_jwk jsonb not null,
  public_jwk jsonb not null,
  created_at timestamptz not null default now(),
  -- No longer signs; still verifies what it signed, until it is deleted.
  retired_at timestamptz
);

-- One key signs at a time, whatever number of processes starts at once.
create unique index signing_key_active on signing_key ((true)) where retired_at is null;

-- One login, with all the refresh tokens that followed from it.
create table refresh_family (
  family_id uuid primary key,
  account_id integer not null references account (id) on delete cascade,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);

create table refresh_token (
  -- SHA-256 of the token: a stolen table opens nothing.
  token_hash text primary key,
  family_id uuid not null references refresh_family (family_id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  spent_at timestamptz
);

create index refresh_token_family on refresh_token (family_id);
create index refresh_token_expiry on refresh_token (expires_at);

-- Failed logins of an (e-mail, address) pair or of an address, by a hash of it.
create table login_failure (
  key text primary key,
  failures integer not null,
  last_at timestamptz not null
);
