-- The booking saga: where each booking stands, its next deadline, and its timeline.

create table saga (
  saga_id text primary key,
  -- Not unique: a ticket database that starts over counts from 1 again, and no message may get
  -- stuck because of that.
  reservation_id integer not null,
  user_id integer not null,
  amount numeric(12, 2) not null check (amount >= 0),
  state text not null check (
    state in ('CHARGING', 'CONFIRMING', 'CANCELLING', 'REFUNDING', 'COMPLETED', 'COMPENSATED')
  ),
  -- What is still to become of the money while the seats are being given back.
  money text check (money in ('none', 'open')),
  -- Why the booking is undone; the other states say it by their name.
  because text,
  -- When the coordinator acts by itself; compared with now() of this database, with no other clock.
  deadline_at timestamptz,
  attempts integer not null default 0 check (attempts >= 0),
  started_at timestamptz not null,
  -- When the state changed, not when the coordinator last asked: what hangs is found by its age.
  updated_at timestamptz not null,
  constraint saga_money_while_cancelling check ((state = 'CANCELLING') = (money is not null)),
  constraint saga_undone_for_a_reason check (
    (state in ('CANCELLING', 'REFUNDING', 'COMPENSATED')) = (because is not null)
  ),
  -- Whatever has not ended is looked at again: no saga waits for a message for ever.
  constraint saga_open_has_deadline check (
    (state in ('COMPLETED', 'COMPENSATED')) = (deadline_at is null)
  )
);

create index saga_due on saga (deadline_at) where deadline_at is not null;
create index saga_reservation on saga (reservation_id);

-- Append-only. Numbered while the saga's row is locked, so the order of a saga's rows is the order
-- of its decisions.
create table saga_log (
  saga_id text not null references saga,
  seq bigint generated always as identity,
  at timestamptz not null,
  event text not null,
  from_state text,
  to_state text not null,
  sent text[] not null,
  note text not null,
  primary key (saga_id, seq)
);
