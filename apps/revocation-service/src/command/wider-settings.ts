import { type IssuerSettings } from '@revocast/core';

/**
 * Settings under which a revocation is kept long enough, and cuts off enough, for nodes that have either of the two.
 * Claims are our own: they decide what a command may name, not what it hits.
 */
export const widerSettings = (own: IssuerSettings, declared: IssuerSettings): IssuerSettings => ({
  ...own,
  maxLifetimeSeconds: Math.max(own.maxLifetimeSeconds, declared.maxLifetimeSeconds),
  sessionMaxSeconds: Math.max(own.sessionMaxSeconds, declared.sessionMaxSeconds),
  clockSkewSeconds: Math.max(own.clockSkewSeconds, declared.clockSkewSeconds),
  leadSeconds: Math.max(own.leadSeconds, declared.leadSeconds),
  // A negative offset lets a cut-off hit tokens issued after it, which are then kept for longer.
  issuedAtOffsetSeconds: Math.min(own.issuedAtOffsetSeconds, declared.issuedAtOffsetSeconds),
  cutoffClaim: own.cutoffClaim === declared.cutoffClaim ? own.cutoffClaim : 'auth_time',
});
