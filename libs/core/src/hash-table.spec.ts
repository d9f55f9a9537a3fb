import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HashTable } from './hash-table.js';

type Row = readonly [h0: number, h1: number, value: number];

/** Few different beginnings, so that partitions fill and split; equal hashes now and then. */
const aHash = fc
  .tuple(fc.constantFrom(0, 0x7fff_0000, 0x8000_0000, 0xffff_0000), fc.nat(0xffff), fc.nat(1))
  .map(([high, low, h1]) => [(high + low) | 0, h1] as const);
const aRow = fc.tuple(aHash, fc.nat(1_000)).map(([hash, value]): Row => [...hash, value]);

type Step = { readonly add: Row } | { readonly removeFrom: number; readonly upTo: number; readonly max: number };
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: aRow.map((add) => ({ add })) },
  {
    weight: 1,
    arbitrary: fc.record({ removeFrom: aHash.map(([h0]) => h0), upTo: fc.nat(1_000), max: fc.nat(40) }),
  },
);

const valuesOf = (table: HashTable, h0: number, h1: number): number[] => {
  const values: number[] = [];
  for (let slot = table.seek(h0, h1, 7, 8); slot >= 0; slot = table.seekNext(slot, h0, h1, 7, 8)) {
    expect(table.mark(slot)).toBe(0x80);
    values.push(table.payload(slot, 0));
  }
  return values.sort((a, b) => a - b);
};

/** Every row, by walking through all partitions. */
const allOf = (table: HashTable): Row[] => {
  const rows: Row[] = [];
  for (let position = 0; position < 2 ** 32; position = table.partitionEnd(position | 0)) {
    const into = { words: new Int32Array(table.rowsAt(position | 0) * 5), marks: new Uint8Array(4_096), count: 0 };
    table.read(position | 0, into);
    for (let at = 0; at < into.words.length; at += 5) {
      rows.push([into.words[at]!, into.words[at + 1]!, into.words[at + 4]!]);
    }
  }
  return rows;
};

const sorted = (rows: readonly Row[]): string[] => rows.map((row) => row.join(' ')).sort();

/** Plays the steps on a table and on a list, and answers both. */
const play = (table: HashTable, steps: readonly Step[]): Row[] => {
  let rows: Row[] = [];
  for (const step of steps) {
    if ('add' in step) {
      rows.push(step.add);
      table.insert(step.add[0], step.add[1], 7, 8, 0x80, [step.add[2]]);
      continue;
    }
    const before = allOf(table);
    const isGone = (_mark: number, words: Int32Array, payload: number): boolean => words[payload]! < step.upTo;
    const removed = table.removeAt(step.removeFrom, isGone, step.max);
    rows = allOf(table);
    expect(before.length - rows.length).toBe(removed);
    expect(removed).toBeLessThanOrEqual(step.max);
    const left = sorted(rows);
    const gone = before.filter((row) => !left.includes(row.join(' ')));
    expect(gone.every(([, , value]) => value < step.upTo)).toBe(true);
  }
  return rows;
};

describe('A table of hashes', () => {
  it('finds exactly the rows that were put in and not removed, through splits and merges', () => {
    fc.assert(
      fc.property(fc.array(aStep, { minLength: 50, maxLength: 300 }), (steps) => {
        const table = new HashTable(1, 20);
        const rows = play(table, steps);
        expect(table.count).toBe(rows.length);
        expect(sorted(allOf(table))).toEqual(sorted(rows));
        for (const [h0, h1] of rows) {
          const expected = rows.filter((row) => row[0] === h0 && row[1] === h1).map(([, , value]) => value);
          expect(valuesOf(table, h0, h1)).toEqual(expected.sort((a, b) => a - b));
        }
        expect(valuesOf(table, 5, 3)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('hands its rows out in the order of their hashes', () => {
    const table = new HashTable(1, 20);
    for (let i = 0; i < 3_000; i++) table.insert(Math.imul(i, 0x9e3779b1), i, 7, 8, 0x80, [i]);
    const hashes = allOf(table).map(([h0]) => h0 >>> 0);
    expect(hashes).toEqual([...hashes].sort((a, b) => a - b));
    expect(hashes).toHaveLength(3_000);
  });

  it('gives memory back as its rows go', () => {
    const table = new HashTable(1, 20);
    for (let i = 0; i < 20_000; i++) table.insert(Math.imul(i, 0x9e3779b1), i, 7, 8, 0x80, [i]);
    const full = table.bytes;
    for (let position = 0; position < 2 ** 32;) {
      // Read before: what is left of the partition may become part of the next one.
      const end = table.partitionEnd(position | 0);
      table.removeAt(position | 0, (_mark, words, payload) => words[payload]! >= 200, 1_000);
      position = end;
    }
    expect(table.count).toBe(200);
    expect(table.bytes).toBeLessThan(full / 8);
    expect(valuesOf(table, Math.imul(199, 0x9e3779b1), 199)).toEqual([199]);
  });

  it('keeps a slack of less than a sixth', () => {
    const table = new HashTable(5);
    for (let i = 0; i < 400_000; i++) table.insert(Math.imul(i, 0x9e3779b1), i, 7, 8, 0x80, [1, 2, 3, 4, 5]);
    expect(table.bytes / table.count).toBeLessThan(36 * 1.16);
  });
});
