-- Messages that became true with a transaction, and marks of messages already handled.
-- One shape for every service that takes part in the booking saga.

create table outbox (
  message_id text primary key,
  saga_id text not null,
  type text not null,
  body jsonb not null,
  created_at timestamptz not null default now(),
  -- Found by state, never by "id above the last one": ids commit out of order.
  sent_at timestamptz,
  attempts integer not null default 0,
  -- Not before this; moved into the future by a claim (a lease) and by a failed attempt (back-off).
  due_at timestamptz not null default now()
);

create index outbox_unsent on outbox (due_at) where sent_at is null;
create index outbox_sent on outbox (sent_at) where sent_at is not null;

create table inbox (
  message_id text primary key,
  handled_at timestamptz not null default now()
);

create index inbox_handled on inbox (handled_at);
