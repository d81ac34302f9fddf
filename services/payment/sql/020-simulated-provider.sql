-- The simulated provider's own books. They stand for the outside world: no statement on them ever
-- shares a transaction with a statement on ours, and no foreign key joins the two.

create table provider_charge (
  -- The idempotency key: one row, one first answer.
  key text primary key,
  outcome text not null check (outcome in ('captured', 'declined', 'voided')),
  -- Unknown for a key that was forbidden before any charge.
  saga_id text,
  reservation_id integer,
  amount numeric(12, 2) check (amount >= 0),
  transaction_id text unique,
  reason text,
  at timestamptz not null default now(),

  constraint charge_is_whole check (
    outcome = 'voided'
    or (saga_id is not null and reservation_id is not null and amount is not null)
  ),
  constraint captured_has_transaction check ((outcome = 'captured') = (transaction_id is not null)),
  constraint declined_has_reason check ((outcome = 'declined') = (reason is not null))
);

create index provider_charge_reservation on provider_charge (reservation_id)
where outcome = 'captured';

-- A second refund of one charge under another key is paid out as well: the books must show what
-- they were told to do, or they could not bear witness against us.
create table provider_refund (
  key text primary key,
  charge_key text not null references provider_charge (key),
  saga_id text not null,
  reservation_id integer not null,
  amount numeric(12, 2) not null check (amount >= 0),
  refund_id text not null unique,
  at timestamptz not null default now()
);

create index provider_refund_reservation on provider_refund (reservation_id);
