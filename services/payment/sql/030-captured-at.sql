-- When the provider captured, by its own clock: what a statement and our books share. A payment
-- belongs to the second of its capture, or, while nothing was captured, of its creation.

alter table payment add column captured_at timestamptz;
update payment set captured_at = completed_at;
alter table payment add constraint captured_at_is_known check (
  (captured_at is null) = (transaction_id is null)
);

create index payment_when on payment (coalesce(captured_at, created_at));

-- Answers carry milliseconds, so the books do too: a page goes on exactly after the one before.
alter table provider_charge alter column at set default date_trunc('milliseconds', now());
update provider_charge set at = date_trunc('milliseconds', at);
create index provider_charge_at on provider_charge (at, transaction_id)
where outcome = 'captured';
create index provider_refund_charge on provider_refund (charge_key);
