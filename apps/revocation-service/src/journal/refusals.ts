import { type EpochMs, epochMs, type RefusalCount } from '@revocast/core';
import { type Database, numberIn, textIn } from './database.js';

/** A count as one instance of a service told it. */
export interface ToldRefusals extends RefusalCount {
  readonly service: string;
  readonly instance: string;
}

/** What all instances of one service refused. */
export interface ServiceRefusals {
  readonly service: string;
  readonly refused: number;
  readonly lastAt: EpochMs;
}

/** How long after its end a revocation still takes counts: reports of its last minutes are repeated within one. Milliseconds. */
export const REFUSALS_TAKEN_AFTER_MS = 3_600_000;

/** Of a revocation that is over for longer than that. Parameters: the time, in milliseconds and in seconds. */
const OVER = '(r.lifted_at IS NOT NULL AND r.lifted_at < ?) OR (r.retain_until IS NOT NULL AND r.retain_until < ?)';

const overAt = (now: EpochMs): readonly [number, number] => {
  const at = now - REFUSALS_TAKEN_AFTER_MS;
  return [at, at / 1000];
};

export const countRefusalRows = (database: Database): number =>
  database.count('SELECT COUNT(*) AS n FROM refusals', []);

/**
 * Takes the larger of what is known and what is told. Of a revocation that the journal does not have, or that is over, nothing
 * is taken: sums that were closed must not be opened again by a report that is late, or by a clock that was set back.
 */
export function storeRefusals(database: Database, told: ToldRefusals, now: EpochMs): void {
  const { id, service, instance, run, refused, lastAt } = told;
  database.run(
    `INSERT INTO refusals (revocation_id, instance, run, service, refused, last_at)
     SELECT r.id, ?, ?, ?, ?, ? FROM revocations r WHERE r.id = ? AND NOT (${OVER})
       AND NOT EXISTS (SELECT 1 FROM refusal_sums s WHERE s.revocation_id = r.id)
     ON CONFLICT (revocation_id, service, instance, run) DO UPDATE SET
       refused = MAX(refused, excluded.refused), last_at = MAX(last_at, excluded.last_at)`,
    [instance, run, service, refused, lastAt, id, ...overAt(now)],
  );
}

export const hasRefusals = (database: Database, { id, service, instance, run }: ToldRefusals): boolean =>
  database.one('SELECT 1 AS found FROM refusals WHERE revocation_id = ? AND service = ? AND instance = ? AND run = ?', [
    ...[id, service, instance, run],
  ]) !== undefined;

/** The services that refused most, first. */
export const refusalsOf = (database: Database, id: string): readonly ServiceRefusals[] =>
  database
    .all(
      `SELECT service, SUM(refused) AS refused, MAX(last_at) AS last_at FROM (
         SELECT service, refused, last_at FROM refusals WHERE revocation_id = ?
         UNION ALL SELECT service, refused, last_at FROM refusal_sums WHERE revocation_id = ?
       ) GROUP BY service ORDER BY refused DESC, service`,
      [id, id],
    )
    .map((row) => ({
      service: textIn(row, 'service'),
      refused: numberIn(row, 'refused'),
      lastAt: epochMs(numberIn(row, 'last_at')),
    }));

/** Adds up the rows of some revocations that are over, and gives their number; 0 when there is none. Call it in a transaction. */
export function foldRefusals(database: Database, now: EpochMs, revocationsMax: number): number {
  const ids = database
    .all(
      `SELECT DISTINCT u.revocation_id AS id FROM refusals u JOIN revocations r ON r.id = u.revocation_id
       WHERE ${OVER} LIMIT ?`,
      [...overAt(now), revocationsMax],
    )
    .map((row) => textIn(row, 'id'));
  for (const id of ids) {
    database.run(
      `INSERT INTO refusal_sums (revocation_id, service, refused, last_at)
       SELECT revocation_id, service, SUM(refused), MAX(last_at) FROM refusals WHERE revocation_id = ? GROUP BY service`,
      [id],
    );
    database.run('DELETE FROM refusals WHERE revocation_id = ?', [id]);
  }
  return ids.length;
}
