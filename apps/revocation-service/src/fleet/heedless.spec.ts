import { describe, expect, it } from '@jest/globals';
import { NODE_STATES, type NodeState } from '@revocast/core';
import { heedlessOf } from './heedless.js';

describe('Who heeds no condition', () => {
  const older = (state: NodeState) => ({ service: 'payments', node: state, state });

  it('is an older node, unless it is gone for good', () => {
    const gone: readonly NodeState[] = ['gone', 'presumedGone'];
    const there = NODE_STATES.filter((state) => !gone.includes(state));
    expect(heedlessOf(NODE_STATES.map(older), [])).toEqual(there.map((state) => `payments/${state}`));
    expect(heedlessOf([{ ...older('current'), heedsConditions: true }], [])).toEqual([]);
  });

  it('is an older instance of the service, which would publish without them', () => {
    const instances = [{ instance: 'old' }, { instance: 'new', heedsConditions: true as const }];
    expect(heedlessOf([], instances)).toEqual(['revocation-service/old']);
  });
});
