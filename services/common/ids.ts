/** Where new ids come from. Random ids carry 122 bits, so they are names and never secrets. */
import { randomUUID } from "node:crypto";

export type IdSource = () => string;

export const uuid: IdSource = () => randomUUID();

export const newSagaId = (next: IdSource = uuid): string => `saga_${next()}`;
export const newPaymentId = (next: IdSource = uuid): string => `pay_${next()}`;
export const newMessageId = (next: IdSource = uuid): string => `msg_${next()}`;
export const newPassToken = (next: IdSource = uuid): string => `pass_${next()}`;
