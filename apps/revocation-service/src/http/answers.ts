import { type Condition, type EpochMs, epochMs, isSpent, keyFields, type Propagation } from '@revocast/core';
import { type KnownIssuer } from '../command/issuer-registry.js';
import { type PlannedRevocation } from '../command/plan.js';
import { refreshTokens } from '../command/reach.js';
import { rfc3339 } from '../command/times.js';
import { type ClaimCoverage } from '../fleet/coverage.js';
import { propagationAnswer, type StoredPropagation } from '../fleet/propagation-answer.js';
import { type JournaledEnding } from '../journal/endings.js';
import { type Carrier, type JournaledLift, type JournaledRevocation } from '../journal/entries.js';

/** What stands in an answer besides the journal's own data. */
export interface Surroundings {
  readonly now: EpochMs;
  /** Undefined when the issuer is no longer configured. */
  readonly issuer: KnownIssuer | undefined;
  readonly coverage: ClaimCoverage | undefined;
  /** Undefined while nothing was published, or when nothing is to be. */
  readonly propagation: StoredPropagation | undefined;
  readonly lift: JournaledLift | undefined;
  readonly liftPropagation: Propagation | undefined;
  /** What happens at the identity provider. Undefined = nothing. */
  readonly ending: JournaledEnding | undefined;
  /** Ids of the other revocations that the same command made. */
  readonly alongside: readonly string[];
}

export type RevocationState = 'accepted' | 'published' | 'lifted' | 'expired' | 'noEffect';

/** The same states as the filter of the list. */
export function stateOf(entry: JournaledRevocation, now: EpochMs): RevocationState {
  if (entry.moot) return 'noEffect';
  if (entry.liftedAt !== undefined) return 'lifted';
  if (isSpent(entry.retainUntil, now)) return 'expired';
  return entry.first?.ackedAt === undefined ? 'accepted' : 'published';
}

/** Times of tokens are epoch seconds, as in a JWT; our own are RFC 3339. */
export function revocationAnswer(entry: JournaledRevocation, around: Surroundings): Record<string, unknown> {
  const { issuer } = around;
  return {
    id: entry.id,
    ...plannedAnswer(entry),
    state: stateOf(entry, around.now),
    acceptedAt: rfc3339(entry.acceptedAt),
    ...carrierAnswer(entry.first),
    ...whoAnswer(entry),
    ...(entry.supersedes.length > 0 && { supersedes: entry.supersedes }),
    ...(entry.supersededBy !== undefined && { supersededBy: entry.supersededBy }),
    ...(around.alongside.length > 0 && { alongside: around.alongside }),
    ...(around.lift && { lift: liftAnswer(around.lift, around.liftPropagation) }),
    coverage: around.coverage ?? null,
    refreshTokens: issuer ? refreshTokens(issuer, entry.key.scope, entry.effect) : null,
    propagation: propagationAnswer(around.propagation),
    identityProvider: around.ending ? endingAnswer(around.ending) : null,
  };
}

/** The second half of a kill; it says nothing about the first. */
const endingAnswer = ({
  state,
  attempts,
  nextAt,
  endedAt,
  closedBy,
  failure,
}: JournaledEnding): Record<string, unknown> => ({
  state,
  attempts,
  ...(state === 'due' && { nextAttemptAt: rfc3339(nextAt) }),
  ...(endedAt !== undefined && { endedAt: rfc3339(endedAt) }),
  ...(closedBy !== undefined && { closedBy }),
  because: failure ?? null,
});

/** Who asked and why stays with the instance that accepted it: neither travels on the wire. */
const whoAnswer = ({ origin, actor, reason }: Pick<JournaledLift, 'origin' | 'actor' | 'reason'>) =>
  origin === 'command'
    ? { acceptedBy: 'thisInstance', actor, reason: reason ?? null }
    : { acceptedBy: 'otherInstance', actor: null, reason: null };

/** What a revocation says: its key, its effect, and how long it is kept. */
export const plannedAnswer = ({
  issuer,
  key,
  effect,
  retainUntil,
  condition,
  conditionEndedAt,
  moot,
}: PlannedRevocation & Pick<JournaledRevocation, 'conditionEndedAt'>): Record<string, unknown> => ({
  issuer,
  scope: key.scope,
  ...keyFields(key),
  effect: moot ? 'none' : effect.kind,
  ...(effect.kind === 'issuedBefore' && { issuedBefore: effect.issuedBefore }),
  ...(effect.kind === 'suspended' && { until: 'lifted' }),
  retainUntil,
  ...(condition && { condition: conditionAnswer(condition) }),
  ...(conditionEndedAt !== undefined && { conditionEndedAt: rfc3339(conditionEndedAt) }),
});

/** The times of waves are ours. */
const conditionAnswer = (condition: Condition): Record<string, unknown> => {
  if ('exceptClients' in condition) return { exceptClients: condition.exceptClients };
  const { from, until } = condition.spread;
  return { spread: { from: rfc3339(epochMs(from * 1000)), until: rfc3339(epochMs(until * 1000)) } };
};

export const liftAnswer = (lift: JournaledLift, propagation: Propagation | undefined): Record<string, unknown> => ({
  acceptedAt: rfc3339(lift.acceptedAt),
  ...carrierAnswer(lift.first),
  ...whoAnswer(lift),
  propagation: propagationAnswer(propagation),
});

const carrierAnswer = (carrier: Carrier | undefined): Record<string, unknown> => ({
  publishedAt: carrier?.ackedAt === undefined ? null : rfc3339(epochMs(carrier.ackedAt)),
  sequence: carrier?.sequence ?? null,
  epoch: carrier?.epoch ?? null,
});
