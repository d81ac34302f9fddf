/** Several processes' views as one: what one of them is sure of stays sure. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { broken } from "../../judge/verdict.ts";
import { Meters } from "../meters.ts";
import { snapshotBefore } from "../snapshot.ts";
import { mergeSnapshots } from "./merge-views.ts";
import type { WorkerView } from "./worker-messages.ts";

function viewOf(...promises: ("rate" | "stock" | "passes")[]): WorkerView {
  const verdicts = promises.map((promise) => broken(promise, `${promise} is broken`, 1, []));
  return { snapshot: { ...snapshotBefore(10, 60), verdicts }, meters: new Meters().readings() };
}

const promisesOf = (views: readonly WorkerView[]) =>
  mergeSnapshots(views).verdicts.map(({ promise }) => promise);

test("what any process has found broken is shown, once", () => {
  assert.equal(promisesOf([viewOf(), viewOf()]), []);
  assert.equal(promisesOf([viewOf(), viewOf("stock")]), ["stock"]);
  assert.equal(promisesOf([viewOf("rate", "stock"), viewOf("stock", "passes")]), [
    ...["rate", "stock", "passes"],
  ]);
});

test.run();
