/** The requests of each autocannon scenario, one share for each connection. */
import type autocannon from "autocannon";
import { uuid } from "../../services/common/ids.ts";
import type { SaleFile } from "../sale-file.ts";

type Client = SaleFile["clients"][number];

export interface Admitted extends Client {
  readonly pass: string;
}

const bearer = (client: Client): Record<string, string> => ({
  authorization: `Bearer ${client.accessToken}`,
});

export function joinOf(sale: SaleFile, client: Client): autocannon.Request {
  return { method: "POST", path: `/queue/${sale.eventId}/enqueue`, headers: bearer(client) };
}

export function pollOf(sale: SaleFile, client: Client): autocannon.Request {
  return { method: "GET", path: `/queue/${sale.eventId}/status`, headers: bearer(client) };
}

/** One purchase for each pass. Sent twice under its key, it is still one purchase. */
export function reservationOf(sale: SaleFile, client: Admitted, at: number): autocannon.Request {
  const productId = sale.productIds[at % sale.productIds.length]!;
  return {
    method: "POST",
    path: `/api/reservations?eventId=${sale.eventId}&clientId=${client.userId}`,
    headers: {
      ...bearer(client),
      "content-type": "application/json",
      "x-pass-token": client.pass,
      "idempotency-key": uuid(),
    },
    body: JSON.stringify({ productId, quantity: 1 }),
  };
}

/** Dealt like cards: connection 0 gets the first, the (n+1)-th and so on. */
export function dealt<T>(items: readonly T[], hands: number): T[][] {
  return Array.from({ length: hands }, (_, hand) =>
    items.filter((_item, at) => at % hands === hand),
  );
}
