import { createFollower } from '@revocast/core';
import { createGate, issuerSettings } from '@revocast/gate';
import { type RevocationSettings } from './options.js';
import { RevocationNode } from './revocation-node.js';

/** Puts feed, follower and gate together. Nothing is opened before the node is started. */
export function createNode(settings: RevocationSettings): RevocationNode {
  const { feed, issuers, mode, stalenessMsMax, clock, schedule, fetch, tokenCache } = settings;
  const follower = createFollower({
    ...{ feed, clock, schedule, stalenessMsMax },
    prng: Math.random,
    issuers: issuers.map(issuerSettings),
  });
  const gate = createGate({
    ...{ issuers, source: follower, mode, stalenessMsMax, clock, tokenCache },
    ...(fetch && { fetch }),
  });
  return new RevocationNode({ ...settings, follower, gate });
}
