-- Events, their products with stock, and reservations. Constraints stand behind every rule in code.

create table event (
  id integer generated always as identity primary key,
  name text not null,
  description text not null,
  event_date timestamptz not null,
  venue text not null,
  sale_start_at timestamptz not null,
  sale_end_at timestamptz not null,
  cancelled_at timestamptz,
  -- When the last live reservation of a cancelled event had been compensated.
  compensated_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (sale_end_at > sale_start_at),
  check (compensated_at is null or cancelled_at is not null)
);

-- What is left to do after a restart.
create index event_compensating on event (id)
  where cancelled_at is not null and compensated_at is null;

create table product (
  id integer generated always as identity primary key,
  event_id integer not null references event,
  name text not null,
  description text not null,
  price numeric(12, 2) not null check (price >= 0),
  total_stock integer not null check (total_stock >= 0),
  available_stock integer not null,
  max_per_user integer not null check (max_per_user > 0),
  -- Null: the event's.
  sale_start_at timestamptz,
  sale_end_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (available_stock between 0 and total_stock),
  check (sale_end_at > sale_start_at),
  -- So that the total of any allowed purchase fits numeric(12,2).
  check (price * max_per_user <= 9999999999.99)
  -- Room for new versions of a hot row on its own page: stock changes touch no index.
) with (fillfactor = 50);

create index product_of_event on product (event_id, id);

create table reservation (
  id integer generated always as identity primary key,
  saga_id text not null unique,
  user_id integer not null,
  product_id integer not null references product,
  quantity integer not null check (quantity > 0),
  total_price numeric(12, 2) not null check (total_price >= 0),
  status text not null default 'PENDING'
    check (status in ('PENDING', 'PAYMENT_PENDING', 'CONFIRMED', 'CANCELLED')),
  cancel_reason text check ((cancel_reason is not null) = (status = 'CANCELLED')),
  -- The gate lives in another store, which may forget; here a pass buys once and never again.
  pass_token text not null unique,
  idempotency_key text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
  -- Two status changes are the normal life of a row; they touch no index and stay on its page.
) with (fillfactor = 70);

create unique index reservation_once_a_key on reservation (user_id, idempotency_key)
  where idempotency_key is not null;
create index reservation_of_user on reservation (user_id, id);
-- The purchase limit, and the sweep of a cancelled event. Not partial by status, see above.
create index reservation_of_product on reservation (product_id, user_id);

-- An event as it is now: its status follows from time and stock and is stored nowhere.
create view event_now as
select e.*, case
  when e.cancelled_at is not null then 'CANCELLED'
  when now() < e.sale_start_at then 'SCHEDULED'
  when now() >= e.sale_end_at then 'ENDED'
  when exists (select from product p where p.event_id = e.id)
    and not exists (select from product p where p.event_id = e.id and p.available_stock > 0)
    then 'SOLD_OUT'
  else 'SELLING' end as status
from event e;

-- A product with the window in which it is really sold: its event's and its own.
create view product_now as
select p.id, p.event_id, p.name, p.description, p.price, p.total_stock, p.available_stock,
  p.max_per_user, p.created_at, p.updated_at,
  greatest(p.sale_start_at, e.sale_start_at) as sale_start_at,
  least(p.sale_end_at, e.sale_end_at) as sale_end_at,
  e.cancelled_at is null
    and now() >= greatest(p.sale_start_at, e.sale_start_at)
    and now() < least(p.sale_end_at, e.sale_end_at) as on_sale
from product p join event e on e.id = p.event_id;

create view reservation_now as
select r.id, r.saga_id, r.user_id, r.product_id, p.name as product_name, p.event_id, r.quantity,
  r.total_price, r.status, r.cancel_reason, r.created_at, r.updated_at
from reservation r join product p on p.id = r.product_id;
