-- reserve: decides one request to buy, under the lock of its product's row, in one round trip.
--
-- verdict     RESERVED                seats taken, reservation and outbox row written
--             REPLAYED                the same request by the same key (or saga): its reservation
--             IDEMPOTENCY_CONFLICT    the key bought something else before
--             PASS_USED               the pass has bought before, under another key
--             NOT_FOUND, WRONG_EVENT, SALE_NOT_OPEN, OUT_OF_STOCK, PURCHASE_LIMIT
--                                     nothing was written
-- pass_spent  whether the pass belongs to a reservation now; if not, it must be given back
-- booked      the reservation of RESERVED and REPLAYED
--
-- Needs READ COMMITTED: each statement of a volatile function then sees what the last holder of the
-- lock committed, which makes the stock, the sum of the purchase limit and the event's state exact.
-- Window and status are those of now(), the request's arrival. Never waits while it holds a second
-- product's lock; a caller with several requests in one transaction calls in order of product id.
create function reserve(
  p_event_id integer, p_user_id integer, p_product_id integer, p_quantity integer,
  p_saga_id text, p_message_id text, p_occurred_at text, p_pass_token text, p_key text
) returns table (verdict text, pass_spent boolean, booked reservation_now)
language plpgsql as $$
#variable_conflict use_column
declare
  seen product_now;
  new_id integer;
  total numeric(12, 2);
begin
  perform from product where id = p_product_id for no key update;
  for round in 1..3 loop
    pass_spent := exists (select from reservation where pass_token = p_pass_token);

    -- Repetitions come first: the first answer stands, whatever became of stock and sale since.
    select r.* into booked from reservation_now r
    where r.id = (select id from reservation where user_id = p_user_id and idempotency_key = p_key);
    if found then
      if (booked.event_id, booked.product_id, booked.quantity)
        = (p_event_id, p_product_id, p_quantity) then
        verdict := 'REPLAYED';
      else
        verdict := 'IDEMPOTENCY_CONFLICT';
        booked := null;
      end if;
    elsif pass_spent then
      -- The driver may send a statement again; the saga id tells its own work.
      select r.* into booked from reservation_now r where r.saga_id = p_saga_id;
      verdict := case when found then 'REPLAYED' else 'PASS_USED' end;
    else
      select p.* into seen from product_now p where p.id = p_product_id;
      verdict := case
        when seen.id is null then 'NOT_FOUND'
        when seen.event_id <> p_event_id then 'WRONG_EVENT'
        when not seen.on_sale then 'SALE_NOT_OPEN'
        when seen.available_stock < p_quantity then 'OUT_OF_STOCK'
        when p_quantity > seen.max_per_user or p_quantity > seen.max_per_user - (
          select coalesce(sum(quantity), 0) from reservation
          where product_id = p_product_id and user_id = p_user_id and status <> 'CANCELLED'
        ) then 'PURCHASE_LIMIT'
      end;
    end if;
    if verdict is not null then
      return next;
      return;
    end if;

    total := seen.price * p_quantity;
    insert into reservation
      (saga_id, user_id, product_id, quantity, total_price, pass_token, idempotency_key)
    values (p_saga_id, p_user_id, p_product_id, p_quantity, total, p_pass_token, p_key)
    on conflict do nothing
    returning id into new_id;
    exit when new_id is not null;
    -- The same key or pass bought another product at this moment: look again, it is visible now.
  end loop;
  if new_id is null then
    raise exception 'saga % was used for another request', p_saga_id;
  end if;

  update product set available_stock = available_stock - p_quantity
  where id = p_product_id and available_stock >= p_quantity;
  if not found then
    raise exception 'stock of product % changed under its lock', p_product_id;
  end if;

  insert into outbox (message_id, saga_id, type, body)
  values (p_message_id, p_saga_id, 'ReservationCreated', jsonb_build_object(
    'messageId', p_message_id, 'sagaId', p_saga_id, 'type', 'ReservationCreated',
    'occurredAt', p_occurred_at, 'data', jsonb_build_object(
      'reservationId', new_id, 'userId', p_user_id, 'amountCents', (total * 100)::bigint)));

  select r.* into booked from reservation_now r where r.id = new_id;
  verdict := 'RESERVED';
  pass_spent := true;
  return next;
end $$;
