import { describe, expect, it } from '@jest/globals';
import { StoredSince } from './stored-since.js';
import { monotonicMs, sequence } from './units.js';

const note = (stored: StoredSince, at: number, when: number, epoch = 'e'): void =>
  stored.note(epoch, sequence(at), monotonicMs(when));

describe('what is known to be stored', () => {
  it('is known since the first time that it, or what stands after it, was named', () => {
    const stored = new StoredSince();
    note(stored, 5, 10);
    note(stored, 3, 20);
    note(stored, 9, 30);
    expect([1, 5, 6, 9, 10].map((at) => stored.at('e', sequence(at)))).toEqual([10, 10, 30, 30, undefined]);
  });

  it('is told apart by epoch, and the oldest epoch is forgotten', () => {
    const stored = new StoredSince();
    for (const [at, epoch] of ['a', 'b', 'c'].entries()) note(stored, 1, at, epoch);
    expect(['a', 'b', 'c'].map((epoch) => stored.at(epoch, sequence(1)))).toEqual([undefined, 1, 2]);
  });

  it('is only ever said later, never earlier, where there is more than can be remembered', () => {
    const stored = new StoredSince();
    for (let at = 1; at <= 20_000; at += 1) note(stored, at, at);
    for (let at = 1; at <= 20_000; at += 7) {
      expect(stored.at('e', sequence(at))).toBeGreaterThanOrEqual(at);
    }
    expect(stored.at('e', sequence(20_000))).toBe(20_000);
  });
});
