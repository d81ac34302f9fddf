/** A limit on everything, and the relations between limits, asserted when a stack starts. */

export const LIMITS = {
  /** Bytes of a request body. The largest honest one (an event's description) is about 5 KB. */
  bodyBytes: 64 * 1024,
  /** Bytes of an access token; ours are about 350. Longer ones are refused unread. */
  tokenBytes: 4_096,
  /** Verified tokens remembered per process, about 600 B each. */
  verifiedTokens: 200_000,
  /** Milliseconds a request may take to arrive whole, and to be answered. */
  requestMs: 15_000,
  /** Items in one reservation; the product's `maxPerUser` is the real limit. */
  quantity: 1_000,
  /** Requests for one product that wait for its actor in a process, and that share a statement. */
  mailbox: 2_000,
  batch: 256,
  /**
   * Batches of one product under way: a second one begins when it is full, and is on its way to the
   * lock while the first commits. With 256 callers one full batch at a time sells 18,000/s, two half
   * ones 15,500.
   */
  batchesAtOnce: 2,
  /** Pieces of one product. */
  stock: 10_000_000,
  /** Cents: numeric(12,2) holds up to 9,999,999,999.99. */
  moneyCents: 999_999_999_999,
  /** Accounts made by one call of the test-account route. */
  testAccounts: 10_000,
  /** Passes a minute and event; the sliding window keeps one number for each. */
  permitsPerMinute: 60_000,
  /** Clients waiting for one event in one process' memory. */
  waiting: 1_000_000,
  /** Clients of whom a queue process knows what it told them last. */
  lastAnswers: 200_000,
  /** Clients of one event whose page of the line a queue process knows. */
  pageHints: 200_000,
  /** Unspent passes of one event that a queue process could bring back. */
  rememberedPasses: 50_000,
  /** Admissions of one event that a store keeps for whoever checks them. */
  journalEntries: 100_000,
  /** Open event streams of a process, a socket each; and of one client. */
  streams: 12_000,
  streamsPerClient: 4,
  /** Milliseconds a stream lives, and a reader may leave what was written to it untaken. */
  streamMs: 1_800_000,
  streamStuckMs: 30_000,
  /** Characters of a Last-Event-ID; ours are below 40. */
  lastEventId: 64,
  /** Rows of one page of a list, and of a ledger. */
  pageRows: 100,
  ledgerRows: 5_000,
  /** Messages on their way from one outbox at a time: to a bus without a store, which sees each one
   * handled; and to one that only stores them. */
  outboxWindow: 128,
  outboxStoreWindow: 512,
  /** Seconds a relay owns the outbox rows it has claimed; a crash frees them after that. */
  outboxLeaseSeconds: 20,
  /** Days a handled message stays in its sender's outbox, and its mark in the receiver's inbox. */
  outboxKeepDays: 7,
  inboxKeepDays: 14,
  /** Milliseconds a consumer may take for one message. */
  deliveryMs: 10_000,
  /** Charges in one page of the simulated provider's statement. */
  statementRows: 1_000,
  /** Our payments, and the provider's charges, that one page of a reconciliation compares. */
  reconciledPayments: 2_000,
  reconciledCharges: 5_000,
  /** Bytes of a webhook's body: an event holds one object, of a few KB. */
  webhookBytes: 256 * 1024,
  /** Bytes of a message; ours are below 600. */
  messageBytes: 256 * 1024,
  /** Publishes of one process that wait for JetStream's answer at a time, and how long they do. */
  busUnacked: 1_024,
  busAnswerMs: 5_000,
  /** Messages of one service that a process has asked JetStream for or has in hand. */
  busRoom: 256,
  /** Of those, how many are handled in one transaction where a service can. */
  busBatch: 64,
  /** Messages of one service delivered and not yet acknowledged, in all its processes. */
  busAckPending: 2_048,
  /** Milliseconds after which an unacknowledged delivery is repeated, and one id is known again. */
  busAckWaitMs: 30_000,
  busDuplicateWindowMs: 120_000,
  /** Sent messages asked about at once, and seconds between two questions about one of them. */
  followBatch: 1_000,
  followSeconds: 30,
  /** Characters of a dead letter that are kept: a message is never as long. */
  deadLetterCharacters: 64 * 1024,
  /** Charges and refunds on their way to the payment provider at a time. */
  providerCalls: 64,
  /** Password hashes computed at once, and waiting for their turn: 19 MiB of memory each. */
  hashesAtOnce: 2,
  hashesWaiting: 200,
} as const;

/** Throws when two limits contradict each other; a stack calls it once at start. */
export function assertLimits(): void {
  const relations: readonly [boolean, string][] = [
    [
      LIMITS.deliveryMs < LIMITS.outboxLeaseSeconds * 1_000,
      "deliveryMs must end before the lease on an outbox row does, or each slow message is sent twice",
    ],
    [
      LIMITS.deliveryMs < LIMITS.busAckWaitMs,
      "deliveryMs must end before JetStream delivers again, or each slow message is handled twice",
    ],
    [
      LIMITS.busAnswerMs < LIMITS.outboxLeaseSeconds * 1_000,
      "busAnswerMs must end before the lease on an outbox row does",
    ],
    [
      LIMITS.outboxKeepDays < LIMITS.inboxKeepDays,
      "a mark in the inbox must outlive every message that can still be delivered",
    ],
    [LIMITS.outboxStoreWindow <= LIMITS.busUnacked, "outboxStoreWindow must not exceed busUnacked"],
    [LIMITS.busBatch <= LIMITS.busRoom, "busBatch must not exceed busRoom"],
    [LIMITS.busRoom <= LIMITS.busAckPending, "busRoom must not exceed busAckPending"],
    [LIMITS.batch <= LIMITS.mailbox, "batch must not exceed mailbox"],
    [LIMITS.quantity <= LIMITS.stock, "quantity must not exceed stock"],
    [LIMITS.moneyCents < Number.MAX_SAFE_INTEGER, "moneyCents must be an exact integer"],
    [LIMITS.streamsPerClient <= LIMITS.streams, "streamsPerClient must not exceed streams"],
    [LIMITS.streamStuckMs < LIMITS.streamMs, "streamStuckMs must end before its stream does"],
    [LIMITS.streams <= LIMITS.waiting, "streams must not exceed waiting: each listens for a place"],
    [
      LIMITS.reconciledPayments <= LIMITS.reconciledCharges,
      "reconciledPayments must not exceed reconciledCharges: each has a charge of its own",
    ],
    [LIMITS.pageRows <= LIMITS.ledgerRows, "pageRows must not exceed ledgerRows"],
  ];
  for (const [holds, why] of relations) if (!holds) throw new Error(`limits.ts: ${why}`);
}
