import {
  type Condition,
  type EpochMs,
  epochMs,
  type Revocation,
  type Spread,
  type TokenFacts,
  wouldHit,
} from '@revocast/core';
import { countText, type LiveTokens } from '../fleet/live-tokens.js';
import { type PlannedRevocation } from './plan.js';
import { rfc3339 } from './times.js';

/** What somebody should have read before the command is given. */
export interface BlastWarning {
  readonly code:
    'allUsers' | 'allUsersOfClient' | 'ownSession' | 'machines' | 'excepted' | 'forgeable' | 'waves' | 'unheeded';
  readonly detail: string;
}

export interface BlastInput {
  readonly planned: readonly PlannedRevocation[];
  /** The operator's own token, if that is how he came. */
  readonly own: TokenFacts | undefined;
  /** What it would hit, as far as nodes told. */
  readonly live: Pick<LiveTokens, 'machines' | 'machineClients' | 'moreMachineClients' | 'excepted'> | undefined;
  /** Nodes and instances that heed no condition. */
  readonly heedless: readonly string[];
  readonly now: EpochMs;
}

/** What of a command can hit anything, as the records that it would become; waves reach everybody in the end. */
export const asRevocations = (planned: readonly PlannedRevocation[]): readonly Revocation[] =>
  planned
    .filter(({ moot }) => !moot)
    .map(({ issuer, key, effect, retainUntil, condition }, at) => ({
      ...{ id: `preview-${at}`, issuer, key, effect, retainUntil },
      ...(condition !== undefined && 'exceptClients' in condition && { condition }),
    }));

/** Whom it hits beside the one that was meant, and whom it does not. */
export function blastWarnings({ planned, own, live, heedless, now }: BlastInput): readonly BlastWarning[] {
  const revocations = asRevocations(planned);
  const [first] = planned.filter(({ moot }) => !moot);
  const isSuspension = revocations.some(({ effect }) => effect.kind === 'suspended');
  return [
    ...(first === undefined ? [] : widthOf(first)),
    ...(own !== undefined && wouldHit(revocations)(own, now) ? [OWN_SESSION] : []),
    ...(live !== undefined && (live.machines?.atLeast ?? 0) > 0 ? [machinesWarning(live, isSuspension)] : []),
    ...(first?.condition === undefined ? [] : conditionWarnings(first, first.condition, { live, heedless })),
  ];
}

type Around = Pick<BlastInput, 'live' | 'heedless'>;

function conditionWarnings(
  { key }: PlannedRevocation,
  condition: Condition,
  { live, heedless }: Around,
): readonly BlastWarning[] {
  const waves = 'spread' in condition;
  return [
    waves ? wavesWarning(condition.spread) : exceptedWarning(condition.exceptClients, live?.excepted ?? []),
    ...(key.scope === 'key' ? [waves ? FORGED_SUBJECT : FORGED_CLIENT] : []),
    ...(heedless.length > 0 ? [{ code: 'unheeded' as const, detail: unheededText(heedless) }] : []),
  ];
}

const wavesWarning = ({ from, until }: Spread): BlastWarning => ({
  code: 'waves',
  detail:
    `It hits in waves, one subject after the other, from ${rfc3339(epochMs(from * 1000))}; the last one at ` +
    `${rfc3339(epochMs(until * 1000))}. Until then it is not enforced.`,
});

function exceptedWarning(clients: readonly string[], excepted: LiveTokens['excepted']): BlastWarning {
  const each = clients.map((clientId) => {
    const tokens = excepted.find((one) => one.clientId === clientId)?.tokens;
    return `${clientId} (${tokens ? countText(tokens).toLowerCase() : 'live tokens not known'})`;
  });
  return { code: 'excepted', detail: `It lets off the tokens of ${each.join(', ')}.` };
}

const FORGED_CLIENT: BlastWarning = {
  code: 'forgeable',
  detail: 'Whoever holds the key can write an excepted client into a token: give no exceptions if the key was stolen.',
};
const FORGED_SUBJECT: BlastWarning = {
  code: 'forgeable',
  detail:
    'Whoever holds the key can write any subject into a token, and some of them pass until the end: give no time if it was stolen.',
};

const NAMED_MAX = 5;

/** Who would hit more than was asked. */
export function unheededText(older: readonly string[]): string {
  const named = older.slice(0, NAMED_MAX).join(', ');
  const more = older.length > NAMED_MAX ? ` and ${older.length - NAMED_MAX} more` : '';
  return `Of an older version, and would spare nobody: ${named}${more}. With olderNodes: "refuseMore" that will do.`;
}

const OWN_SESSION: BlastWarning = {
  code: 'ownSession',
  detail: 'It hits the token that you are using now: you have to log in again before you can lift it.',
};

/** Scopes that hit more than one person, device or app of a person. */
function widthOf({ issuer, key }: PlannedRevocation): readonly BlastWarning[] {
  if (key.scope === 'client') {
    return [{ code: 'allUsersOfClient', detail: `It hits all users of the client ${key.clientId} of ${issuer}.` }];
  }
  if (key.scope !== 'issuer' && key.scope !== 'key') return [];
  const whom =
    key.scope === 'issuer'
      ? `${issuer}, and every machine client.`
      : `${issuer} whose token this key signed, new tokens too, until it is lifted.`;
  return [{ code: 'allUsers', detail: `It hits all users of ${whom}` }];
}

/** What a machine does about a refused token is written in its code, and often nothing is. */
function machinesWarning(
  { machines, machineClients, moreMachineClients }: NonNullable<BlastInput['live']>,
  isSuspension: boolean,
): BlastWarning {
  const count = machines === null ? '' : countText(machines).toLowerCase();
  const names = machineClients.map(({ clientId }) => clientId).join(', ');
  const more = moreMachineClients > 0 ? ` and at least ${moreMachineClients} more` : '';
  const of = names === '' ? '' : `, of ${names}${more}`;
  const then = isSuspension ? 'They are locked out until it is lifted.' : 'They go on once they fetch a new token.';
  return { code: 'machines', detail: `It hits machine clients: ${count}${of}. ${then}` };
}
