/** What mutants do instead of the honest thing, where that takes more than leaving something out. */
import type { Message } from "../../services/common/contracts/messages.ts";
import type { ReserveRequest, ReserveVerdict } from "../../services/ticket/reservation-store.ts";
import type { Table, Tx } from "./tables.ts";
import type { ProductRow } from "./ticket-model.ts";
import type { Life } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** Decides by the number of pieces that it read a moment ago. */
export async function unlocked(
  { ticket, time }: World,
  life: Life,
  requests: readonly ReserveRequest[],
): Promise<readonly ReserveVerdict[]> {
  const seen = new Map<number, ProductRow>();
  for (const { productId } of requests) {
    const row = ticket.products.rows.get(productId);
    if (row) seen.set(productId, row);
  }
  await time.wait(life, 5);
  return ticket.database.transaction(life, async (tx) => {
    for (const [id, row] of seen) {
      await tx.lock(ticket.products, id);
      tx.write(ticket.products, id, row);
    }
    return ticket.reserve(tx, requests);
  });
}

/** The transaction without what it wrote to the outbox, and those messages. */
export async function withoutMessages<T>(
  tx: Tx,
  outbox: Table<{ readonly message: Message }>,
  work: () => Promise<T>,
): Promise<{ readonly verdicts: T; readonly sold: readonly Message[] }> {
  const verdicts = await work();
  const written = tx.writes.get(outbox);
  tx.writes.delete(outbox);
  const rows = [...(written?.values() ?? [])] as { readonly message: Message }[];
  return { verdicts, sold: rows.map((row) => row.message) };
}

export function putMessages(world: World, tx: Tx, messages: readonly Message[]): Promise<void> {
  return world.ticket.messages.putMessages(tx, messages);
}

/** Cancels by what was read before, and asks nobody whether that still holds. */
export async function cancelUnguarded(
  ticket: World["ticket"],
  tx: Tx,
  id: number,
  cancelReason: string,
): Promise<void> {
  const { reservations, products } = ticket;
  await tx.lock(reservations, id);
  const row = reservations.rows.get(id)!;
  tx.write(reservations, id, { ...row, status: "CANCELLED", cancelReason });
  await tx.lock(products, row.productId);
  const product = tx.read(products, row.productId)!;
  const availableStock = product.availableStock + row.quantity;
  tx.write(products, product.id, { ...product, availableStock });
}
