import { ServiceBroker } from "moleculer";
import { suite } from "uvu";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readConfig } from "../config.ts";
import { testNatsUrl } from "../testing/service-harness.ts";
import { holdToTheBusPort } from "./bus-conformance.ts";
import { DirectBus } from "./direct-bus.ts";

const test = suite("direct bus between two nodes on a real NATS server");
let pairs = 0;

holdToTheBusPort(test, async () => {
  pairs += 1;
  const config = readConfig({ NATS_URL: testNatsUrl(), LOG_LEVEL: "fatal" });
  const open = async (end: string) => {
    const options = brokerOptions(config, { nodeId: `${end}-${process.pid}-${pairs}` });
    const broker = new ServiceBroker({ ...options, namespace: `bus-${process.pid}-${pairs}` });
    await broker.start();
    return { broker, bus: new DirectBus(broker) };
  };
  const sender = await open("sender");
  const receiver = await open("receiver");
  return {
    sender: sender.bus,
    receiver: receiver.bus,
    close: async () => {
      await receiver.bus.close();
      await receiver.broker.stop();
      await sender.broker.stop();
    },
  };
});

test.run();
