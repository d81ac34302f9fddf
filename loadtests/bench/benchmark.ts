/** What a ratio benchmark is, what it gets and what it answers. */
import { type Block, compare, interleave, notesOf } from "./ratio.ts";

export interface BenchContext {
  /** Pairs of blocks that count; one more comes before them and warms up. */
  readonly pairs: number;
  /** Length of a block. */
  readonly seconds: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
  /** Aborted when the person in front of it has seen enough. */
  readonly interrupted: AbortSignal;
  /** Closed when the benchmark has ended, last first. */
  readonly parts: AsyncDisposableStack;
}

export interface Benchmark {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** Programs that must be on this machine, by name, with the package that brings them. */
  readonly programs?: Readonly<Record<string, string>>;
  run(context: BenchContext): Promise<readonly Result[]>;
}

/** `goal` with `goalIs` and `holds` are null where the result is for information. */
export interface Result {
  readonly name: string;
  /** a/b, unless the settings say otherwise. */
  readonly ratio: number;
  readonly goal: number | null;
  readonly goalIs: "atLeast" | "atMost" | null;
  readonly holds: boolean | null;
  /** Medians, in `unit`. */
  readonly a: number;
  readonly b: number;
  /** Of the pairs' ratios. */
  readonly spread: { readonly min: number; readonly max: number };
  readonly unit: string;
  readonly noisy: boolean;
  /** What A and B are, and what they were measured with. */
  readonly settings: Settings;
  /** What else was seen. */
  readonly notes: Readonly<Record<string, number | string>>;
}

export type Settings = Readonly<Record<string, number | string>>;
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export interface About {
  readonly name: string;
  readonly unit: string;
  /** What A and B are, for people. */
  readonly sides: { readonly a: string; readonly b: string };
  readonly settings: Settings;
  readonly goal?: Goal;
  readonly notes?: Result["notes"];
}

/** A result from two variants' blocks. */
export function resultOf(
  about: About,
  blocks: { readonly a: readonly Block[]; readonly b: readonly Block[] },
): Result {
  const { name, unit, settings, sides, goal } = about;
  const comparison = compare(blocks.a, blocks.b);
  return {
    name,
    ...comparison,
    ...judged(comparison.ratio, goal),
    unit,
    settings: { A: sides.a, B: sides.b, ...settings },
    notes: { ...notesOf("A", blocks.a), ...notesOf("B", blocks.b), ...about.notes },
  };
}

export function judged(
  ratio: number,
  goal: Goal | undefined,
): Pick<Result, "goal" | "goalIs" | "holds"> {
  if (!goal) return { goal: null, goalIs: null, holds: null };
  return "atLeast" in goal
    ? { goal: goal.atLeast, goalIs: "atLeast", holds: ratio >= goal.atLeast }
    : { goal: goal.atMost, goalIs: "atMost", holds: ratio <= goal.atMost };
}

/** The variants in turns, as many and as long as the context says. */
export function measure<Name extends string>(
  { pairs, progress, interrupted }: BenchContext,
  variants: Readonly<Record<Name, () => Promise<Block>>>,
): Promise<Readonly<Record<Name, readonly Block[]>>> {
  return interleave(variants, pairs, (name, round) => {
    interrupted.throwIfAborted();
    progress(round === 0 ? `  ${name}, warming up` : `  ${name}, ${round} of ${pairs}`);
  });
}
