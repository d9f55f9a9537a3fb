import { type OpenNode, type Propagation } from '@revocast/core';
import { rfc3339 } from '../command/times.js';

/** The core speaks in epoch milliseconds; answers in RFC 3339. */
export function propagationAnswer(propagation: Propagation | undefined): Record<string, unknown> | null {
  if (propagation === undefined) return null;
  const { silent, lagging, slowestMs, enforcedBy, enforcedAt, ...rest } = propagation;
  return {
    ...rest,
    silent: silent.map(openNodeAnswer),
    lagging: lagging.map(openNodeAnswer),
    slowestMs: slowestMs ?? null,
    ...(enforcedBy !== undefined && { enforcedBy: rfc3339(enforcedBy) }),
    ...(enforcedAt !== undefined && { enforcedAt: rfc3339(enforcedAt) }),
  };
}

const openNodeAnswer = ({ lastHeardAt, openUntil, ...node }: OpenNode): Record<string, unknown> => ({
  ...node,
  lastHeardAt: rfc3339(lastHeardAt),
  openUntil: rfc3339(openUntil),
});
