/** What mutants do to the ticket service's database: its functions altered, triggers added. */
import { z } from "zod";
import { type Database, sql } from "../../common/database.ts";

const definition = z.object({ body: z.string() });

/**
 * Replaces a piece of a function's source.
 * @throws Error where the piece is not there: the function has changed, and the mutant must follow
 */
export async function alterFunction(
  database: Database,
  name: string,
  piece: string,
  instead: string,
): Promise<void> {
  const { body } = await database.one(sql.type(definition)`
    select pg_get_functiondef(oid) as body from pg_proc where proname = ${name}`);
  if (!body.includes(piece)) throw new Error(`${name}() holds no "${piece}" to spoil`);
  await database.query({
    ...sql.unsafe`select 1`,
    sql: body.replace(piece, instead),
    values: [],
  });
}

/** Each cancellation gives the seats back once more, as far as the table's checks allow. */
export async function giveBackTwice(database: Database): Promise<void> {
  await database.query(sql.unsafe`
    create or replace function mutant_give_back() returns trigger language plpgsql as $$
    begin
      update product set available_stock = least(total_stock, available_stock + new.quantity)
      where id = new.product_id;
      return null;
    end $$`);
  await database.query(sql.unsafe`
    create or replace trigger mutant_give_back after update of status on reservation
    for each row when (new.status = 'CANCELLED' and old.status <> 'CANCELLED')
    execute function mutant_give_back()`);
}

/** With every sixteenth reservation the stock is as it was at first. */
export async function loadCatalogueAgain(database: Database): Promise<void> {
  await database.query(sql.unsafe`
    create or replace function mutant_load_again() returns trigger language plpgsql as $$
    begin
      update product set available_stock = total_stock where id = new.product_id;
      return null;
    end $$`);
  await database.query(sql.unsafe`
    create or replace trigger mutant_load_again after insert on reservation
    for each row when (new.id % 16 = 0) execute function mutant_load_again()`);
}
