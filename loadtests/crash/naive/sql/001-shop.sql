create table event (
  id integer generated always as identity primary key,
  sale_start_at timestamptz not null,
  sale_end_at timestamptz not null,
  cancelled boolean not null default false
);

create table product (
  id integer generated always as identity primary key,
  event_id integer not null references event,
  name text not null,
  price_cents integer not null,
  total_stock integer not null,
  available_stock integer not null check (available_stock >= 0),
  max_per_user integer not null
);

create table reservation (
  id integer generated always as identity primary key,
  order_id text not null unique,
  user_id integer not null,
  product_id integer not null references product,
  quantity integer not null,
  total_cents integer not null,
  status text not null default 'PENDING',
  created_at timestamptz not null default now()
);
create index on reservation (product_id);
