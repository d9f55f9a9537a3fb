import { type NodeView } from '@revocast/core';
import { rfc3339 } from '../command/times.js';
import { type Refusals } from '../fleet/refusal-ledger.js';

type SeenNode = Pick<NodeView, 'service' | 'state' | 'countsRefusals'>;

/** How often a revocation refused, and which services would not tell: a node of an older version counts nothing. */
export function refusalsAnswer(
  { refused, last, services, atLeast }: Refusals,
  nodes: readonly SeenNode[],
): Record<string, unknown> {
  const silent = nodes.filter(({ state, countsRefusals }) => !isGone(state) && countsRefusals !== true);
  return {
    refused,
    last: last ? { service: last.service, at: rfc3339(last.at) } : null,
    services: services.map((one) => ({ ...one, lastAt: rfc3339(one.lastAt) })),
    atLeast,
    notCounting: [...new Set(silent.map(({ service }) => service))].sort(),
  };
}

const isGone = (state: NodeView['state']): boolean => state === 'gone' || state === 'presumedGone';
