import { describe, expect, it } from '@jest/globals';
import { proofOfAll } from './persons.controller.js';

const [EARLY, LATE] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'];

describe('One proof for several revocations of a person', () => {
  it('is that of the one that is furthest behind, and no earlier than the last', () => {
    const enforced = (enforcedAt: string) => ({ state: 'enforced', enforcedAt }) as const;
    expect(proofOfAll([enforced(LATE), enforced(EARLY)], false)).toEqual({ state: 'enforced', enforcedAt: LATE });
    expect(proofOfAll([enforced(EARLY), { state: 'enforcedExcept', enforcedAt: LATE }], false)).toEqual({
      ...{ state: 'enforcedExcept', enforcedAt: LATE },
    });
    expect(proofOfAll([enforced(EARLY), { state: 'propagating', enforcedBy: LATE }], false)).toEqual({
      ...{ state: 'propagating', enforcedBy: LATE },
    });
    expect(proofOfAll([enforced(EARLY), { state: 'noNodes' }], false)).toEqual({ state: 'noNodes' });
  });

  it('is none while one is not published, or was rejected', () => {
    expect(proofOfAll([{ state: 'enforced', enforcedAt: EARLY }, null], false)).toEqual({ state: 'propagating' });
    expect(proofOfAll([{ state: 'enforced', enforcedAt: EARLY }], true)).toEqual({ state: 'incomplete' });
    expect(proofOfAll([], true)).toEqual({ state: 'incomplete' });
  });
});
