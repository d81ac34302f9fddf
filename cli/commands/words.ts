/** Words and tables that the texts of several commands share. */

/** 49.9 → "49.90". */
export const money = (amount: number): string => amount.toFixed(2);

/** "2027-05-01T20:00:00.123Z" → "20:00:00", UTC. */
export const clockTime = (instant: string): string => instant.slice(11, 19);

/** "2027-05-01T20:00:00.123Z" → "2027-05-01 20:00", UTC. */
export const minute = (instant: string): string => instant.slice(0, 16).replace("T", " ");

export const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** A number in a column of its own kind. */
export const right = (text: string): string => text.padStart(9);

/** Columns as wide as their widest cell; the last one as it comes. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}
