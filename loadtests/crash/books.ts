/** Reads what the services say they hold, all pages of it, whoever of them has just died. */
import type { PaymentLedger } from "../../services/common/contracts/payment.ts";
import type { SagaLedger } from "../../services/common/contracts/saga.ts";
import type { StockLine, TicketLedger } from "../../services/common/contracts/ticket.ts";
import type { Shop } from "./shop.ts";

export interface Books {
  readonly stock: readonly (StockLine & { readonly eventId: number })[];
  readonly reservations: readonly TicketLedger["reservations"][number][];
  readonly payments: readonly PaymentLedger["payments"][number][];
  /** The provider's own statement: money that really moved. */
  readonly provider: readonly PaymentLedger["provider"][number][];
  /** Absent where the build has no saga. */
  readonly sagas: readonly SagaLedger["sagas"][number][] | undefined;
}

interface Page {
  readonly nextAfter: number | null;
}

/** @throws where a ledger cannot be read now */
export async function readBooks(
  shop: Shop,
  admin: string,
  eventIds: readonly number[],
): Promise<Books> {
  const [stock, reservations] = [
    [] as (StockLine & { eventId: number })[],
    [] as Books["reservations"][number][],
  ];
  for (const eventId of eventIds) {
    const pages = await allPages<TicketLedger>(shop, "ticket", admin, `&eventId=${eventId}`);
    stock.push(...pages[0]!.stock.map((line) => ({ ...line, eventId })));
    reservations.push(...pages.flatMap((page) => page.reservations));
  }
  const payments = await allPages<PaymentLedger>(shop, "payment", admin);
  const sagas = shop.has("saga") ? await allPages<SagaLedger>(shop, "saga", admin) : undefined;
  return {
    stock,
    reservations,
    payments: payments.flatMap((page) => page.payments),
    provider: payments.flatMap((page) => page.provider),
    sagas: sagas?.flatMap((page) => page.sagas),
  };
}

async function allPages<P extends Page>(
  shop: Shop,
  service: string,
  admin: string,
  more = "",
): Promise<readonly P[]> {
  const pages: P[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const path = `/api/admin/ledger?afterReservation=${after}${more}`;
    const reply = await shop.ask(service, path, { token: admin, timeoutMs: 10_000 });
    if (reply.status !== 200) throw new Error(`${service} ledger: ${reply.status} ${reply.code}`);
    const page = reply.body as unknown as P;
    pages.push(page);
    after = page.nextAfter;
  }
  return pages;
}
