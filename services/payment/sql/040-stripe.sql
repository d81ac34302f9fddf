-- Which PaymentIntent a charge is: written before the intent can be confirmed, never changed, so
-- that at most one intent of a key ever moves money, whatever Stripe still knows of the key.

create table stripe_charge (
  -- The charge's idempotency key.
  key text primary key,
  -- Null: no intent of this key is ever confirmed, because it was forbidden or refused.
  intent_id text unique,
  refused_because text,
  at timestamptz not null default now(),

  constraint refused_has_no_intent check (refused_because is null or intent_id is null)
);

-- Events that have had their effect. Stripe sends one again for three days at most.
create table stripe_event (
  id text primary key,
  received_at timestamptz not null default now()
);

create index stripe_event_received on stripe_event (received_at);
