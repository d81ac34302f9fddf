import { test } from "uvu";
import * as assert from "uvu/assert";
import { streamOf, unit } from "../../rng.ts";
import { ClockTrack, type Exchange, sightingOf } from "./clock-track.ts";

/** Another machine's clock: what it shows at an instant of ours. */
type TheirClock = (oursMs: number) => number;

function exchangeAt(sentMs: number, theirs: TheirClock, there: number, back: number): Exchange {
  const arrives = sentMs + there;
  const leaves = arrives + 0.02;
  const heardMs = leaves + back;
  return { sentMs, theirReceivedMs: theirs(arrives), theirSentMs: theirs(leaves), heardMs };
}

/** A run of so many seconds, asked once a second over a way that is often slow, and one-sided. */
function trackOf(theirs: TheirClock, seconds: number, seed: number): ClockTrack {
  const track = new ClockTrack();
  const stream = streamOf(seed, "arrivals");
  const delay = (usual: number) => usual + (unit(stream) < 0.3 ? unit(stream) * 40 : unit(stream));
  for (let n = 0; n < 20; n += 1) {
    track.add(exchangeAt(n * 3, theirs, delay(0.1), delay(0.4)));
  }
  for (let second = 1; second <= seconds; second += 1) {
    track.add(exchangeAt(second * 1_000, theirs, delay(0.1), delay(0.4)));
  }
  return track;
}

test("one exchange bounds the offset by half the way there and back, however uneven", () => {
  const theirs: TheirClock = (ours) => ours + 5_000;
  const even = sightingOf(exchangeAt(100, theirs, 2, 2));
  assert.ok(Math.abs(even.offsetMs - 5_000) < 1e-9);
  assert.ok(Math.abs(even.errorMs - 2) < 1e-9);
  const uneven = sightingOf(exchangeAt(100, theirs, 0.1, 9.9));
  assert.ok(Math.abs(uneven.offsetMs - 5_000) <= uneven.errorMs + 1e-9, "the truth is within");
  assert.ok(uneven.errorMs < 5.01);
});

test("a clock hours apart is brought to ours within the error that is told", () => {
  for (const skewMs of [-7_200_000, 0, 0.7, 123_456_789]) {
    for (let seed = 1; seed <= 20; seed += 1) {
      const theirs: TheirClock = (ours) => ours + skewMs;
      const fit = trackOf(theirs, 35, seed).fit();
      assert.is(fit.exchanges, 55);
      assert.ok(fit.errorMs < 6, `the best exchanges count, not the slow ones: ${fit.errorMs}`);
      for (let ours = 0; ours < 36_000; ours += 700) {
        const off = Math.abs(fit.toOurs(theirs(ours)) - ours);
        assert.ok(off <= fit.errorMs + 1e-6, `seed ${seed}: ${off} > ${fit.errorMs}`);
      }
    }
  }
});

test("a clock that runs apart is followed: an hour of drift costs no exactness", () => {
  // 50 millionths, as bad as quartz gets: 180 ms in the hour.
  const theirs: TheirClock = (ours) => 1_000 + ours * 1.000_05;
  const fit = trackOf(theirs, 3_600, 3).fit();
  assert.ok(Math.abs(fit.driftMs - 180) < 5, `${fit.driftMs}`);
  assert.ok(fit.errorMs < 6, `${fit.errorMs}`);
  for (let ours = 0; ours < 3_600_000; ours += 9_700) {
    assert.ok(Math.abs(fit.toOurs(theirs(ours)) - ours) <= fit.errorMs + 1e-6);
  }
});

test("an order on their clock stays one on ours", () => {
  const fit = trackOf((ours) => ours - 40_000, 300, 9).fit();
  let before = Number.NEGATIVE_INFINITY;
  for (let theirs = -41_000; theirs < 262_000; theirs += 0.9) {
    const ours = fit.toOurs(theirs);
    assert.ok(ours > before);
    before = ours;
  }
});

test("without an exchange nothing is claimed", () => {
  assert.is(new ClockTrack().offsetMs, undefined);
  assert.throws(() => new ClockTrack().fit(), /no exchange/);
});

test.run();
