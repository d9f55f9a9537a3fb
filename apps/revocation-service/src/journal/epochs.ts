import { type EpochMs, type LogIdentity, sequence, type Sequence } from '@revocast/core';
import { type Database, numberIn, type Row, textIn, textOrNoneIn } from './database.js';

/** The incarnation of the log that this journal belongs to. */
export interface JournaledEpoch {
  readonly epoch: string;
  readonly previous: string | undefined;
  /** `opening` until its `epochOpened` record is confirmed: no node counts it before. */
  readonly state: 'opening' | 'open';
  readonly hashKeyDigest: string;
  readonly log: LogIdentity | undefined;
  /** The highest head that was ever seen; kept up to date every few seconds. */
  readonly head: Sequence;
  /** The log gave a sequence out twice: it lost records, even if it has grown past them since. */
  readonly rolledBack: boolean;
}

/** The one epoch that is not closed; undefined in a journal without history. */
export function currentEpoch(database: Database): JournaledEpoch | undefined {
  const row = database.one("SELECT * FROM epochs WHERE state <> 'closed'");
  return row === undefined ? undefined : epochOf(row);
}

function epochOf(row: Row): JournaledEpoch {
  const epoch = textIn(row, 'epoch');
  const name = textOrNoneIn(row, 'log_name');
  return {
    epoch,
    previous: textOrNoneIn(row, 'previous'),
    state: textIn(row, 'state') as JournaledEpoch['state'],
    hashKeyDigest: textIn(row, 'hash_key_digest'),
    head: sequence(numberIn(row, 'head')),
    rolledBack: numberIn(row, 'rolled_back') === 1,
    log: name === undefined ? undefined : { name, epoch, created: textIn(row, 'log_created') },
  };
}

/** Begins a new epoch and ends the one before, in one step: commands of the old one that were not confirmed move over. */
export function beginEpoch(
  database: Database,
  epoch: { readonly epoch: string; readonly previous: string | undefined; readonly hashKeyDigest: string },
  at: EpochMs,
): void {
  database.transaction(() => {
    database.run("UPDATE epochs SET state = 'closed' WHERE state <> 'closed'");
    // Each epoch declares the settings anew; their versions go on counting.
    database.run("UPDATE declarations SET digest = ''");
    database.run(
      "INSERT INTO epochs (epoch, previous, state, hash_key_digest, began_at) VALUES (?, ?, 'opening', ?, ?)",
      [epoch.epoch, epoch.previous ?? null, epoch.hashKeyDigest, at],
    );
  });
}

export function noteLog(database: Database, log: LogIdentity): void {
  database.run('UPDATE epochs SET log_name = ?, log_created = ? WHERE epoch = ?', [log.name, log.created, log.epoch]);
}

/** The log was seen to reach so far; records of others count, too. */
export function noteHead(database: Database, epoch: string, head: Sequence): void {
  database.run('UPDATE epochs SET head = ? WHERE epoch = ? AND head < ?', [head, epoch, head]);
}

/** Whether the log of this epoch is known to have lost records. */
export const hasLostRecords = (database: Database, epoch: string): boolean =>
  database.one('SELECT 1 AS found FROM epochs WHERE epoch = ? AND rolled_back = 1', [epoch]) !== undefined;

export function markRolledBack(database: Database, epoch: string): void {
  database.run('UPDATE epochs SET rolled_back = 1 WHERE epoch = ?', [epoch]);
}

export function markEpochOpen(database: Database, epoch: string, at: EpochMs): void {
  database.run("UPDATE epochs SET state = 'open', opened_at = ? WHERE epoch = ?", [at, epoch]);
}

/** Whether this journal ever wrote to that epoch: a node that still speaks of it is behind, not foreign. */
export const knowsEpoch = (database: Database, epoch: string): boolean =>
  database.one('SELECT 1 AS known FROM epochs WHERE epoch = ?', [epoch]) !== undefined;

export interface Declaration {
  readonly version: number;
  readonly digest: string;
}

export function findDeclaration(database: Database, issuer: string): Declaration | undefined {
  const row = database.one('SELECT version, digest FROM declarations WHERE issuer = ?', [issuer]);
  return row && { version: numberIn(row, 'version'), digest: textIn(row, 'digest') };
}

/** Issuers whose settings were last declared in a record made before `madeBefore`. */
export const declaredBefore = (database: Database, madeBefore: EpochMs): ReadonlySet<string> =>
  new Set(
    database
      .all('SELECT issuer FROM declarations WHERE record_id IN (SELECT id FROM records WHERE made_at < ?)', [
        madeBefore,
      ])
      .map((row) => textIn(row, 'issuer')),
  );

export function storeDeclaration(
  database: Database,
  declaration: Declaration & { readonly issuer: string; readonly recordId: string },
): void {
  database.run(
    `INSERT INTO declarations (issuer, version, digest, record_id) VALUES (?, ?, ?, ?)
     ON CONFLICT (issuer) DO UPDATE SET version = excluded.version, digest = excluded.digest, record_id = excluded.record_id`,
    [declaration.issuer, declaration.version, declaration.digest, declaration.recordId],
  );
}
