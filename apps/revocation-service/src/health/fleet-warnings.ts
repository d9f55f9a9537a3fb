import { type NodeView } from '@revocast/core';
import { type Reason } from './readiness.js';

/** Names in one warning; the rest is counted. */
const NAMED_MAX = 5;

type SeenNode = Pick<NodeView, 'node' | 'state' | 'guarded' | 'mode' | 'issuers' | 'localFile'>;

/** What is switched on and not wired in the fleet that is heard: without a word of it the service would look well. */
export function fleetWarnings(nodes: readonly SeenNode[], issuers: readonly string[]): readonly Reason[] {
  const heard = nodes.filter(({ state }) => state !== 'gone' && state !== 'presumedGone' && state !== 'silent');
  if (heard.length === 0) return [];
  const covered = new Set(heard.flatMap((node) => node.issuers.map(({ issuer }) => issuer)));
  const named = (matches: (node: SeenNode) => boolean): readonly string[] =>
    heard.filter(matches).map(({ node }) => node);
  return [
    ...warning(
      'issuersWithoutNodes',
      'No node accepts tokens of these issuers, so revocations of them hit nothing',
      issuers.filter((issuer) => !covered.has(issuer)),
    ),
    ...warning(
      'unguardedNodes',
      'These nodes have the module and no guard in use, so they enforce nothing',
      named(({ guarded }) => !guarded),
    ),
    ...warning(
      'overriddenNodes',
      'A local file sets the mode of these nodes',
      named(({ localFile }) => localFile?.modeOverride !== undefined),
    ),
    ...warning(
      'brokenLocalFiles',
      'The local file of these nodes cannot be put in force',
      named(({ localFile }) => localFile?.broken === true),
    ),
  ];
}

function warning(code: string, what: string, names: readonly string[]): readonly Reason[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
  return [{ code, detail: `${what}: ${names.slice(0, NAMED_MAX).join(', ')}${more}.` }];
}
