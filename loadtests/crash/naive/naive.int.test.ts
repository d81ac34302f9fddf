/** The harness can tell: what holds for this project breaks in a build without outbox, inbox and keys. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { streamOf, unit } from "../../../cli/engine/rng.ts";
import { NAIVE } from "../build.ts";
import { runCrash } from "../crash-run.ts";

/** It has no timer but JetStream's redelivery after 5 s: what is open then stays open. */
const REST_MS = 15_000;

test("the same kills, lost acknowledgements and repetitions break a naive build", async () => {
  const stream = streamOf(3, "cast");
  const said: string[] = [];
  const { rounds } = await runCrash({
    ...{ build: NAIVE, kills: 14, faults: "all", only: [], restWithinMs: REST_MS },
    random: () => unit(stream),
    progress: (line) => said.push(line),
    interrupted: new AbortController().signal,
  });
  const broken = new Set(rounds.flatMap(({ findings }) => findings.map((one) => one.equation)));
  assert.ok(broken.has("money") || broken.has("ended"), said.join("\n"));
});

test.run();
