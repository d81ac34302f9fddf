/**
 * The sins of flash sales and of sagas, each planted in the wiring of a run. The simulation is worth
 * what it finds of them.
 */

import type { Defect } from "./defects.ts";
import { cancelUnguarded, putMessages, unlocked, withoutMessages } from "./mutant-parts.ts";
import { ROOM_MUTANTS } from "./mutants-room.ts";
import { SAGA_MUTANTS } from "./mutants-saga.ts";

const TICKET_MUTANTS: Readonly<Record<string, Defect>> = {
  "stock is read, subtracted and saved": {
    saleBooks: (books, life, world) => ({
      ...books,
      reserve: (requests) => unlocked(world, life, requests),
    }),
  },
  "the purchase limit is not enforced": {
    saleBooks: (books, life, world) => ({
      ...books,
      reserve: (requests) =>
        world.ticket.database.transaction(life, (tx) => world.ticket.reserve(tx, requests, [])),
    }),
  },
  "a sale is answered before its commit": {
    saleBooks: (books, life, world) => ({
      ...books,
      reserve: (requests) =>
        new Promise((resolve, reject) => {
          const deciding = world.ticket.database.transaction(life, async (tx) => {
            resolve(await world.ticket.reserve(tx, requests));
            await world.time.wait(life, 30);
          });
          deciding.catch(reject);
        }),
    }),
  },
  "the message of a sale is written after its commit": {
    saleBooks: (books, life, world) => ({
      ...books,
      async reserve(requests) {
        const { database } = world.ticket;
        const { sold, verdicts } = await database.transaction(life, (tx) =>
          withoutMessages(tx, world.ticket.messages.outbox, () =>
            world.ticket.reserve(tx, requests),
          ),
        );
        await world.time.wait(life, 30);
        await database.transaction(life, (tx) => putMessages(world, tx, sold));
        return verdicts;
      },
    }),
  },
  "a repeated key is a new purchase": {
    saleBooks: (books) => ({
      ...books,
      reserve: (requests) =>
        books.reserve(requests.map((one) => ({ ...one, idempotencyKey: null }))),
    }),
  },
  "a cancellation looks before it locks": {
    changeBooks: (_books, life, { ticket, time }) => ({
      transaction: (work) =>
        ticket.database.transaction(life, (tx) =>
          work({
            ...ticket.changeTransaction(tx),
            async lockReservations(which) {
              const rows = ticket.idsOf(which).map((id) => ticket.reservations.rows.get(id)!);
              await time.wait(life, 5);
              return rows;
            },
            async markCancelled(cancellations) {
              for (const { id, reason } of cancellations) {
                await cancelUnguarded(ticket, tx, id, reason);
              }
            },
          }),
        ),
    }),
  },
  "a sent message sets a confirmed reservation back": {
    onSent: (world) => async (tx, messages) => {
      for (const { sagaId } of messages) {
        const id = world.ticket.bySaga.rows.get(sagaId);
        const row = id === undefined ? undefined : tx.read(world.ticket.reservations, id);
        if (!row || row.status === "CANCELLED") continue;
        await tx.lock(world.ticket.reservations, row.id);
        tx.write(world.ticket.reservations, row.id, { ...row, status: "PAYMENT_PENDING" });
      }
    },
  },
  "a refused purchase burns the pass": {
    gate: (gate) => ({
      redeem: (redemption) => gate.redeem(redemption),
      giveBack: async () => {},
      giveBackUnlessSpent: async () => {},
      giveBackLater: () => {},
    }),
  },
  "a pass is given back although it has bought": {
    gate: (gate) => ({
      redeem: (redemption) => gate.redeem(redemption),
      giveBack: (redemption) => gate.giveBack(redemption),
      giveBackUnlessSpent: (redemption) => gate.giveBack(redemption),
      giveBackLater: (redemption) => gate.giveBackLater(redemption),
    }),
  },
};

export const MUTANTS: Readonly<Record<string, Defect>> = {
  ...TICKET_MUTANTS,
  ...SAGA_MUTANTS,
  ...ROOM_MUTANTS,
};
