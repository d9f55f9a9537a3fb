import { describe, expect, it } from '@jest/globals';
import { type Effect, ENTRIES_PER_KEY_MAX, epochMs, epochSeconds } from '@revocast/core';
import { type LiveEntry, supersession } from './supersede.js';

const cutoff = (issuedBefore: number): Effect => ({ kind: 'issuedBefore', issuedBefore: epochSeconds(issuedBefore) });
const suspended: Effect = { kind: 'suspended' };
const live = (effects: readonly Effect[]): readonly LiveEntry[] =>
  effects.map((effect, index) => ({
    id: `r${index}`,
    effect,
    retainUntil: effect.kind === 'suspended' ? 'lifted' : epochSeconds(1_000 + index),
  }));
const full = (effect: (index: number) => Effect): readonly LiveEntry[] =>
  live(Array.from({ length: ENTRIES_PER_KEY_MAX }, (_, index) => effect(index)));
const at = (issuedBefore: number): Omit<LiveEntry, 'id'> => ({
  effect: cutoff(issuedBefore),
  retainUntil: epochSeconds(900),
});

describe('A new revocation of a key', () => {
  it('replaces none while there is room', () => {
    expect(supersession(at(5), full(cutoff).slice(1))).toEqual({ supersedes: [], retainUntil: 900 });
  });

  it('in a full place replaces all whose tokens it hits, and is kept as long as the longest of them', () => {
    const { supersedes, retainUntil } = supersession(at(3), full(cutoff));
    expect(supersedes).toEqual(['r0', 'r1', 'r2', 'r3']);
    expect(retainUntil).toBe(1_003);
  });

  it('that suspends replaces everything, until it is lifted', () => {
    const entry = { effect: suspended, retainUntil: 'lifted' } as const;
    const mixed = [...full(cutoff).slice(1), ...live([suspended])];
    expect(supersession(entry, mixed)).toMatchObject({ supersedes: mixed.map(({ id }) => id), retainUntil: 'lifted' });
  });

  it.each([
    ['a cut-off below all others', at(-1), full(cutoff)],
    ['a cut-off among suspensions', at(99), full(() => suspended)],
    [
      'a token among suspensions',
      { effect: { kind: 'always' } as const, retainUntil: epochSeconds(9) },
      full(() => suspended),
    ],
  ])('that adds nothing to a full place is refused: %s', (_, entry, entries) => {
    expect(() => supersession(entry, entries)).toThrow(expect.objectContaining({ code: 'ERR_CAPACITY' }));
  });

  it('with a condition replaces only what lets off no fewer', () => {
    const condition = { exceptClients: ['a'] };
    const entry = { ...at(99), condition };
    const with64 = full(cutoff).map((one) => ({ ...one, condition: { exceptClients: ['a', 'b'] } }));
    expect(supersession(entry, with64).supersedes).toHaveLength(ENTRIES_PER_KEY_MAX);
    expect(supersession(at(99), with64).supersedes).toHaveLength(ENTRIES_PER_KEY_MAX);
    const ended = with64.map((one) => ({ ...one, conditionEndedAt: epochMs(1) }));
    const spread = { spread: { from: epochSeconds(1), until: epochSeconds(2) } };
    const refused = [
      [entry, full(cutoff)],
      [entry, ended],
      [{ ...at(99), condition: { exceptClients: ['c'] } }, with64],
      [{ ...at(99), condition: spread }, with64],
      [{ ...at(99), condition: spread }, with64.map((one) => ({ ...one, condition: spread }))],
    ] as const;
    for (const [one, entries] of refused) {
      expect(() => supersession(one, entries)).toThrow(expect.objectContaining({ code: 'ERR_CAPACITY' }));
    }
  });
});
