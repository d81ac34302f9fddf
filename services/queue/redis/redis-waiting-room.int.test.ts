/** Waiting rooms in Redis keep the contract of every store. */
import { suite } from "uvu";
import { conformance } from "../conformance/conformance.ts";
import { startRedisStage } from "../testing/redis-stage.ts";

const stage = await startRedisStage();

// A promise may open a second store beside its first: each gets a database of its own.
let opened = 0;
conformance("on Redis", (options) => stage.openEmpty(options, opened++ % 16));

// Suites run in the order they were made: this one is the last.
const last = suite("on Redis: end");
last("the server of this file is stopped", () => stage.stop());
last.run();
