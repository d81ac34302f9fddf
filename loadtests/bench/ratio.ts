/** Compares two variants measured in turns: medians, the ratio of each pair, and how far they lie apart. */

/** One block's measurement of one variant. */
export interface Block {
  readonly value: number;
  /** What else was seen, for the reader: latencies, CPU shares. */
  readonly notes?: Readonly<Record<string, number>>;
}

export interface Comparison {
  /** Median of the ratios a/b of blocks measured one after the other. */
  readonly ratio: number;
  readonly spread: { readonly min: number; readonly max: number };
  /** Medians. */
  readonly a: number;
  readonly b: number;
  /** A alone wandered by more than {@link NOISY_SPREAD}: the machine was busy with something else. */
  readonly noisy: boolean;
}

/** (max − min) / median of A's blocks. */
export const NOISY_SPREAD = 0.25;

/**
 * Measures the variants in rounds, every other round backwards (A B B A A B …), so that a machine
 * which slows down slows both. Round 0 warms up and is dropped.
 */
export async function interleave<Name extends string>(
  variants: Readonly<Record<Name, () => Promise<Block>>>,
  pairs: number,
  before: (name: Name, round: number) => void = () => undefined,
): Promise<Readonly<Record<Name, readonly Block[]>>> {
  const names = Object.keys(variants) as Name[];
  const blocks = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Block[]
  >;
  for (let round = 0; round <= pairs; round++) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) {
      before(name, round);
      const block = await variants[name]();
      if (round > 0) blocks[name].push(block);
    }
  }
  return blocks;
}

export function compare(a: readonly Block[], b: readonly Block[]): Comparison {
  if (a.length === 0 || a.length !== b.length) throw new Error("blocks come in pairs");
  const ratios = a.map(({ value }, at) => value / b[at]!.value);
  const own = a.map(({ value }) => value);
  return {
    ratio: median(ratios),
    spread: { min: Math.min(...ratios), max: Math.max(...ratios) },
    a: median(own),
    b: median(b.map(({ value }) => value)),
    noisy: (Math.max(...own) - Math.min(...own)) / median(own) > NOISY_SPREAD,
  };
}

/** The median of each note, its name led by `prefix`: "ours p99Ms". */
export function notesOf(prefix: string, blocks: readonly Block[]): Record<string, number> {
  const names = new Set(blocks.flatMap(({ notes }) => Object.keys(notes ?? {})));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = blocks.flatMap(({ notes }) => notes?.[name] ?? []);
      return [`${prefix} ${name}`, median(values)];
    }),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
