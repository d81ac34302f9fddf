create table naive_charge (
  order_id text primary key,
  charge_key text not null,
  amount_cents integer not null
);
