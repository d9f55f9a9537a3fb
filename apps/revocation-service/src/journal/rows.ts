import {
  type Condition,
  type Effect,
  epochMs,
  epochSeconds,
  type RevocationKey,
  type Scope,
  sequence,
} from '@revocast/core';
import { numberIn, numberOrNoneIn, type Row, textIn, textOrNoneIn } from './database.js';
import { type Carrier, type JournaledLift, type JournaledRevocation, type Origin } from './entries.js';

/** Columns of the records that carry an entry: `f_` the first one, `l_` the latest one. */
const carrierColumns = (prefix: 'f' | 'l'): string =>
  ['id', 'epoch', 'sequence', 'acked_at', 'proof'].map((name) => `${prefix}.${name} AS ${prefix}_${name}`).join(', ');

export const REVOCATION_SELECT = `
  SELECT r.*, ${carrierColumns('f')}, ${carrierColumns('l')}
  FROM revocations r LEFT JOIN records f ON f.id = r.record_id LEFT JOIN records l ON l.id = r.carrier_id`;

export const LIFT_SELECT = `
  SELECT t.*, ${carrierColumns('f')}, ${carrierColumns('l')}
  FROM lifts t LEFT JOIN revocations r ON r.id = t.revocation_id
  LEFT JOIN records f ON f.id = t.record_id LEFT JOIN records l ON l.id = t.carrier_id`;

/**
 * Value of `record_id` for an entry that gets a new carrier. What was confirmed once stays the first record; one that was
 * not is dropped with its epoch, and an entry that went on pointing at it would never count as published.
 */
export const FIRST_CONFIRMED_OR_NEW =
  'COALESCE((SELECT id FROM records WHERE id = record_id AND acked_at IS NOT NULL), ?)';

function carrierOf(row: Row, prefix: 'f' | 'l'): Carrier | undefined {
  const recordId = textOrNoneIn(row, `${prefix}_id`);
  if (recordId === undefined) return undefined;
  const at = numberOrNoneIn(row, `${prefix}_sequence`);
  const ackedAt = numberOrNoneIn(row, `${prefix}_acked_at`);
  return {
    recordId,
    epoch: textIn(row, `${prefix}_epoch`),
    sequence: at === undefined ? undefined : sequence(at),
    ackedAt: ackedAt === undefined ? undefined : epochMs(ackedAt),
    proof: textOrNoneIn(row, `${prefix}_proof`),
  };
}

function effectOf(row: Row): Effect {
  const kind = textIn(row, 'effect') as Effect['kind'];
  return kind === 'issuedBefore' ? { kind, issuedBefore: epochSeconds(numberIn(row, 'issued_before')) } : { kind };
}

const retainUntilOf = (row: Row): JournaledRevocation['retainUntil'] => {
  const until = numberOrNoneIn(row, 'retain_until');
  return until === undefined ? 'lifted' : epochSeconds(until);
};

export function revocationOf(row: Row): JournaledRevocation {
  const liftedAt = numberOrNoneIn(row, 'lifted_at');
  const condition = textOrNoneIn(row, 'condition');
  const conditionEndedAt = numberOrNoneIn(row, 'condition_ended_at');
  return {
    position: numberIn(row, 'position'),
    origin: textIn(row, 'origin') as Origin,
    id: textIn(row, 'id'),
    commandId: textIn(row, 'command_id'),
    commandDigest: textIn(row, 'command_digest'),
    issuer: textIn(row, 'issuer'),
    key: JSON.parse(textIn(row, 'key_fields')) as RevocationKey,
    effect: effectOf(row),
    retainUntil: retainUntilOf(row),
    ...(condition !== undefined && { condition: JSON.parse(condition) as Condition }),
    ...(conditionEndedAt !== undefined && { conditionEndedAt: epochMs(conditionEndedAt) }),
    moot: numberIn(row, 'moot') === 1,
    supersedes: JSON.parse(textOrNoneIn(row, 'supersedes') ?? '[]') as string[],
    supersededBy: textOrNoneIn(row, 'superseded_by'),
    actor: textIn(row, 'actor'),
    reason: textOrNoneIn(row, 'reason'),
    acceptedAt: epochMs(numberIn(row, 'accepted_at')),
    liftedAt: liftedAt === undefined ? undefined : epochMs(liftedAt),
    first: carrierOf(row, 'f'),
    latest: carrierOf(row, 'l'),
  };
}

export const liftOf = (row: Row): JournaledLift => ({
  position: numberIn(row, 'position'),
  origin: textIn(row, 'origin') as Origin,
  revocationId: textIn(row, 'revocation_id'),
  issuer: textIn(row, 'issuer'),
  scope: textIn(row, 'scope') as Scope,
  retainUntil: epochSeconds(numberIn(row, 'retain_until')),
  actor: textIn(row, 'actor'),
  reason: textOrNoneIn(row, 'reason'),
  acceptedAt: epochMs(numberIn(row, 'accepted_at')),
  first: carrierOf(row, 'f'),
  latest: carrierOf(row, 'l'),
});
