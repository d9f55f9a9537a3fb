import { besideLocal, createFollower, LocalOverrides } from '@revocast/core';
import { createGate, issuerSettings } from '@revocast/gate';
import { LocalWatch } from './local-watch.js';
import { type RevocationSettings } from './options.js';
import { RevocationNode } from './revocation-node.js';

/** Puts feed, follower, local file and gate together. Nothing is opened before the node is started. */
export function createNode(settings: RevocationSettings): RevocationNode {
  const { feed, issuers, mode, stalenessMsMax, clock, schedule, fetch, tokenCache } = settings;
  const follower = createFollower({
    ...{ feed, clock, schedule, stalenessMsMax },
    prng: Math.random,
    issuers: issuers.map(issuerSettings),
  });
  const local = localWatch(settings);
  const gate = createGate({
    ...{ issuers, stalenessMsMax, clock, tokenCache },
    source: local === undefined ? follower : besideLocal(follower, local.overrides),
    mode: local === undefined ? mode : () => local.overrides.mode(),
    ...(fetch && { fetch }),
  });
  return new RevocationNode({ ...settings, follower, gate, ...(local && { local }) });
}

function localWatch({ localFile, mode, issuers, clock, schedule }: RevocationSettings): LocalWatch | undefined {
  if (localFile === undefined) return undefined;
  const overrides = new LocalOverrides({ clock, mode, issuers: issuers.map(issuerSettings) });
  return new LocalWatch({ source: localFile, overrides, clock, schedule });
}
