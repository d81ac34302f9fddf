/** A queue service whose streams are read while they are open, and the client that reads them. */
import { get, type IncomingMessage } from "node:http";
import { type Clock, systemClock } from "../../common/clock.ts";
import { eventually, type Harness, startHarness } from "../../common/testing/service-harness.ts";
import { queueService } from "../queue.service.ts";
import { Sales } from "./queue-stage.ts";
import { eventsIn } from "./stream-stage.ts";

export interface StreamQueue extends Harness {
  /** http://host:port */
  readonly url: string;
}

/** A queue service with event 1 on sale. */
export async function startStreamQueue(
  settings: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<StreamQueue> {
  const sales = new Sales();
  sales.open(1);
  let url = "";
  const harness = await startHarness({
    services: (context) => {
      const onListening = (service: string, at: string) => {
        url = at;
        context.onListening(service, at);
      };
      return [queueService({ ...context, onListening }), sales.service()];
    },
    settings,
    clock,
  });
  return { ...harness, url };
}

/** Reads one stream of event 1. */
export class StreamClient {
  readonly #response: IncomingMessage;
  #text = "";
  #ended = false;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      this.#text += chunk;
    });
    response.once("close", () => {
      this.#ended = true;
    });
  }

  static open(
    url: string,
    token: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<StreamClient> {
    return new Promise((resolve, reject) => {
      const options = { agent: false, headers: { authorization: `Bearer ${token}`, ...headers } };
      const request = get(`${url}/queue/1/stream`, options);
      request.once("response", (response) => resolve(new StreamClient(response)));
      request.once("error", reject);
    });
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get contentType(): string {
    return this.#response.headers["content-type"] ?? "";
  }

  get text(): string {
    return this.#text;
  }

  get events() {
    return eventsIn(this.#text);
  }

  /** Waits until so many events have been told. */
  async told(events: number): Promise<void> {
    await eventually(
      async () => this.events.length,
      (length) => length >= events,
    );
  }

  /** Waits until the server has ended the stream. */
  async ended(): Promise<void> {
    await eventually(
      async () => this.#ended,
      (ended) => ended,
    );
  }

  close(): void {
    this.#response.destroy();
  }
}
