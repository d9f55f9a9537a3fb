import { createFollower, createIndex } from '@revocast/core';
import { createGate, issuerSettings } from '@revocast/gate';
import { type RevocationSettings } from './options.js';
import { RevocationNode } from './revocation-node.js';

/** Puts feed, follower and gate together. Nothing is opened before the node is started. */
export function createNode(settings: RevocationSettings): RevocationNode {
  const { feed, issuers, mode, stalenessMsMax, clock, schedule, fetch, filter } = settings;
  const follower = createFollower({
    ...{ feed, clock, schedule, stalenessMsMax },
    prng: Math.random,
    createIndex: ({ hashKey }) => createIndex({ hashKey, ...(filter && { filter }) }),
    issuers: issuers.map(issuerSettings),
  });
  const gate = createGate({
    ...{ issuers, source: follower, mode, stalenessMsMax, clock },
    ...(fetch && { fetch }),
  });
  return new RevocationNode({ ...settings, follower, gate });
}
