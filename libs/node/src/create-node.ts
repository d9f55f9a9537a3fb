import { besideLocal, createFollower, createIndex, LocalOverrides } from '@revocast/core';
import { createGate, issuerSettings } from '@revocast/gate';
import { LocalWatch } from './local-watch.js';
import { localFileLog } from './local-log.js';
import { settingsFrom, type RevocationNodeOptions, type RevocationSettings } from './options.js';
import { RevocationNode } from './revocation-node.js';

/**
 * A node for anything on Node.js. Nothing is opened before it is started. Throws ERR_CONFIG that names every wrong option.
 *
 * ```ts
 * const node = createRevocationNode({ feed, issuers: [keycloak({ issuer, audience })], mode: 'strict', service: 'orders' });
 * await node.start();
 * const answer = await node.check(token);
 * ```
 */
export function createRevocationNode(options: RevocationNodeOptions): RevocationNode {
  const settings = settingsFrom(options);
  const node = createNode(settings);
  node.onLocalChange(localFileLog(settings.log));
  return node;
}

/** Puts feed, follower, local file and gate together. */
export function createNode(settings: RevocationSettings): RevocationNode {
  const { feed, issuers, mode, stalenessMsMax, clock, schedule, fetch, tokenCache, filter } = settings;
  const follower = createFollower({
    ...{ feed, clock, schedule, stalenessMsMax },
    prng: Math.random,
    createIndex: ({ hashKey }) => createIndex({ hashKey, ...(filter && { filter }) }),
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
