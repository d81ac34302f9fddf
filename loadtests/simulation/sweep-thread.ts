/** One thread of a sweep. */
import { parentPort, workerData } from "node:worker_threads";
import { findMutant, sweep, type Task, type Told } from "./sweep.ts";

// Faults are errors by the thousand, and nobody reads where they were made.
Error.stackTraceLimit = 0;

const task = workerData as Task;
const tell = (told: Told): void => parentPort?.postMessage(told);

if (task.do === "seeds") await sweep(task, tell);
else for (const name of task.names) tell({ found: await findMutant(name, task.most) });
