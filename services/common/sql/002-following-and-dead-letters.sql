-- A row of the outbox ends when its consumer has handled the message, not when a bus has taken it:
-- a bus may lose its store. And deliveries that no bus repeats any more, kept by the consumer.

alter table outbox
  -- Its consumer has committed it; the row is history from now on.
  add column handled_at timestamptz,
  -- Where a bus with a store put it: the life of that store, and the place in it.
  add column kept_epoch text,
  add column kept_sequence bigint;

comment on column outbox.due_at is
  'unsent: not to be sent before; sent and not handled: not to be asked about before';

-- Buses of before answered only when the message was handled.
update outbox set handled_at = sent_at where sent_at is not null;

drop index outbox_sent;
create index outbox_handled on outbox (handled_at) where handled_at is not null;
create index outbox_unhandled on outbox (due_at) where sent_at is not null and handled_at is null;

create table dead_letter (
  id text primary key,
  subject text not null,
  -- null: it is no message, so nobody knows more of it.
  saga_id text,
  type text,
  payload text not null,
  -- Deliveries by the bus and attempts made since, by operators or by the clock.
  attempts integer not null,
  last_error text not null,
  since timestamptz not null default now(),
  -- null: only an operator has it tried again.
  due_at timestamptz
);

create index dead_letter_due on dead_letter (due_at) where due_at is not null;
