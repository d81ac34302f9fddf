/** The waiting room's scripts, by name. */
import { join } from "node:path";
import { type LuaParts, type LuaScript, readLua } from "../../common/lua.ts";

const FOLDER = join(import.meta.dirname, "..", "lua");

export const SCRIPT_NAMES = [
  "enqueue",
  "poll",
  "leave",
  "redeem",
  "restore",
  "admit",
  "stats",
  "settings",
  "revive",
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

/** Tests keep their own time: with it the rules carry `nowMs`, and Redis' clock is not asked. */
const GIVEN_CLOCK: LuaParts = {
  clock: "local function wall_ms() return cjson.decode(ARGV[1]).nowMs end",
};

/** `givenClock`: for tests only. */
export function waitingRoomScripts(givenClock = false): readonly LuaScript[] {
  return SCRIPT_NAMES.map((name) => readLua(FOLDER, name, givenClock ? GIVEN_CLOCK : {}));
}

/** The name that the client knows a script by: its own commands must not be hidden. */
export function commandOf(name: ScriptName): string {
  return `reservex_${name}`;
}
