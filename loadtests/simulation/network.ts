/** The wires between processes: what is asked may be lost, doubled, late, and so may its answer. */
import type { Bus, Handler } from "../../services/common/bus/bus.ts";
import { type Message, ROUTES } from "../../services/common/contracts/messages.ts";
import type { ServiceName } from "../../services/common/contracts/names.ts";
import { LIMITS } from "../../services/common/limits.ts";
import { type Faults, fraction } from "./faults.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

const SLOWEST_MS = 20_000;
const REDELIVER_MS = 2_000;
const CALLS = new Set(["queue.redeemPass", "queue.restorePass", "eventForSale"]);

/** A process that can be asked, and the incarnation that answers now. */
export interface Host {
  readonly name: string;
  readonly life: Life;
}

interface Consumer {
  readonly life: Life;
  readonly handler: Handler;
}

export class Network {
  /** Questions, messages and answers on their way. */
  underWay = 0;
  /** True: the bus stores what it takes, and answers for it at once. */
  readonly storing: boolean;
  readonly #time: VirtualTime;
  readonly #faults: Faults;
  readonly #seed: number;
  readonly #self: Life = { name: "network", alive: true };
  readonly #consumers = new Map<ServiceName, Consumer[]>();
  #hops = 0;

  constructor(seed: number, time: VirtualTime, faults: Faults) {
    this.#seed = seed;
    this.#time = time;
    this.#faults = faults;
    this.storing = fraction(seed, 201, 0) < 0.3;
  }

  /**
   * Asks a process. Rejects when it is away, and after `timeoutMs` without an answer, in which case
   * nobody knows what it did.
   */
  ask<T>(from: Life, to: Life, timeoutMs: number, what: string, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let open = true;
      const end = (then: () => void) => {
        if (!open) return;
        open = false;
        callOff();
        then();
      };
      const callOff = this.#time.after(from, timeoutMs, () =>
        end(() => reject(new Error(`${to.name} did not answer in ${timeoutMs} ms`))),
      );
      const answer = (ms: number, then: () => void) => {
        if (this.#strikes("answerLost", what)) return;
        this.#time.after(from, ms, () => end(then));
      };
      if (!to.alive) {
        this.#time.after(from, 1, () => end(() => reject(new Error(`${to.name} is away`))));
        return;
      }
      this.#carry(to, what, () =>
        act().then(
          (value) => answer(this.#hop(what), () => resolve(value)),
          (error) => answer(this.#hop(what), () => reject(error)),
        ),
      );
    });
  }

  /** The bus as one process sees it. */
  busOf(life: Life): Bus {
    return {
      publish: (message) => (this.storing ? this.#store(life, message) : this.#hand(life, message)),
      consume: async (service, handler) => {
        const there = this.#consumers.get(service) ?? [];
        this.#consumers.set(service, [...there, { life, handler }]);
      },
      close: async () => this.disconnect(life),
    };
  }

  disconnect(life: Life): void {
    for (const [service, there] of this.#consumers) {
      this.#consumers.set(
        service,
        there.filter((one) => one.life !== life),
      );
    }
  }

  /** As DirectBus: the sender hears when the consumer has committed. */
  #hand(life: Life, message: Message): Promise<void> {
    const consumer = this.#pick(message);
    if (!consumer) {
      return new Promise((_resolve, reject) => {
        this.#time.after(life, 1, () => reject(new Error("no consumer is there")));
      });
    }
    return this.ask(life, consumer.life, LIMITS.deliveryMs, message.type, () =>
      consumer.handler(message),
    );
  }

  /** As a durable bus: the sender hears when it is stored, and it is delivered until it is handled. */
  #store(life: Life, message: Message): Promise<void> {
    return this.ask(life, this.#self, LIMITS.deliveryMs, message.type, async () => {
      this.underWay += 1;
      this.#deliver(message);
    });
  }

  #deliver(message: Message): void {
    const consumer = this.#pick(message);
    const again = () =>
      void this.#time.after(this.#self, REDELIVER_MS, () => this.#deliver(message));
    if (!consumer) {
      again();
      return;
    }
    this.ask(this.#self, consumer.life, LIMITS.deliveryMs, message.type, () =>
      consumer.handler(message),
    ).then(() => {
      this.underWay -= 1;
    }, again);
  }

  #pick({ type }: Message): Consumer | undefined {
    const there = this.#consumers.get(ROUTES[type].consumer)?.filter((one) => one.life.alive) ?? [];
    this.#hops += 1;
    return there[Math.floor(fraction(this.#seed, 202, this.#hops) * there.length)];
  }

  #carry(to: Life, what: string, act: () => Promise<void>): void {
    const arrive = (ms: number) => {
      this.underWay += 1;
      this.#time.after(this.#self, ms, () => {
        this.underWay -= 1;
        // In the name of the process: it may die of it.
        if (to.alive) this.#time.after(to, 0, () => void act());
      });
    };
    if (!this.#strikes("requestLost", what)) arrive(this.#hop(what));
    // What one process asks another comes once or not at all; clients and the bus repeat themselves.
    if (!CALLS.has(what) && this.#strikes("duplicate", what)) {
      arrive(this.#faults.extent("duplicate", 1, SLOWEST_MS));
    }
  }

  #hop(what: string): number {
    this.#hops += 1;
    if (this.#strikes("slowMessage", what)) {
      return this.#faults.extent("slowMessage", 100, SLOWEST_MS);
    }
    return 1 + 4 * fraction(this.#seed, 203, this.#hops);
  }

  #strikes(kind: Parameters<Faults["strikes"]>[0], what: string): boolean {
    return this.#faults.strikes(kind, this.#time.nowMs, what);
  }
}
