import { type EpochMs, epochMs } from '@revocast/core';
import { type EndOutcome, type EndTarget, type ProviderFailure } from '../identity/identity-provider.js';
import { type Database, numberIn, numberOrNoneIn, type Row, textIn, textOrNoneIn } from './database.js';

/**
 * What is to happen, or did, at an identity provider after a revocation. `due` until it succeeded or was given up;
 * `cancelled` when the revocation was lifted before.
 */
export interface JournaledEnding {
  readonly revocationId: string;
  readonly issuer: string;
  readonly target: EndTarget;
  readonly state: 'due' | 'ended' | 'unknown' | 'failed' | 'cancelled';
  readonly attempts: number;
  readonly since: EpochMs;
  readonly nextAt: EpochMs;
  readonly endedAt: EpochMs | undefined;
  /** The revocation that hits what was refreshed in between. Undefined = nothing could be. */
  readonly closedBy: string | undefined;
  /** Why the latest attempt did not succeed. */
  readonly failure: EndingFailure | undefined;
}

/** `ourLog`: the provider has ended them, and our log could not take the cut-off that follows. */
export type EndingFailure = ProviderFailure | 'ourLog';

/** Call in the transaction that takes the revocation in: then neither is ever there without the other. */
export function insertEnding(database: Database, revocationId: string, target: EndTarget, now: EpochMs): void {
  const value = target.kind === 'subject' ? target.subject : target.session;
  database.run(
    'INSERT INTO endings (revocation_id, target_kind, target, state, attempts, since, next_at) VALUES (?, ?, ?, ?, 0, ?, ?)',
    [revocationId, target.kind, value, 'due', now, now],
  );
}

const SELECT = `
  SELECT e.*, r.issuer, r.lifted_at FROM endings e
  JOIN revocations r ON r.id = e.revocation_id`;

export function findEnding(database: Database, revocationId: string): JournaledEnding | undefined {
  const row = database.one(`${SELECT} WHERE e.revocation_id = ?`, [revocationId]);
  return row && endingOf(row);
}

export interface DueEndings {
  readonly now: EpochMs;
  readonly issuers: readonly string[];
  readonly limit: number;
}

/**
 * Only after the log has our record: if the provider were told first and we died, tokens that are out would live on
 * with nobody knowing. What was lifted meanwhile is not ended any more.
 */
export function dueEndings(database: Database, { now, issuers, limit }: DueEndings): readonly JournaledEnding[] {
  if (issuers.length === 0) return [];
  const marks = issuers.map(() => '?').join(', ');
  const rows = database.all(
    `${SELECT} JOIN records f ON f.id = r.record_id
     WHERE e.state = 'due' AND e.next_at <= ? AND f.acked_at IS NOT NULL AND r.lifted_at IS NULL AND r.issuer IN (${marks})
     ORDER BY e.next_at LIMIT ?`,
    [now, ...issuers, limit],
  );
  return rows.map(endingOf);
}

export function countDueEndings(database: Database): number {
  return database.count(
    `SELECT count(*) AS n FROM endings e JOIN revocations r ON r.id = e.revocation_id
     WHERE e.state = 'due' AND r.lifted_at IS NULL`,
  );
}

export interface Ended {
  readonly outcome: EndOutcome;
  readonly at: EpochMs;
  readonly closedBy: string | undefined;
}

export function noteEnded(database: Database, revocationId: string, { outcome, at, closedBy }: Ended): void {
  database.run(
    'UPDATE endings SET state = ?, attempts = attempts + 1, ended_at = ?, closed_by = ?, failure = NULL WHERE revocation_id = ?',
    [outcome, at, closedBy ?? null, revocationId],
  );
}

/** `nextAt` undefined = it is not tried again. */
export function noteFailure(
  database: Database,
  revocationId: string,
  { failure, nextAt }: { readonly failure: EndingFailure; readonly nextAt: EpochMs | undefined },
): void {
  database.run(
    'UPDATE endings SET state = ?, attempts = attempts + 1, next_at = COALESCE(?, next_at), failure = ? WHERE revocation_id = ?',
    [nextAt === undefined ? 'failed' : 'due', nextAt ?? null, failure, revocationId],
  );
}

function endingOf(row: Row): JournaledEnding {
  const [kind, value] = [textIn(row, 'target_kind'), textIn(row, 'target')];
  const endedAt = numberOrNoneIn(row, 'ended_at');
  const state = textIn(row, 'state') as JournaledEnding['state'];
  const isCancelled = state === 'due' && numberOrNoneIn(row, 'lifted_at') !== undefined;
  return {
    revocationId: textIn(row, 'revocation_id'),
    issuer: textIn(row, 'issuer'),
    target: kind === 'subject' ? { kind, subject: value } : { kind: 'session', session: value },
    state: isCancelled ? 'cancelled' : state,
    attempts: numberIn(row, 'attempts'),
    since: epochMs(numberIn(row, 'since')),
    nextAt: epochMs(numberIn(row, 'next_at')),
    endedAt: endedAt === undefined ? undefined : epochMs(endedAt),
    closedBy: textOrNoneIn(row, 'closed_by'),
    failure: textOrNoneIn(row, 'failure') as EndingFailure | undefined,
  };
}
