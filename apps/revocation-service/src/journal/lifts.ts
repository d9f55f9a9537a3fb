import { type EpochMs } from '@revocast/core';
import { type Database } from './database.js';
import { type JournaledLift, type NewLift } from './entries.js';
import { FIRST_CONFIRMED_OR_NEW, LIFT_SELECT, liftOf } from './rows.js';

const seconds = (at: EpochMs): number => at / 1000;

export function insertLift(database: Database, lift: NewLift): void {
  database.run('INSERT INTO lifts (revocation_id, retain_until, actor, reason, accepted_at) VALUES (?, ?, ?, ?, ?)', [
    lift.revocationId,
    lift.retainUntil,
    lift.actor,
    lift.reason ?? null,
    lift.acceptedAt,
  ]);
  database.run('UPDATE revocations SET lifted_at = ? WHERE id = ?', [lift.acceptedAt, lift.revocationId]);
  // What it had replaced counts again; nodes still hold it.
  database.run('UPDATE revocations SET superseded_by = NULL WHERE superseded_by = ?', [lift.revocationId]);
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
      `${LIFT_SELECT} WHERE r.moot = 0 AND t.retain_until > ? AND (l.id IS NULL OR l.epoch <> ?) ORDER BY t.position LIMIT ?`,
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
