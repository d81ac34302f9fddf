-- The hold deadline: how far the books are known to hold nobody's seats any more, and the release of
-- what is held for too long.

-- Every reservation up to this id has ended, and an end is for good. Ids grow with time, so holds
-- that ran out are the first live ones above it: found through the primary key, in the order of
-- their age, without an index of their own that each sale and each change of status would pay for.
create table hold_sweep (
  only_row boolean primary key default true check (only_row),
  swept_id integer not null default 0
);
insert into hold_sweep default values;

-- release_holds: cancels those of the given reservations of one product whose hold has run out, says
-- so to the saga, and gives their stock back with one change of the product's row, which is the last
-- thing done: sales wait for the commit alone. Returns how many.
--
-- What somebody else is changing is left for later, what has ended meanwhile as it is: under READ
-- COMMITTED a row is looked at again once it is locked, so of a release and a confirmation exactly
-- one finds it live. One product a transaction: nobody then waits for another in a circle.
create function release_holds(
  p_product_id integer, p_ids integer[], p_hold_seconds double precision, p_reason text,
  p_occurred_at text
) returns integer
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  released integer;
  pieces integer;
begin
  with due as (
    select id from reservation
    where id = any(p_ids) and product_id = p_product_id
      and status in ('PENDING', 'PAYMENT_PENDING')
      and created_at <= now() - make_interval(secs => p_hold_seconds)
    for no key update skip locked
  ), cancelled as (
    update reservation r
    set status = 'CANCELLED', cancel_reason = p_reason, updated_at = now()
    from due where r.id = due.id
    returning r.id, r.saga_id, r.user_id, r.quantity, r.total_price
  ), told as (
    insert into outbox (message_id, saga_id, type, body)
    select c.message_id, c.saga_id, 'ReservationCancelled', jsonb_build_object(
      'messageId', c.message_id, 'sagaId', c.saga_id, 'type', 'ReservationCancelled',
      'occurredAt', p_occurred_at, 'data', jsonb_build_object(
        'reservationId', c.id, 'userId', c.user_id,
        'amountCents', (c.total_price * 100)::bigint, 'reason', p_reason))
    from (select 'msg_' || gen_random_uuid() as message_id, * from cancelled) c
  )
  select count(*), sum(quantity) into released, pieces from cancelled;

  if released > 0 then
    update product set available_stock = available_stock + pieces where id = p_product_id;
  end if;
  return released;
end $$;
