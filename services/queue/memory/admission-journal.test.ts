/** The journal of admissions keeps the newest, in order, under their own numbers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AdmissionJournal } from "./admission-journal.ts";

function journalOf(admissions: number, most: number): AdmissionJournal {
  const journal = new AdmissionJournal(most);
  for (let number = 1; number <= admissions; number++) {
    journal.add({ clientId: `c${number}`, joinedAtMs: number, admittedAtMs: 100 + number });
  }
  return journal;
}

test("the newest are kept, however many there were, and their numbers go on", () => {
  for (let admissions = 0; admissions <= 17; admissions++) {
    const journal = journalOf(admissions, 5);
    assert.is(journal.total, admissions);
    const kept = Array.from({ length: Math.min(5, admissions) }, (_, at) => {
      const number = Math.max(0, admissions - 5) + at + 1;
      return { number, clientId: `c${number}`, joinedAtMs: number, admittedAtMs: 100 + number };
    });
    assert.equal(journal.read(0, 100), kept);
  }
});

test("a page begins after the number asked for, or with the oldest that is left", () => {
  const journal = journalOf(12, 5);
  const numbers = (after: number, most: number) => {
    return journal.read(after, most).map((entry) => entry.number);
  };
  assert.equal(numbers(0, 2), [8, 9]);
  assert.equal(numbers(9, 2), [10, 11]);
  assert.equal(numbers(11, 2), [12]);
  assert.equal(numbers(12, 2), []);
  assert.equal(numbers(99, 2), []);
  assert.equal(numbers(0, 0), []);
});

test.run();
