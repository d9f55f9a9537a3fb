import { type EpochMs, epochMs, type IssuerSettings, type LogIdentity, sequence, type Sequence } from '@revocast/core';
import { type Database, numberIn, numberOrNoneIn, type Row, textIn, textOrNoneIn } from './database.js';

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
  /** The journal has every record of this log up to here, whoever wrote it. Kept a little late: own records count at once. */
  readonly taken: Sequence;
  /** When a journal without history took this log over. */
  readonly rebuiltAt: EpochMs | undefined;
}

/** The one epoch that is not closed; undefined in a journal without history. */
export function currentEpoch(database: Database): JournaledEpoch | undefined {
  const row = database.one("SELECT * FROM epochs WHERE state <> 'closed'");
  return row === undefined ? undefined : epochOf(row);
}

function epochOf(row: Row): JournaledEpoch {
  const epoch = textIn(row, 'epoch');
  const name = textOrNoneIn(row, 'log_name');
  const rebuiltAt = numberOrNoneIn(row, 'rebuilt_at');
  return {
    epoch,
    previous: textOrNoneIn(row, 'previous'),
    state: textIn(row, 'state') as JournaledEpoch['state'],
    hashKeyDigest: textIn(row, 'hash_key_digest'),
    head: sequence(numberIn(row, 'head')),
    rolledBack: numberIn(row, 'rolled_back') === 1,
    taken: sequence(numberIn(row, 'taken')),
    rebuiltAt: rebuiltAt === undefined ? undefined : epochMs(rebuiltAt),
    log: name === undefined ? undefined : { name, epoch, created: textIn(row, 'log_created') },
  };
}

/** Begins a new epoch and ends the one before, in one step: commands of the old one that were not confirmed move over. */
export function beginEpoch(
  database: Database,
  epoch: { readonly epoch: string; readonly previous: string | undefined; readonly hashKeyDigest: string },
  at: EpochMs,
): void {
  database.transaction(() => insertEpoch(database, epoch, at));
}

export interface AdoptedEpoch {
  readonly log: LogIdentity;
  readonly hashKeyDigest: string;
  /** The journal is made anew from this log. */
  readonly isRebuilt: boolean;
}

/** Goes over to an epoch that another instance began, or that a lost journal knew. */
export function adoptEpoch(database: Database, { log, hashKeyDigest, isRebuilt }: AdoptedEpoch, at: EpochMs): void {
  const before = currentEpoch(database);
  database.transaction(() => {
    // One that we began ourselves and gave up, since another log stood in its way for a while.
    database.run(
      'DELETE FROM epochs WHERE epoch = ? AND opened_at IS NULL AND epoch NOT IN (SELECT epoch FROM records)',
      [log.epoch],
    );
    insertEpoch(database, { epoch: log.epoch, previous: before?.epoch, hashKeyDigest }, at);
    noteLog(database, log);
    if (isRebuilt) database.run('UPDATE epochs SET rebuilt_at = ? WHERE epoch = ?', [at, log.epoch]);
  });
}

function insertEpoch(
  database: Database,
  epoch: { readonly epoch: string; readonly previous: string | undefined; readonly hashKeyDigest: string },
  at: EpochMs,
): void {
  database.run("UPDATE epochs SET state = 'closed' WHERE state <> 'closed'");
  // Each epoch declares the settings anew; their versions go on counting.
  database.run("UPDATE declarations SET digest = ''");
  database.run(
    `INSERT INTO epochs (epoch, previous, state, hash_key_digest, began_at) VALUES (?, ?, 'opening', ?, ?)
     ON CONFLICT (epoch) DO UPDATE SET state = 'opening'`,
    [epoch.epoch, epoch.previous ?? null, epoch.hashKeyDigest, at],
  );
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

/** The journal has every record up to here. */
export function noteTaken(database: Database, epoch: string, taken: Sequence): void {
  database.run('UPDATE epochs SET taken = ? WHERE epoch = ? AND taken < ?', [taken, epoch, taken]);
}

/** Whether nodes ever counted this epoch: one that was replaced since must not come back. */
export const wasOpened = (database: Database, epoch: string): boolean =>
  database.one('SELECT 1 AS opened FROM epochs WHERE epoch = ? AND opened_at IS NOT NULL', [epoch]) !== undefined;

export function markEpochOpen(database: Database, epoch: string, at: EpochMs): void {
  database.run("UPDATE epochs SET state = 'open', opened_at = ? WHERE epoch = ?", [at, epoch]);
}

/** Whether this journal ever wrote to that epoch: a node that still speaks of it is behind, not foreign. */
export const knowsEpoch = (database: Database, epoch: string): boolean =>
  database.one('SELECT 1 AS known FROM epochs WHERE epoch = ?', [epoch]) !== undefined;

/** What the log declares of an issuer. */
export interface Declaration {
  readonly version: number;
  /** Of the settings in the log of this epoch; empty before there are any. */
  readonly digest: string;
  /** Of the settings that this instance declared last, or found declared; empty before. */
  readonly ownDigest: string;
  readonly settings: IssuerSettings | undefined;
}

export function findDeclaration(database: Database, issuer: string): Declaration | undefined {
  const row = database.one('SELECT version, digest, own_digest, settings FROM declarations WHERE issuer = ?', [issuer]);
  if (row === undefined) return undefined;
  const settings = textOrNoneIn(row, 'settings');
  return {
    version: numberIn(row, 'version'),
    digest: textIn(row, 'digest'),
    ownDigest: textIn(row, 'own_digest'),
    settings: settings === undefined ? undefined : (JSON.parse(settings) as IssuerSettings),
  };
}

/** What the log declares, by issuer. */
export const allDeclared = (database: Database): ReadonlyMap<string, IssuerSettings> =>
  new Map(
    database
      .all('SELECT issuer, settings FROM declarations WHERE settings IS NOT NULL')
      .map((row) => [textIn(row, 'issuer'), JSON.parse(textIn(row, 'settings')) as IssuerSettings]),
  );

/** Issuers whose settings were last declared in a record made before `madeBefore`. */
export const declaredBefore = (database: Database, madeBefore: EpochMs): ReadonlySet<string> =>
  new Set(
    database
      .all('SELECT issuer FROM declarations WHERE record_id IN (SELECT id FROM records WHERE made_at < ?)', [
        madeBefore,
      ])
      .map((row) => textIn(row, 'issuer')),
  );

export interface NewDeclaration {
  readonly version: number;
  readonly digest: string;
  readonly settings: IssuerSettings;
  readonly recordId: string;
}

/** This is what the log declares now. */
export function storeDeclaration(database: Database, { settings, version, digest, recordId }: NewDeclaration): void {
  database.run(
    `INSERT INTO declarations (issuer, version, digest, record_id, settings) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (issuer) DO UPDATE SET version = excluded.version, digest = excluded.digest,
       record_id = excluded.record_id, settings = excluded.settings`,
    [settings.issuer, version, digest, recordId, JSON.stringify(settings)],
  );
}

/** These are the settings that this instance stands for; it declares them once, not each time another instance differs. */
export function noteOwnSettings(database: Database, issuer: string, digest: string): void {
  database.run('UPDATE declarations SET own_digest = ? WHERE issuer = ?', [digest, issuer]);
}
