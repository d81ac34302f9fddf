/** Plants one sin of the catalogue into the stack that this process is about to start. */
import type { MutantName } from "../../common/contracts/mutants.ts";
import { plant, type SeamName, type Spoil } from "../../common/seams.ts";
import { ACCESS_MUTANTS } from "./access-mutants.ts";
import { LINE_MUTANTS } from "./line-mutants.ts";
import { MONEY_MUTANTS } from "./money-mutants.ts";
import { PASS_MUTANTS } from "./pass-mutants.ts";
import { ROOM_MUTANTS } from "./room-mutants.ts";
import { SALE_MUTANTS } from "./sale-mutants.ts";

/** What stands at which seam instead of the honest part. */
export type Spoils = Readonly<Partial<Record<SeamName, Spoil>>>;

const SPOILS: Readonly<Record<MutantName, () => Spoils>> = {
  ...ROOM_MUTANTS,
  ...LINE_MUTANTS,
  ...PASS_MUTANTS,
  ...SALE_MUTANTS,
  ...MONEY_MUTANTS,
  ...ACCESS_MUTANTS,
};

/** undefined plants nothing, and takes away what an earlier stack of this process had. */
export function plantMutant(name: MutantName | undefined): void {
  plant(name === undefined ? {} : SPOILS[name]());
}
