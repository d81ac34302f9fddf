import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { ServiceBroker } from "moleculer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FrameReader, frame, LocalTransporter } from "./local-transporter.ts";

test("frames come out as they went in, however the bytes are cut", () => {
  const messages = fc.array(
    fc.tuple(fc.string({ maxLength: 30 }), fc.uint8Array({ maxLength: 200 })),
  );
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 50 }), (sent, step) => {
      const bytes = Buffer.concat(sent.map(([topic, data]) => frame(topic, Buffer.from(data))));
      const reader = new FrameReader();
      const got: [string, Buffer][] = [];
      for (let at = 0; at < bytes.length; at += step) {
        for (const one of reader.take(bytes.subarray(at, at + step)))
          got.push([one.topic, one.data]);
      }
      const topics = got.map(([topic]) => topic);
      assert.equal(
        topics,
        sent.map(([topic]) => Buffer.from(topic).toString()),
      );
      assert.ok(got.every(([, data], index) => data.equals(Buffer.from(sent[index]![1]))));
    }),
  );
});

test("bytes that are no frame end the connection instead of filling the memory", () => {
  const reader = new FrameReader();
  assert.throws(() => [...reader.take(Buffer.from("GET / HTTP/1.1\r\n\r\n"))]);
});

test("a member that joins the hub calls its services", async () => {
  const folder = mkdtempSync(join(tmpdir(), "reservex-"));
  const path = join(folder, "broker.sock");
  const start = async (nodeID: string, role: "hub" | "member") => {
    const transporter = new LocalTransporter({ path, role });
    return new ServiceBroker({ nodeID, transporter, logger: false, requestTimeout: 3_000 });
  };
  const hub = await start("hub", "hub");
  hub.createService({
    name: "greeter",
    actions: { hello: (ctx) => `hello ${JSON.stringify(ctx.params)}` },
  });
  await hub.start();
  const member = await start("member", "member");
  await member.start();
  await member.waitForServices("greeter", 3_000);
  assert.is(await member.call("greeter.hello", { n: 1 }), 'hello {"n":1}');
  await member.stop();
  await hub.stop();
  rmSync(folder, { recursive: true });
});

test.run();
