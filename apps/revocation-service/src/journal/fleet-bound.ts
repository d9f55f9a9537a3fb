import { type Database, numberIn } from './database.js';

/** The largest bound that a node may still have, as far as this journal knows; undefined before any was noted. Milliseconds. */
export function largestBoundMs(database: Database): number | undefined {
  const row = database.one('SELECT largest_ms FROM fleet_bound', []);
  return row === undefined ? undefined : numberIn(row, 'largest_ms');
}

/** A larger one may be allowed at any time; a smaller one is noted when no node can have the larger one any more. */
export function noteLargestBound(database: Database, ms: number): void {
  database.run(
    'INSERT INTO fleet_bound (only, largest_ms) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET largest_ms = excluded.largest_ms',
    [ms],
  );
}
