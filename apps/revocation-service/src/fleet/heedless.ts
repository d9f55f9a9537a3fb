import { type NodeView } from '@revocast/core';
import { type InstanceNotice } from '@revocast/jetstream';

/**
 * Nodes that are there or may come back, and other instances, of a version that knows no conditions: such a node hits
 * everybody, and such an instance publishes a revocation again without its condition, which ends it for all.
 */
export const heedlessOf = (
  nodes: readonly Pick<NodeView, 'service' | 'node' | 'state' | 'heedsConditions'>[],
  instances: readonly Pick<InstanceNotice, 'instance' | 'heedsConditions'>[],
): readonly string[] => [
  ...nodes
    .filter(({ state, heedsConditions }) => state !== 'gone' && state !== 'presumedGone' && heedsConditions !== true)
    .map(({ service, node }) => `${service}/${node}`),
  ...instances
    .filter(({ heedsConditions }) => heedsConditions !== true)
    .map(({ instance }) => `revocation-service/${instance}`),
];
