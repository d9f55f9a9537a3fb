import { type AppliedNode, type OpenNode, type Propagation } from '@revocast/core';
import { rfc3339 } from '../command/times.js';

/** Proofs that were stored by an earlier version name no nodes. */
export type StoredPropagation = Omit<Propagation, 'appliedNodes'> & Partial<Pick<Propagation, 'appliedNodes'>>;

/** The core speaks in epoch milliseconds; answers in RFC 3339. */
export function propagationAnswer(propagation: StoredPropagation | undefined): Record<string, unknown> | null {
  if (propagation === undefined) return null;
  const { appliedNodes = [], silent, lagging, slowestMs, enforcedBy, enforcedAt, ...rest } = propagation;
  return {
    ...rest,
    appliedNodes: appliedNodes.map(appliedNodeAnswer),
    silent: silent.map(openNodeAnswer),
    lagging: lagging.map(openNodeAnswer),
    slowestMs: slowestMs ?? null,
    ...(enforcedBy !== undefined && { enforcedBy: rfc3339(enforcedBy) }),
    ...(enforcedAt !== undefined && { enforcedAt: rfc3339(enforcedAt) }),
  };
}

/** As far as the nodes have a record that reaches some people later than others: it is enforced for nobody knows whom. */
export const notYetEnforced = ({ enforcedAt: _at, enforcedBy: _by, ...rest }: Propagation): StoredPropagation => ({
  ...rest,
  state: rest.state === 'noNodes' ? 'noNodes' : 'propagating',
});

const openNodeAnswer = ({ lastHeardAt, openUntil, ...node }: OpenNode): Record<string, unknown> => ({
  ...node,
  lastHeardAt: rfc3339(lastHeardAt),
  openUntil: rfc3339(openUntil),
});

const appliedNodeAnswer = ({ appliedAt, afterMs, ...node }: AppliedNode): Record<string, unknown> => ({
  ...node,
  appliedAt: rfc3339(appliedAt),
  afterMs: afterMs ?? null,
});
