/** A batch may speak of several events; each event's room is asked with its own part. */

interface OfEvent {
  readonly eventId: number;
}

export const byEvent = ({ eventId }: OfEvent): number => eventId;

/**
 * Items with the same key go together, in their order; answers come back in the order of the
 * batch. Groups are asked side by side.
 */
export async function answerInGroups<Item extends OfEvent, Answer>(
  batch: readonly Item[],
  keyOf: (item: Item) => string | number,
  ask: (eventId: number, group: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  const first = batch[0];
  if (!first) return [];
  // The usual case: one event, one key.
  const key = keyOf(first);
  if (batch.every((item) => keyOf(item) === key)) return ask(first.eventId, batch);
  const groups = new Map<string | number, number[]>();
  for (const [at, item] of batch.entries()) {
    const group = groups.get(keyOf(item));
    if (group) group.push(at);
    else groups.set(keyOf(item), [at]);
  }
  const answers: Answer[] = [];
  await Promise.all(
    [...groups.values()].map(async (places) => {
      const group = places.map((at) => batch[at]!);
      const answered = await ask(group[0]!.eventId, group);
      for (const [index, at] of places.entries()) answers[at] = answered[index]!;
    }),
  );
  return answers;
}
