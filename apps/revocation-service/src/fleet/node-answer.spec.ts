import { expect, it } from '@jest/globals';
import { epochMs, type NodeView, sequence } from '@revocast/core';
import { nodeAnswer } from './fleet.js';

const view: NodeView = {
  ...{ node: 'n1', instance: 'i1', service: 'orders', version: '1', epoch: 'e1', watermark: sequence(1) },
  ...{ identity: 'r1', state: 'observing', followerState: 'stale', mode: 'observe', stalenessMsMax: 300_000 },
  ...{ stalenessMs: 1, issuers: [], liveEntries: 0, guarded: true, lag: undefined, silentMs: 1.5 },
  ...{ firstHeardAt: epochMs(0), lastHeardAt: epochMs(0) },
};

it('shows what a local file overrides on a node, and until when', () => {
  const localFile = { entries: 2, broken: false, modeOverride: 'observe', until: epochMs(1_000) } as const;
  expect(nodeAnswer({ ...view, localFile, newestTick: epochMs(0) })).toMatchObject({
    mode: 'observe',
    localFile: { entries: 2, broken: false, modeOverride: 'observe', until: '1970-01-01T00:00:01.000Z' },
  });
  const idle = nodeAnswer({ ...view, localFile: { entries: 0, broken: true } });
  expect(idle['localFile']).toEqual({ entries: 0, broken: true, modeOverride: null, until: null });
  expect(nodeAnswer(view)).not.toHaveProperty('localFile');
});
