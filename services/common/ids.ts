/** Where new ids come from. Random ids carry 122 bits, so they are names and never secrets. */
import { randomBytes, randomUUID } from "node:crypto";

export type IdSource = () => string;

export const uuid: IdSource = () => randomUUID();

export const newSagaId = (next: IdSource = uuid): string => `saga_${next()}`;
export const newPaymentId = (next: IdSource = uuid): string => `pay_${next()}`;
export const newMessageId = (next: IdSource = uuid): string => `msg_${next()}`;
/** 12 base64url characters, 72 bits: it must differ from the few that one event ever has. */
export const newEpoch = (): string => randomBytes(9).toString("base64url");
export const newPassToken = (next: IdSource = uuid): string => `pass_${next()}`;
