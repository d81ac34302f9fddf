/** Who is looked after without polling, and when nobody is. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLog } from "../common/log.ts";
import type { Sale } from "./admission.ts";
import { AdmissionLoop } from "./admission-loop.ts";
import type { Admission } from "./waiting-room-store.ts";

const SALE: Sale = { opensAtMs: 0, closesAtMs: Infinity, cancelled: false };
const NOBODY: Admission = { admitted: [], elsewhere: [], waiting: 0, lookAgainMs: 0 };
const LINE: Admission = { admitted: [], elsewhere: [], waiting: 1, lookAgainMs: 60_000 };

/** Each look is answered by the test, which can thus act in the middle of one. */
class Desk {
  sale: Sale | undefined = SALE;
  #looked = Promise.withResolvers<(answer: Admission | Error) => void>();
  readonly loop = new AdmissionLoop({
    store: {
      admit: () =>
        new Promise((resolve, reject) => {
          this.#looked.resolve((answer) => {
            if (answer instanceof Error) reject(answer);
            else resolve(answer);
          });
        }),
    },
    saleOf: () => this.sale,
    onAdmitted: () => undefined,
    log: createLog("silent"),
  });

  /** Waits for a look, and hands over the way to answer it. */
  async look() {
    const answer = await this.#looked.promise;
    this.#looked = Promise.withResolvers();
    return async (admission: Admission | Error) => {
      answer(admission);
      await new Promise((resolve) => setImmediate(resolve));
    };
  }
}

test("an event is looked at from its first client on until nobody waits", async () => {
  const desk = new Desk();
  desk.loop.touch(1);
  await (await desk.look())(LINE);
  assert.equal(desk.loop.events(), [1]);
  await (await desk.look())(NOBODY);
  assert.equal(desk.loop.events(), []);
  await desk.loop.stop();
});

test("one who joins during the look that finds nobody is looked after", async () => {
  const desk = new Desk();
  desk.loop.touch(1);
  const answer = await desk.look();
  desk.loop.touch(1);
  await answer(NOBODY);
  await (await desk.look())(LINE);
  await desk.loop.stop();
});

test("one who comes back while a permit lies idle gets a look at once", async () => {
  const desk = new Desk();
  desk.loop.touch(1);
  await (await desk.look())({ ...LINE, lookAgainMs: 0 });
  const looking = desk.look();
  desk.loop.touch(1);
  await (await looking)(LINE);
  await desk.loop.stop();
});

test("a change during a look is followed by another look", async () => {
  const desk = new Desk();
  desk.loop.touch(1);
  const answer = await desk.look();
  desk.loop.changed(1);
  await answer({ ...LINE, lookAgainMs: undefined });
  await (await desk.look())(LINE);
  await desk.loop.stop();
});

test("a store that fails once is asked again", async () => {
  const desk = new Desk();
  desk.loop.touch(1);
  await (await desk.look())(new Error("no answer"));
  await (await desk.look())(LINE);
  await desk.loop.stop();
});

test("without a known sale nobody is admitted, and the line is not forgotten", async () => {
  const desk = new Desk();
  desk.sale = undefined;
  desk.loop.touch(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(desk.loop.events(), [1]);
  desk.sale = SALE;
  await (await desk.look())(LINE);
  await desk.loop.stop();
});

test.run();
