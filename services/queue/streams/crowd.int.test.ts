/** Ten thousand streams of one process, over sockets, from joining to the pass. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Stats, Status } from "../../common/contracts/queue.ts";
import { eventually } from "../../common/testing/service-harness.ts";
import {
  type CrowdStream,
  joinAll,
  openStreams,
  type StreamProcess,
  startStreamProcess,
} from "../testing/stream-crowd.ts";

const STREAMS = 10_000;
const PERMITS = 3_000;
const clientIds = Array.from({ length: STREAMS }, (_, client) => `c${client}`);

/** Far above what it takes, far below what a client would call no answer. */
const ANSWER_MS = 5_000;

async function statusAnswers(server: StreamProcess): Promise<Status> {
  const began = performance.now();
  const answer = await server.ask(`/queue/1/status?clientId=c${STREAMS - 1}`);
  const body = (await answer.json()) as Status;
  const tookMs = performance.now() - began;
  assert.is(answer.status, 200);
  assert.ok(tookMs < ANSWER_MS, `a status took ${Math.round(tookMs)} ms`);
  return body;
}

const tally = (streams: readonly CrowdStream[], fits: (stream: CrowdStream) => boolean) =>
  streams.reduce((sum, stream) => sum + (fits(stream) ? 1 : 0), 0);

test("10,000 streams: each told its position, those admitted their pass once and the end", async () => {
  const server = await startStreamProcess();
  const set = async (settings: object) =>
    assert.is((await server.ask("/queue/1/settings", "PATCH", settings)).status, 200);
  try {
    await set({ paused: true, permitsPerMinute: PERMITS, pacing: "burst" });
    await joinAll(server, clientIds);
    const streams = await openStreams(server, clientIds);
    const begun = ({ text }: CrowdStream) => /^event: position$/m.test(text);
    await eventually(
      async () => tally(streams, begun),
      (told) => told === STREAMS,
    );
    assert.ok((await statusAnswers(server)).position > 0);
    await set({ paused: false });
    await statusAnswers(server);
    await eventually(
      async () => tally(streams, ({ ended }) => ended),
      (ended) => ended === PERMITS,
      20_000,
    );
    // Those left are told that so many fewer are ahead of them.
    const served = ({ ended, events }: CrowdStream) =>
      ended || (events.at(-1)?.position ?? STREAMS) < STREAMS - PERMITS;
    await eventually(
      async () => tally(streams, served),
      (told) => told === STREAMS,
    );
    const stats = (await (await server.ask("/queue/1/stats")).json()) as Stats;
    assert.equal([stats.admittedTotal, stats.waiting], [PERMITS, STREAMS - PERMITS]);
    for (const { clientId, events, ended } of streams) {
      const passes = events.filter(({ name }) => name === "pass").length;
      const atEnd = events.at(-1)?.name === "pass";
      assert.equal([passes, atEnd], ended ? [1, true] : [0, false], clientId);
    }
    await statusAnswers(server);
    for (const stream of streams) stream.close();
  } finally {
    await server.stop();
  }
});

test.run();
