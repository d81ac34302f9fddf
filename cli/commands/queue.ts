/** `reservex queue`: operators look at a waiting room and steer it. */
import { type Command, Option } from "commander";
import {
  type Journal,
  journal,
  type Pacing,
  type SettingsChange,
  settings,
  stats,
} from "../../services/common/contracts/queue.ts";
import { EXIT, usageError } from "../exit.ts";
import type { Run } from "../main.ts";
import type { Output } from "../output.ts";
import {
  addOperatorOptions,
  type OperatorClient,
  type OperatorOptions,
  operate,
} from "./operator.ts";
import { whole } from "./options.ts";
import {
  type JournalEntry,
  journalLine,
  journalSummary,
  settingsText,
  statsText,
  watchLine,
} from "./queue-text.ts";
import { addWatchOptions, lookEverySecond } from "./watching.ts";

interface Task<O> {
  readonly room: Room;
  readonly output: Output;
  readonly options: O;
}

type Work<O> = (task: Task<O>) => Promise<unknown>;

interface SetOptions extends OperatorOptions {
  readonly permitsPerMinute?: number;
  readonly passTtl?: number;
  readonly pacing?: Pacing;
}

type WatchOptions = OperatorOptions & { readonly seconds?: number };

/** One waiting room, as its operators see it. */
class Room {
  readonly eventId: number;
  readonly #client: OperatorClient;

  constructor(eventId: number, client: OperatorClient) {
    this.eventId = eventId;
    this.#client = client;
  }

  stats() {
    return this.#client.ask(stats, this.#subject, { method: "GET", path: this.#path("stats") });
  }

  settings() {
    const call = { method: "GET", path: this.#path("settings") } as const;
    return this.#client.ask(settings, this.#subject, call);
  }

  change(body: SettingsChange) {
    const call = { method: "PATCH", path: this.#path("settings"), body } as const;
    return this.#client.ask(settings, this.#subject, call);
  }

  /** The admissions, page by page, oldest first. */
  async *journal(): AsyncGenerator<readonly JournalEntry[]> {
    for (let after: number | null = 0; after !== null; ) {
      const call = { method: "GET", path: this.#path(`journal?after=${after}`) } as const;
      const page: Journal = await this.#client.ask(journal, this.#subject, call);
      yield page.entries;
      after = page.next;
    }
  }

  get #subject(): string {
    return `event ${this.eventId}`;
  }

  #path(rest: string): string {
    return `/queue/${this.eventId}/${rest}`;
  }
}

export function addQueue(program: Command, run: Run): void {
  const queue = program.command("queue").description("look at a waiting room, and steer it");
  const add = <O extends OperatorOptions>(name: string, does: string, work: Work<O>): Command => {
    const command = queue
      .command(name)
      .description(does)
      .argument("<eventId>", "whose waiting room", whole(1, 2_147_483_647));
    return addOperatorOptions(command, "queue").action((eventId: number, options: O) =>
      run(
        ({ output }) =>
          operate("queue", options, async (client) => {
            await work({ room: new Room(eventId, client), output, options });
            return EXIT.valid;
          }),
        options,
      ),
    );
  };
  const addChange = (name: string, does: string, change: SettingsChange) =>
    add(name, does, ({ room, output }) => makeChange(room, output, change));

  add("stats", "the line in numbers", showStats);
  add("settings", "what the waiting room is set to", showSettings);
  add<SetOptions>("set", "change the admission rate, the passes' life, the pacing; live", setSome)
    .option("--permits-per-minute <n>", "admissions in any 60 s", whole(1, 60_000))
    .option("--pass-ttl <seconds>", "how long a new pass lives", whole(5, 3_600))
    .addOption(new Option("--pacing <how>", "evenly, or at once").choices(["smooth", "burst"]));
  addChange("pause", "admit nobody until resumed", { paused: true });
  addChange("resume", "admit again", { paused: false });
  addChange("drain", "let nobody new into the line, serve those in it", { draining: true });
  addChange("undrain", "let people into the line again", { draining: false });
  add("journal", "the record of admissions, and the rate it shows", showJournal);
  addWatchOptions(add<WatchOptions>("watch", "a line a second until interrupted", watch));
}

async function showStats({ room, output }: Task<OperatorOptions>): Promise<void> {
  const found = await room.stats();
  output.result(statsText(room.eventId, found));
  output.document(found);
}

async function showSettings({ room, output }: Task<OperatorOptions>): Promise<void> {
  const found = await room.settings();
  output.result(settingsText(room.eventId, found));
  output.document(found);
}

async function makeChange(room: Room, output: Output, change: SettingsChange): Promise<void> {
  const changed = await room.change(change);
  output.result(settingsText(room.eventId, changed));
  output.document(changed);
}

async function setSome({ room, output, options }: Task<SetOptions>): Promise<void> {
  const { permitsPerMinute, passTtl: passTtlSeconds, pacing } = options;
  if (permitsPerMinute === undefined && passTtlSeconds === undefined && pacing === undefined) {
    throw usageError("name what to set: --permits-per-minute, --pass-ttl, --pacing");
  }
  await makeChange(room, output, { permitsPerMinute, passTtlSeconds, pacing });
}

async function showJournal({ room, output }: Task<OperatorOptions>): Promise<void> {
  const entries: JournalEntry[] = [];
  for await (const page of room.journal()) {
    for (const entry of page) output.result(journalLine(entry));
    entries.push(...page);
  }
  output.result(journalSummary(entries));
  output.document({ entries });
}

async function watch({ room, output, options }: Task<WatchOptions>): Promise<void> {
  const say = output.json ? output.progress : output.result;
  const look = async () => ({ found: await room.stats(), over: false });
  output.document(await lookEverySecond(options, look, (found) => say(watchLine(found))));
}
