/** Sales while everything is killed: the equations hold after each, whoever died of what. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { streamOf, unit } from "../../cli/engine/rng.ts";
import { failpointNames } from "../../services/common/failpoints.ts";
import { RESERVEX } from "./build.ts";
import { runCrash } from "./crash-run.ts";

const KILLS = 40;
/** Failpoints that kill in two rounds; a busy machine may pass some too late to count. */
const MOSTLY_REACHED = 15;

test("40 kills at failpoints and at random, servers included, break no equation", async () => {
  const stream = streamOf(11, "cast");
  const said: string[] = [];
  const report = await runCrash({
    ...{ build: RESERVEX, kills: KILLS, faults: "all", only: [] },
    restWithinMs: 60_000,
    random: () => unit(stream),
    progress: (line) => said.push(line),
    interrupted: new AbortController().signal,
  });
  const findings = report.rounds.flatMap((round) => round.findings);
  assert.equal(findings, [], said.join("\n"));
  assert.ok(report.kills.length >= KILLS, `${report.kills.length} kills`);
  assert.ok(report.cuts.length > 0);
  for (const round of report.rounds) assert.ok(round.reserved > 20, `${round.reserved} reserved`);

  const victims = new Set(report.kills.map((kill) => kill.victim.replace(/-\d+$/, "")));
  const everyone = ["account", "queue", "ticket", "payment", "saga", "postgres", "redis", "nats"];
  assert.equal([...victims].sort(), everyone.sort());
  assert.ok(report.kills.some((kill) => kill.victim === "nats" && kill.how.includes("wiped")));
  const points = new Set(report.kills.map((kill) => kill.how));
  const reached = failpointNames.filter((name) => points.has(name));
  assert.ok(reached.length >= MOSTLY_REACHED, `only ${reached.join(", ")}`);
});

test.run();
