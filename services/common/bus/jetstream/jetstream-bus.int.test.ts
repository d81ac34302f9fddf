import { suite } from "uvu";
import { holdToTheBusPort } from "../bus-conformance.ts";
import { freshNamespace, openTestBus } from "../testing/jetstream-stage.ts";

for (const storage of ["file", "memory"] as const) {
  const test = suite(`JetStream bus between two connections, storage: ${storage}`);
  holdToTheBusPort(test, async () => {
    const namespace = freshNamespace();
    const sender = await openTestBus(namespace, { storage });
    const receiver = await openTestBus(namespace, { storage });
    return {
      sender,
      receiver,
      close: async () => {
        await receiver.close();
        await sender.close();
      },
    };
  });
  test.run();
}
