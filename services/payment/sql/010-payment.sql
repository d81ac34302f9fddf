-- One payment a saga: what was ordered, what the provider said, what is still to be done.

create table payment (
  id text primary key,
  -- The first order of a saga makes the row; every repetition meets it.
  saga_id text not null unique,
  reservation_id integer not null,
  user_id integer not null,
  amount numeric(12, 2) not null check (amount >= 0),
  status text not null check (status in ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'REFUNDED')),
  transaction_id text,
  failure_reason text,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  refund_ordered_at timestamptz,
  refunded_at timestamptz,
  -- Set while the provider was asked and nobody knows what it did.
  unknown_since timestamptz,
  -- Claims since the payment came into this status with or without a refund order.
  attempts integer not null default 0 check (attempts >= 0),
  -- When a worker has to look again; moved ahead by a claim (a lease) and by back-off.
  due_at timestamptz default now(),

  constraint captured_has_transaction check (
    (status in ('COMPLETED', 'REFUNDED')) = (transaction_id is not null)
    and (transaction_id is not null) = (completed_at is not null)
  ),
  constraint failed_has_reason check (status <> 'FAILED' or failure_reason is not null),
  constraint refunded_was_ordered check (
    (status = 'REFUNDED') = (refunded_at is not null)
    and (status <> 'REFUNDED' or refund_ordered_at is not null)
  ),
  constraint unknown_is_processing check (unknown_since is null or status = 'PROCESSING'),
  -- Work left to do is always due, and what is settled never is.
  constraint due_while_open check (
    (due_at is not null) = (
      status in ('PENDING', 'PROCESSING')
      or (status = 'COMPLETED' and refund_ordered_at is not null)
    )
  )
);

create index payment_due on payment (due_at) where due_at is not null;
create index payment_reservation on payment (reservation_id);
