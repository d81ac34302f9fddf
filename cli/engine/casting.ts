/** Who each client is: its role and habits, drawn once from its own stream. */
import type { Attack } from "../judge/history.ts";
import { type ClientAccount, type RunPlan, type Tuning, tuningOf } from "./plan.ts";
import { shuffled, streamOf, unit, whole } from "./rng.ts";

export type Role = "honest" | "absent" | Attack;

const ROLES: readonly Role[] = [
  "honest",
  "absent",
  "no-pass",
  "forged-pass",
  "foreign-pass",
  "spent-pass",
];
const FIRST_ATTACK = 2;

/** One client's facts; they do not change during a run. */
export interface Who {
  /** Its number, from 0. */
  readonly client: number;
  readonly userId: number;
  readonly accessToken: string;
  readonly role: Role;
  readonly thinkMs: number;
  /** 0 to 1: spreads this client's retries, so that a crowd refused at once does not return so. */
  readonly jitter: number;
  /** Indexes into the sale's products, the favourite first. */
  readonly wishes: readonly number[];
  /** Clicks "join" twice at once. */
  readonly doubleClicks: boolean;
  /** For the absent: how often it polls before it is gone. */
  readonly visits: number;
}

/**
 * The role of every client as an index for {@link whoIs}. Shares are exact (rounded), not chances:
 * a run told to have 5 % attackers has them even with 20 clients. Attackers take turns at the
 * four attacks.
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
  const doubleClicks = role === "honest" && unit(stream) * 100 < tuning.doubleClickPercent;
  const visits = role === "absent" && unit(stream) < 0.5 ? whole(stream, 1, 2) : 0;
  const { userId, accessToken } = account;
  return { client, userId, accessToken, role, thinkMs, jitter, wishes, doubleClicks, visits };
}
