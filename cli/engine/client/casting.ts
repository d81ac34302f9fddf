/** Who each client is: its role and habits, drawn once from its own stream. */
import type { Attack } from "../../judge/history.ts";
import { bearerLine, type FieldLines } from "../http/http-request.ts";
import { type ClientAccount, type RunPlan, type Tuning, tuningOf } from "../plan.ts";
import { shuffled, streamOf, unit, whole } from "../rng.ts";

export type Role = "honest" | "absent" | Attack;

const ROLES: readonly Role[] = [
  "honest",
  "absent",
  "no-pass",
  "forged-pass",
  "foreign-pass",
  "spent-pass",
  "poll-flood",
  "many-accounts",
];
/** Who dawdles buys so long after the end of its pass: past every doubt about when it began. */
const TOO_LATE_MS = 2_000;
/** Accounts in one attacker's hands. */
const GANG = 5;
const FIRST_ATTACK = 2;

/** One client's facts; they do not change during a run. */
export interface Who {
  /** Its number, from 0. */
  readonly client: number;
  readonly userId: number;
  readonly accessToken: string;
  /** The token as it goes into each request; undefined for one that no header can carry. */
  readonly credentials: FieldLines | undefined;
  readonly role: Role;
  readonly thinkMs: number;
  /** 0 to 1: spreads this client's retries, so that a crowd refused at once does not return so. */
  readonly jitter: number;
  /** Indexes into the sale's products, the favourite first. */
  readonly wishes: readonly number[];
  /** Clicks "join" and "buy" twice at once. */
  readonly doubleClicks: boolean;
  /** How long it waits in line before it leaves; undefined: as long as it takes. */
  readonly patienceMs: number | undefined;
  /** Sends an accepted purchase again, as if it had not heard. */
  readonly retries: boolean;
  /** Cancels what was confirmed to it. */
  readonly regrets: boolean;
  /** For the absent: how often it polls before it is gone. */
  readonly visits: number;
}

/**
 * The role of every client as an index for {@link whoIs}. Shares are exact (rounded), not chances:
 * a run told to have 5 % attackers has them even with 20 clients. Attackers take turns at the
 * attacks.
 */
export function castRoles(
  seed: number,
  clients: number,
  absentPercent: number,
  attackersPercent: number,
): Uint8Array {
  const roles = new Uint8Array(clients);
  const absent = Math.round((clients * absentPercent) / 100);
  const attackers = Math.min(clients - absent, Math.round((clients * attackersPercent) / 100));
  const order = shuffled(streamOf(seed, "cast"), clients);
  for (let i = 0; i < absent; i += 1) roles[order[i]!] = 1;
  for (let i = 0; i < attackers; i += 1) {
    roles[order[absent + i]!] = FIRST_ATTACK + (i % (ROLES.length - FIRST_ATTACK));
  }
  return roles;
}

/** The role of every client of a plan. */
export function castOf({ seed, settings }: RunPlan): Uint8Array {
  const { clients, absentPercent, attackersPercent } = settings;
  return castRoles(seed, clients, absentPercent, attackersPercent);
}

/** Of those with many accounts: each client, and the one at whose time all of its gang arrive. */
export function gangsOf(roles: Uint8Array): Map<number, number> {
  const role = ROLES.indexOf("many-accounts");
  const leaders = new Map<number, number>();
  let leader = -1;
  for (let client = 0; client < roles.length; client += 1) {
    if (roles[client] !== role) continue;
    if (leaders.size % GANG === 0) leader = client;
    leaders.set(client, leader);
  }
  return leaders;
}

/** The facts of one client; the same for a seed however often and whenever they are asked for. */
export function whoIs(
  plan: RunPlan,
  client: number,
  roleIndex: number,
  account: ClientAccount,
  tuning: Tuning = tuningOf(plan),
): Who {
  const stream = streamOf(plan.seed, "traits", client);
  const role = ROLES[roleIndex] ?? "honest";
  const thinkMs = whole(stream, Math.ceil(tuning.thinkMinMs), Math.floor(tuning.thinkMaxMs));
  const jitter = unit(stream);
  const wishes = shuffled(stream, plan.sale.products.length);
  const { habits } = plan.settings;
  const doubleClickPercent = habits?.doubleClickPercent ?? tuning.doubleClickPercent;
  const doubleClicks = role === "honest" && unit(stream) * 100 < doubleClickPercent;
  const visits = role === "absent" && unit(stream) < 0.5 ? whole(stream, 1, 2) : 0;
  const { impatientPercent = 0, patienceSeconds = 0, retryingPercent = 0 } = habits ?? {};
  const impatient = role === "honest" && unit(stream) * 100 < impatientPercent;
  const patienceMs = impatient ? patienceSeconds * 1_000 : undefined;
  const retries = role === "honest" && unit(stream) * 100 < retryingPercent;
  const { regrettingPercent = 0, dawdlingPercent = 0 } = habits ?? {};
  const regrets = role === "honest" && unit(stream) * 100 < regrettingPercent;
  const dawdles = role === "honest" && unit(stream) * 100 < dawdlingPercent;
  const lateMs = plan.sale.passTtlSeconds * 1_000 + TOO_LATE_MS;
  const { userId, accessToken } = account;
  const delay = dawdles ? lateMs : thinkMs;
  const drawn = { thinkMs: delay, jitter, wishes, doubleClicks, visits, patienceMs, retries };
  const credentials = bearerLine(accessToken);
  return { client, userId, accessToken, credentials, role, regrets, ...drawn };
}
