import { type EpochMs, type Revocation, type Scope, type TokenFacts, wouldHit } from '@revocast/core';
import { countText, type TokenRange } from '../fleet/live-tokens.js';
import { type PlannedRevocation } from './plan.js';

/** What somebody should have read before the command is given. */
export interface BlastWarning {
  readonly code: 'allUsers' | 'allUsersOfClient' | 'ownSession' | 'machines';
  readonly detail: string;
}

export interface BlastInput {
  readonly planned: readonly PlannedRevocation[];
  /** The operator's own token, if that is how he came. */
  readonly own: TokenFacts | undefined;
  /** Live tokens of machines that it would hit, as far as nodes told. */
  readonly machines: TokenRange | null;
  readonly now: EpochMs;
}

/** What of a command can hit anything, as the records that it would become. */
export const asRevocations = (planned: readonly PlannedRevocation[]): readonly Revocation[] =>
  planned
    .filter(({ moot }) => !moot)
    .map(({ issuer, key, effect, retainUntil }, at) => ({ id: `preview-${at}`, issuer, key, effect, retainUntil }));

/** Whom it hits beside the one that was meant. */
export function blastWarnings({ planned, own, machines, now }: BlastInput): readonly BlastWarning[] {
  const revocations = asRevocations(planned);
  const isSuspension = revocations.some(({ effect }) => effect.kind === 'suspended');
  return [
    ...revocations.slice(0, 1).flatMap(({ key }) => WIDTHS[key.scope] ?? []),
    ...(own !== undefined && wouldHit(revocations)(own, now) ? [OWN_SESSION] : []),
    ...(machines !== null && machines.atLeast > 0 ? [machinesWarning(machines, isSuspension)] : []),
  ];
}

const OWN_SESSION: BlastWarning = {
  code: 'ownSession',
  detail: 'It hits the token that you are using now: you have to log in again before you can lift it.',
};

/** Scopes that hit more than one person, device or app of a person. */
const WIDTHS: Readonly<Partial<Record<Scope, BlastWarning>>> = {
  issuer: { code: 'allUsers', detail: 'It hits all users of this issuer, and every machine client.' },
  key: {
    code: 'allUsers',
    detail: 'It hits all users whose token this key signed, new tokens too, until it is lifted.',
  },
  client: { code: 'allUsersOfClient', detail: 'It hits all users of this client.' },
};

/** What a machine does about a refused token is written in its code, and often nothing is. */
const machinesWarning = (machines: TokenRange, isSuspension: boolean): BlastWarning => ({
  code: 'machines',
  detail:
    `It hits machine clients: ${countText(machines).toLowerCase()}. ` +
    (isSuspension ? 'They are locked out until it is lifted.' : 'They go on once they fetch a new token.'),
});
