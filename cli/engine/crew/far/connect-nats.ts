/** The meeting place of a crew: a NATS server that anybody may run. */
import { connect, type NatsConnection } from "nats";
import { hostOf, lastingNatsOptions } from "../../../../services/common/contracts/nats-url.ts";
import { UnavailableError } from "../../../../services/common/errors.ts";
import { wordsOf } from "./ask-again.ts";

/** @throws UnavailableError with one line that names the host, and not the URL's credentials */
export async function connectNats(url: string, name: string): Promise<NatsConnection> {
  try {
    return await connect(lastingNatsOptions(url, name));
  } catch (error) {
    throw new UnavailableError(`NATS does not answer at ${hostOf(url)}: ${wordsOf(error)}`);
  }
}
