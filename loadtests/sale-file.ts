/** A sale that is open, as load tools are told of it: where, what, and as whom. No imports: k6 reads it too. */

export interface SaleFile {
  readonly urls: { readonly queue: string; readonly ticket: string };
  readonly eventId: number;
  readonly productIds: readonly number[];
  /** A client for each arrival; each has a token of its own. */
  readonly clients: readonly { readonly userId: number; readonly accessToken: string }[];
}
