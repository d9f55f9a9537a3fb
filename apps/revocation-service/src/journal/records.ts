import {
  epochMs,
  type EpochMs,
  type RecordBody,
  RevocationError,
  type Scope,
  sequence,
  type Sequence,
} from '@revocast/core';
import { type EncodedRecord } from '@revocast/jetstream';
import { type Database, numberIn, type Row, textIn } from './database.js';

/** A record whose bytes are fixed, before or while it is published. */
export interface NewRecord {
  readonly encoded: EncodedRecord;
  readonly kind: RecordBody['kind'];
  readonly issuer: string | undefined;
  readonly scope: Scope | undefined;
  readonly madeAt: EpochMs;
  /** It carries waves: that every node has it does not say that everybody is refused. */
  readonly partial?: boolean;
}

export function insertRecord(database: Database, record: NewRecord): void {
  const { encoded } = record;
  database.run(
    `INSERT INTO records (id, kind, epoch, issuer, scope, subject, payload, signature, made_at, partial)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      encoded.id,
      record.kind,
      encoded.epoch,
      record.issuer ?? null,
      record.scope ?? null,
      encoded.subject,
      encoded.payload,
      encoded.signature,
      record.madeAt,
      record.partial === true ? 1 : 0,
    ],
  );
}

/** A record that the log has and this journal did not. That it was read proves that it is stored, so `now` is late enough. */
export interface StoredRecord extends Pick<NewRecord, 'kind' | 'issuer' | 'scope' | 'partial'> {
  readonly identity: string;
  readonly epoch: string;
  readonly sequence: Sequence;
  readonly time: EpochMs;
}

export function insertStoredRecord(database: Database, record: StoredRecord, now: EpochMs): void {
  database.run(
    `INSERT INTO records (id, kind, epoch, issuer, scope, subject, payload, signature, made_at, acked_at, sequence, partial)
     VALUES (?, ?, ?, ?, ?, '', NULL, '', ?, ?, ?, ?)`,
    [
      record.identity,
      record.kind,
      record.epoch,
      record.issuer ?? null,
      record.scope ?? null,
      record.time,
      now,
      record.sequence,
      record.partial === true ? 1 : 0,
    ],
  );
}

/** The sequences right after `from` whose records the journal has, as long as none is missing; gives the last of them. */
export function lastWithoutGap(database: Database, epoch: string, from: Sequence): Sequence {
  let last: number = from;
  for (;;) {
    const rows = database.all(
      'SELECT DISTINCT sequence FROM records WHERE epoch = ? AND sequence > ? ORDER BY sequence LIMIT 256',
      [epoch, last],
    );
    for (const row of rows) {
      if (numberIn(row, 'sequence') !== last + 1) return sequence(last);
      last++;
    }
    if (rows.length < 256) return sequence(last);
  }
}

/** The lowest sequence above `from` whose record the journal has. */
export function nextKnown(database: Database, epoch: string, from: Sequence): Sequence | undefined {
  const at = database.count('SELECT MIN(sequence) AS n FROM records WHERE epoch = ? AND sequence > ?', [epoch, from]);
  return at === 0 ? undefined : sequence(at);
}

/** The outcome of a publish. The bytes are let go: from here on the log has them. */
export function markAcked(
  database: Database,
  recordId: string,
  ack: { readonly sequence: Sequence; readonly ackedAt: EpochMs },
): void {
  database.run('UPDATE records SET acked_at = ?, sequence = ?, payload = NULL WHERE id = ? AND acked_at IS NULL', [
    ack.ackedAt,
    ack.sequence,
    recordId,
  ]);
}

/**
 * The epoch whose log gave the sequence of this record to another one before, or undefined. Only a log that lost records
 * does: the broker counts up, and answers a repeated record with the sequence of its first time.
 */
export function epochThatReissued(database: Database, recordId: string, at: Sequence): string | undefined {
  const row = database.one(
    `SELECT own.epoch AS epoch FROM records AS own JOIN records AS other ON other.epoch = own.epoch AND other.sequence = ?
     WHERE own.id = ? AND other.id <> own.id`,
    [at, recordId],
  );
  return row && textIn(row, 'epoch');
}

/** Records of `epoch` whose outcome is unknown, with their exact bytes, oldest first. */
export const pendingRecords = (database: Database, epoch: string): readonly PendingRecord[] =>
  database
    .all('SELECT * FROM records WHERE epoch = ? AND acked_at IS NULL ORDER BY made_at', [epoch])
    .map((row) => ({ encoded: encodedOf(row), kind: textIn(row, 'kind') as PendingRecord['kind'] }));

export type PendingRecord = Pick<NewRecord, 'encoded' | 'kind'>;

const encodedOf = (row: Row): EncodedRecord => ({
  id: textIn(row, 'id'),
  epoch: textIn(row, 'epoch'),
  subject: textIn(row, 'subject'),
  payload: bytesOf(row['payload']),
  signature: textIn(row, 'signature'),
});

/** The binding gives a blob as a Buffer or as an ArrayBuffer, depending on the call. */
function bytesOf(blob: unknown): Uint8Array {
  if (blob instanceof Uint8Array) return blob;
  if (blob instanceof ArrayBuffer) return new Uint8Array(blob);
  throw new RevocationError('ERR_INVARIANT', 'A pending record of the journal has no bytes');
}

export function countPending(database: Database): number {
  return database.count(
    "SELECT COUNT(*) AS n FROM records WHERE acked_at IS NULL AND epoch IN (SELECT epoch FROM epochs WHERE state <> 'closed')",
  );
}

/** The highest sequence that the broker confirmed for `epoch`; 0 before the first. */
export function highestSequence(database: Database, epoch: string): Sequence {
  return sequence(database.count('SELECT MAX(sequence) AS n FROM records WHERE epoch = ?', [epoch]));
}

/** A record and the sequence that the broker confirmed for it. */
export interface PlacedRecord {
  readonly id: string;
  readonly sequence: Sequence;
}

/** The newest `limit` records that are known to have been stored from `from` to `to`, ascending. */
export const newestConfirmed = (
  database: Database,
  epoch: string,
  { from, to, limit }: { readonly from: Sequence; readonly to: Sequence; readonly limit: number },
): readonly PlacedRecord[] =>
  database
    .all(
      'SELECT id, sequence FROM records WHERE epoch = ? AND sequence BETWEEN ? AND ? ORDER BY sequence DESC LIMIT ?',
      [epoch, from, to, limit],
    )
    .map((row) => ({ id: textIn(row, 'id'), sequence: sequence(numberIn(row, 'sequence')) }))
    .reverse();

/** When the newest record that opens this epoch was made; undefined when there is none. */
export function openingMadeAt(database: Database, epoch: string): EpochMs | undefined {
  const row = database.one("SELECT MAX(made_at) AS at FROM records WHERE epoch = ? AND kind = 'epochOpened'", [epoch]);
  return row === undefined || row['at'] === null ? undefined : epochMs(numberIn(row, 'at'));
}

/** A published record of which nobody has proven yet that the fleet enforces it. */
export interface UnprovenRecord {
  readonly recordId: string;
  readonly epoch: string;
  readonly issuer: string;
  readonly scope: Scope;
  readonly sequence: Sequence;
  readonly pubAckAt: EpochMs;
}

const UNPROVEN = "proof IS NULL AND partial = 0 AND acked_at IS NOT NULL AND kind IN ('revoked', 'lifted')";

/** Newest first. */
export const unprovenRecords = (database: Database, epoch: string, limit: number): readonly UnprovenRecord[] =>
  database
    .all(`SELECT * FROM records WHERE epoch = ? AND ${UNPROVEN} ORDER BY sequence DESC LIMIT ?`, [epoch, limit])
    .map(unprovenOf);

export function findUnproven(database: Database, recordId: string, madeAfter: EpochMs): UnprovenRecord | undefined {
  const row = database.one(`SELECT * FROM records WHERE id = ? AND made_at > ? AND ${UNPROVEN}`, [recordId, madeAfter]);
  return row && unprovenOf(row);
}

const unprovenOf = (row: Row): UnprovenRecord => ({
  recordId: textIn(row, 'id'),
  epoch: textIn(row, 'epoch'),
  issuer: textIn(row, 'issuer'),
  scope: textIn(row, 'scope') as Scope,
  sequence: sequence(numberIn(row, 'sequence')),
  pubAckAt: epochMs(numberIn(row, 'acked_at')),
});

export function storeProof(database: Database, recordId: string, proof: string): void {
  database.run('UPDATE records SET proof = ? WHERE id = ? AND proof IS NULL', [proof, recordId]);
}

export const hasRecordOf = (database: Database, epoch: string, kind: RecordBody['kind']): boolean =>
  database.one('SELECT 1 AS found FROM records WHERE epoch = ? AND kind = ?', [epoch, kind]) !== undefined;

/** Which record the broker stored there, if it is one of this journal. */
export function recordIdAt(database: Database, epoch: string, at: Sequence): string | undefined {
  const row = database.one('SELECT id FROM records WHERE epoch = ? AND sequence = ?', [epoch, at]);
  return row && textIn(row, 'id');
}
