import { ServiceBroker } from "moleculer";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { holdToTheBusPort, message } from "./bus-conformance.ts";
import { DirectBus } from "./direct-bus.ts";

const test = suite("direct bus in one process");

async function openBroker(): Promise<ServiceBroker> {
  const broker = new ServiceBroker({ logger: false, requestTimeout: 3_000, validator: false });
  await broker.start();
  return broker;
}

holdToTheBusPort(test, async () => {
  const broker = await openBroker();
  const bus = new DirectBus(broker);
  return {
    sender: bus,
    receiver: bus,
    close: async () => {
      await bus.close();
      await broker.stop();
    },
  };
});

test("a publish resolves only after the handler has finished: the outbox may forget then", async () => {
  const broker = await openBroker();
  const bus = new DirectBus(broker);
  const order: string[] = [];
  await bus.consume("payment", async () => {
    await new Promise(setImmediate);
    order.push("handled");
  });
  await bus.publish(message("one"));
  order.push("published");
  assert.equal(order, ["handled", "published"]);
  await bus.close();
  await broker.stop();
});

test("without a consumer a publish is refused, so the outbox keeps the message", async () => {
  const broker = await openBroker();
  let refused = false;
  await new DirectBus(broker).publish(message("one")).catch(() => {
    refused = true;
  });
  assert.is(refused, true);
  await broker.stop();
});

test("what is no message is refused before the handler sees it", async () => {
  const broker = await openBroker();
  const bus = new DirectBus(broker);
  let handled = 0;
  await bus.consume("payment", async () => {
    handled += 1;
  });
  const wrong = { ...message("one"), data: { reservationId: "1; drop table" } };
  await broker.call("bus-payment.deliver", wrong).then(
    () => assert.unreachable(),
    () => {},
  );
  assert.is(handled, 0);
  await bus.close();
  await broker.stop();
});

test.run();
