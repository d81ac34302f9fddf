/** One short look at a NATS server: whether it answers, and what it can do. */
import { connect } from "nats";
import { natsOptions } from "../contracts/nats-url.ts";
import { messageOf } from "./server-unavailable.ts";

export type NatsLook =
  | { readonly outcome: "found"; readonly version: string; readonly jetStream: boolean }
  | { readonly outcome: "unreachable"; readonly because: string };

export async function lookAtNats(url: string): Promise<NatsLook> {
  try {
    const connection = await connect({ ...natsOptions(url), timeout: 5_000, reconnect: false });
    const { version = "", jetstream = false } = connection.info ?? {};
    await connection.close();
    return { outcome: "found", version, jetStream: jetstream };
  } catch (error) {
    return { outcome: "unreachable", because: messageOf(error) };
  }
}
