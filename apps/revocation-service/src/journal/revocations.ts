import { hash } from 'node:crypto';
import {
  CANARY_PREFIX,
  conditionText,
  type EpochMs,
  epochMs,
  keyOf,
  keyFields,
  type Revocation,
  type RevocationKey,
} from '@revocast/core';
import { type Database, numberIn, type SqlValue, textIn } from './database.js';
import { type JournaledRevocation, type NewRevocation, type Origin } from './entries.js';
import { FIRST_CONFIRMED_OR_NEW, REVOCATION_SELECT, revocationOf } from './rows.js';

/** Neither moot, lifted, nor ended by time. Superseded ones among them: nodes keep those, for the day the other is lifted. */
const LIVE = 'r.moot = 0 AND r.lifted_at IS NULL AND (r.retain_until IS NULL OR r.retain_until > ?)';

const seconds = (at: EpochMs): number => at / 1000;

/** A digest, because a key holds personal data and may hold a NUL. */
export const keyHash = (issuer: string, key: RevocationKey): string => hash('sha256', keyOf(issuer, key), 'base64url');

/** A field as the index of fields stores it: as JSON, which escapes what the database cannot hold. */
export const fieldText = (value: string): string => JSON.stringify(value);

export interface Insertion {
  readonly origin: Origin;
  /** The record that carries it; undefined when there is no epoch to make one for. */
  readonly recordId: string | undefined;
}

export interface Insertable extends NewRevocation {
  readonly supersedes: readonly string[];
  /** `keyHash` of issuer and key, where it is known already. */
  readonly hash?: string;
}

export function insertRevocation(database: Database, entry: Insertable, insertion: Insertion): void {
  insertKeyFields(database, entry.key, insertEntry(database, entry, insertion));
  markSuperseded(database, entry.supersedes, entry.id);
}

function insertKeyFields(database: Database, key: RevocationKey, position: number): void {
  for (const [field, value] of Object.entries(keyFields(key))) {
    database.run('INSERT INTO key_fields (field, value, position) VALUES (?, ?, ?)', [
      field,
      fieldText(value),
      position,
    ]);
  }
}

function markSuperseded(database: Database, ids: readonly string[], by: string): void {
  for (const id of ids) database.run('UPDATE revocations SET superseded_by = ? WHERE id = ?', [by, id]);
}

function insertEntry(database: Database, entry: Insertable, { origin, recordId }: Insertion): number {
  return database.insert(
    `INSERT INTO revocations (id, command_id, command_digest, issuer, scope, key_hash, key_fields, effect, issued_before,
      moot, retain_until, supersedes, condition, spread_until, actor, reason, accepted_at, origin, record_id, carrier_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      ...[entry.id, entry.commandId, entry.commandDigest],
      ...contentOf(entry),
      entry.actor,
      entry.reason ?? null,
      entry.acceptedAt,
      origin,
      recordId ?? null,
      recordId ?? null,
    ],
  );
}

type Content = Pick<
  Insertable,
  'hash' | 'issuer' | 'key' | 'effect' | 'moot' | 'retainUntil' | 'supersedes' | 'condition'
>;

/** Values of the columns from `issuer` to `spread_until`, in their order. */
const contentOf = ({
  hash: known,
  issuer,
  key,
  effect,
  moot,
  retainUntil,
  supersedes,
  condition,
}: Content): readonly SqlValue[] => [
  issuer,
  key.scope,
  known ?? keyHash(issuer, key),
  JSON.stringify(key),
  effect.kind,
  effect.kind === 'issuedBefore' ? effect.issuedBefore : null,
  moot ? 1 : 0,
  retainUntil === 'lifted' ? null : retainUntil,
  supersedes.length === 0 ? null : JSON.stringify(supersedes),
  condition === undefined ? null : conditionText(condition),
  condition !== undefined && 'spread' in condition ? condition.spread.until : null,
];

/**
 * What the log has under this id is what counts: what was fixed here is given up. When it is about another key, another
 * command was given under the same Idempotency-Key: then nothing of ours is left of it, and its sender is told.
 */
export function overrule(
  database: Database,
  known: JournaledRevocation,
  stored: Revocation,
  acceptedAt: EpochMs,
): void {
  const { id, position } = known;
  const supersedes = stored.supersedes ?? [];
  database.run('UPDATE revocations SET superseded_by = NULL WHERE superseded_by = ?', [id]);
  database.run(
    `UPDATE revocations SET issuer = ?, scope = ?, key_hash = ?, key_fields = ?, effect = ?, issued_before = ?, moot = ?,
      retain_until = ?, supersedes = ?, condition = ?, spread_until = ?, condition_ended_at = NULL, accepted_at = ? WHERE id = ?`,
    [...contentOf({ ...stored, supersedes, moot: false }), acceptedAt, id],
  );
  markSuperseded(database, supersedes, id);
  if (keyHash(known.issuer, known.key) === keyHash(stored.issuer, stored.key)) return;
  database.run('DELETE FROM key_fields WHERE position = ?', [position]);
  insertKeyFields(database, stored.key, position);
  database.run("UPDATE revocations SET origin = 'log', command_digest = '', reason = NULL WHERE id = ?", [id]);
}

export function findRevocation(database: Database, id: string): JournaledRevocation | undefined {
  const row = database.one(`${REVOCATION_SELECT} WHERE r.id = ?`, [id]);
  return row && revocationOf(row);
}

/** When the last canary of a drill was accepted. Its id is stored as JSON, and `.` comes after `-`. */
export function lastCanaryAt(database: Database): EpochMs | undefined {
  const start = fieldText(CANARY_PREFIX).slice(0, -1);
  const [row] = database.all(
    `SELECT max(r.accepted_at) AS last_at FROM key_fields f JOIN revocations r ON r.position = f.position
     WHERE f.field = 'jti' AND f.value >= ? AND f.value < ?`,
    [start, `${start.slice(0, -1)}.`],
  );
  return row === undefined || row['last_at'] === null ? undefined : epochMs(numberIn(row, 'last_at'));
}

export const hasRevocation = (database: Database, id: string): boolean =>
  database.one('SELECT 1 AS found FROM revocations WHERE id = ?', [id]) !== undefined;

/** What one command made, in the order it made them: one revocation under its own id, and at most a second beside it. */
export const revocationsOfCommand = (database: Database, commandId: string): readonly JournaledRevocation[] =>
  database
    .all(`${REVOCATION_SELECT} WHERE r.id IN (?, ?) ORDER BY r.position`, [commandId, `${commandId}.2`])
    .map(revocationOf);

const OF_KEY = `r.key_hash = ? AND r.superseded_by IS NULL AND ${LIVE}`;

const AMONG = 'IN (SELECT value FROM json_each(?))';

/** Those of the ids that the journal has. */
export const knownIds = (database: Database, ids: readonly string[]): Set<string> =>
  new Set(
    database.all(`SELECT id FROM revocations WHERE id ${AMONG}`, [JSON.stringify(ids)]).map((row) => textIn(row, 'id')),
  );

/** How many `liveOfKey` has, by the hash of the key; keys without any are left out. */
export const countsOfKeys = (
  database: Database,
  hashes: readonly string[],
  now: EpochMs,
): ReadonlyMap<string, number> =>
  new Map(
    database
      .all(
        `SELECT r.key_hash AS hash, COUNT(*) AS n FROM revocations r
         WHERE r.key_hash ${AMONG} AND r.superseded_by IS NULL AND ${LIVE} GROUP BY r.key_hash`,
        [JSON.stringify(hashes), seconds(now)],
      )
      .map((row) => [textIn(row, 'hash'), numberIn(row, 'n')]),
  );

/** Live entries of one key, superseded ones not counted: at most `ENTRIES_PER_KEY_MAX`. */
export const liveOfKey = (
  database: Database,
  issuer: string,
  key: RevocationKey,
  now: EpochMs,
): readonly JournaledRevocation[] =>
  database.all(`${REVOCATION_SELECT} WHERE ${OF_KEY}`, [keyHash(issuer, key), seconds(now)]).map(revocationOf);

export const countLive = (database: Database, now: EpochMs): number =>
  database.count(`SELECT COUNT(*) AS n FROM revocations r WHERE ${LIVE}`, [seconds(now)]);

/** Live entries that no record of `epoch` carries yet, oldest first. */
export const liveWithoutCarrier = (
  database: Database,
  query: { readonly epoch: string; readonly now: EpochMs; readonly limit: number },
): readonly JournaledRevocation[] =>
  database
    .all(
      `${REVOCATION_SELECT} WHERE ${LIVE} AND (l.id IS NULL OR l.epoch <> ?)
       ORDER BY r.position LIMIT ?`,
      [seconds(query.now), query.epoch, query.limit],
    )
    .map(revocationOf);

/** Live entries whose record was made before `madeBefore`, oldest first: the log is about to forget them. */
export const liveCarriedBefore = (
  database: Database,
  query: { readonly madeBefore: EpochMs; readonly now: EpochMs; readonly limit: number },
): readonly JournaledRevocation[] =>
  database
    .all(
      `${REVOCATION_SELECT} WHERE ${LIVE} AND l.made_at < ? AND l.acked_at IS NOT NULL
       ORDER BY r.position LIMIT ?`,
      [seconds(query.now), query.madeBefore, query.limit],
    )
    .map(revocationOf);

/** Live ones whose waves are over, and that are still published with them. */
export const spreadsDue = (database: Database, now: EpochMs): readonly JournaledRevocation[] =>
  database
    .all(
      `${REVOCATION_SELECT} WHERE r.spread_until IS NOT NULL AND r.condition_ended_at IS NULL AND r.spread_until <= ? AND ${LIVE}
       ORDER BY r.spread_until LIMIT 100`,
      [seconds(now), seconds(now)],
    )
    .map(revocationOf);

/** From here on the revocation is published without its condition. */
export function endCondition(database: Database, id: string, at: EpochMs): void {
  database.run('UPDATE revocations SET condition_ended_at = ? WHERE id = ? AND condition_ended_at IS NULL', [at, id]);
}

/** The entry travels in this record from now on. */
export function setCarrier(database: Database, id: string, recordId: string): void {
  database.run(`UPDATE revocations SET carrier_id = ?, record_id = ${FIRST_CONFIRMED_OR_NEW} WHERE id = ?`, [
    recordId,
    recordId,
    id,
  ]);
}

export const idsCarriedBy = (database: Database, recordId: string): readonly string[] =>
  [
    ...database.all('SELECT id FROM revocations WHERE carrier_id = ?', [recordId]),
    ...database.all('SELECT revocation_id AS id FROM lifts WHERE carrier_id = ?', [recordId]),
  ].map((row) => textIn(row, 'id'));

export interface RevocationFilter {
  readonly issuers?: readonly string[];
  readonly scopes?: readonly string[];
  readonly fields: Readonly<Partial<Record<string, string>>>;
  readonly state?: 'accepted' | 'published' | 'lifted' | 'expired' | 'noEffect';
  /** Only what was accepted before this position. */
  readonly before?: number;
}

/** Newest first. */
export function listRevocations(
  database: Database,
  filter: RevocationFilter,
  page: { readonly now: EpochMs; readonly limit: number },
): readonly JournaledRevocation[] {
  const { conditions, values } = whereOf(filter, page.now);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `${REVOCATION_SELECT} ${where} ORDER BY r.position DESC LIMIT ?`;
  return database.all(sql, [...values, page.limit]).map(revocationOf);
}

interface Where {
  readonly conditions: string[];
  readonly values: SqlValue[];
}

function whereOf(filter: RevocationFilter, now: EpochMs): Where {
  const where: Where = { conditions: [], values: [] };
  const add = (condition: string, ...values: readonly SqlValue[]): void => {
    where.conditions.push(condition);
    where.values.push(...values);
  };
  if (filter.before !== undefined) add('r.position < ?', filter.before);
  if (filter.issuers !== undefined) add(`r.issuer IN (${marks(filter.issuers)})`, ...filter.issuers);
  if (filter.scopes !== undefined) add(`r.scope IN (${marks(filter.scopes)})`, ...filter.scopes);
  for (const [field, value] of Object.entries(filter.fields)) {
    if (value === undefined) continue;
    add('r.position IN (SELECT position FROM key_fields WHERE field = ? AND value = ?)', field, fieldText(value));
  }
  if (filter.state !== undefined) addState(filter.state, add, seconds(now));
  return where;
}

const marks = (values: readonly unknown[]): string => values.map(() => '?').join(', ');

/** The same states as `stateOf` derives for one entry. */
function addState(
  state: NonNullable<RevocationFilter['state']>,
  add: (condition: string, ...values: readonly SqlValue[]) => void,
  now: number,
): void {
  const unended = '(r.retain_until IS NULL OR r.retain_until > ?)';
  add(state === 'noEffect' ? 'r.moot = 1' : 'r.moot = 0');
  switch (state) {
    case 'noEffect':
      return;
    case 'lifted': {
      add('r.lifted_at IS NOT NULL');
      return;
    }
    case 'expired': {
      add('r.lifted_at IS NULL AND r.retain_until <= ?', now);
      return;
    }
    case 'published': {
      add(`r.lifted_at IS NULL AND ${unended} AND f.acked_at IS NOT NULL`, now);
      return;
    }
    case 'accepted': {
      add(`r.lifted_at IS NULL AND ${unended} AND f.acked_at IS NULL`, now);
      return;
    }
  }
}
