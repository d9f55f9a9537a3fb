import { type EpochMs } from '@revocast/core';
import { type Database } from './database.js';
import { type JournaledLift, type NewLift, type Origin } from './entries.js';
import { FIRST_CONFIRMED_OR_NEW, LIFT_SELECT, liftOf } from './rows.js';

const seconds = (at: EpochMs): number => at / 1000;

export function insertLift(database: Database, lift: NewLift, origin: Origin = 'command'): void {
  database.run(
    `INSERT INTO lifts (revocation_id, issuer, scope, retain_until, origin, actor, reason, accepted_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      lift.revocationId,
      lift.issuer,
      lift.scope,
      lift.retainUntil,
      origin,
      lift.actor,
      lift.reason ?? null,
      lift.acceptedAt,
    ],
  );
  markLifted(database, lift.revocationId, lift.acceptedAt);
}

/** Does nothing for a revocation that the journal does not have yet. */
export function markLifted(database: Database, revocationId: string, at: EpochMs): void {
  database.run('UPDATE revocations SET lifted_at = ? WHERE id = ?', [at, revocationId]);
  // What it had replaced counts again; nodes still hold it.
  database.run('UPDATE revocations SET superseded_by = NULL WHERE superseded_by = ?', [revocationId]);
}

/** The same lift came with a longer retention: the longest counts, as on every node. */
export function prolongLift(database: Database, revocationId: string, retainUntil: number): void {
  database.run('UPDATE lifts SET retain_until = MAX(retain_until, ?) WHERE revocation_id = ?', [
    retainUntil,
    revocationId,
  ]);
}

export function findLift(database: Database, revocationId: string): JournaledLift | undefined {
  const row = database.one(`${LIFT_SELECT} WHERE t.revocation_id = ?`, [revocationId]);
  return row === undefined ? undefined : liftOf(row);
}

/** Lifts still needed that no record of `epoch` carries yet, oldest first. */
export const liftsWithoutCarrier = (
  database: Database,
  query: { readonly epoch: string; readonly now: EpochMs; readonly limit: number },
): readonly JournaledLift[] =>
  database
    .all(
      `${LIFT_SELECT} WHERE COALESCE(r.moot, 0) = 0 AND t.retain_until > ? AND (l.id IS NULL OR l.epoch <> ?) ORDER BY t.position LIMIT ?`,
      [seconds(query.now), query.epoch, query.limit],
    )
    .map(liftOf);

/** Lifts still needed whose record was made before `madeBefore`, oldest first. */
export const liftsCarriedBefore = (
  database: Database,
  query: { readonly madeBefore: EpochMs; readonly now: EpochMs; readonly limit: number },
): readonly JournaledLift[] =>
  database
    .all(
      `${LIFT_SELECT} WHERE t.retain_until > ? AND l.made_at < ? AND l.acked_at IS NOT NULL ORDER BY t.position LIMIT ?`,
      [seconds(query.now), query.madeBefore, query.limit],
    )
    .map(liftOf);

export function setLiftCarrier(database: Database, revocationId: string, recordId: string): void {
  database.run(`UPDATE lifts SET carrier_id = ?, record_id = ${FIRST_CONFIRMED_OR_NEW} WHERE revocation_id = ?`, [
    recordId,
    recordId,
    revocationId,
  ]);
}
