import {
  conditionText,
  type EpochMs,
  type FeedRecord,
  type Lift,
  type RecordBody,
  type Revocation,
  type Scope,
  settingsDigest,
} from '@revocast/core';
import { type Database, numberOrNoneIn } from './database.js';
import { type Carrier, conditionInForce, isPartial, type JournaledRevocation } from './entries.js';
import { findDeclaration, markRolledBack, storeDeclaration } from './epochs.js';
import { findLift, insertLift, prolongLift, setLiftCarrier } from './lifts.js';
import { insertStoredRecord, recordIdAt } from './records.js';
import { endCondition, findRevocation, hasRevocation, insertRevocation, overrule, setCarrier } from './revocations.js';

export type SignedRecord = Extract<FeedRecord, { readonly kind: 'record' }>;

/** What the journal learnt from records of the log. */
export interface Taken {
  /** Records that were not in the journal. */
  readonly recordIds: readonly string[];
  readonly revocations: number;
  readonly lifts: number;
  /** Revocations that were fixed otherwise here: the log had them first. */
  readonly overruled: number;
}

/**
 * Takes records of the log of one epoch into the journal, whoever published them: other instances, or this one before
 * it lost its journal. Repeating it changes nothing, and the order matters only for who was first. Call it in a transaction.
 */
export function takeRecords(database: Database, records: readonly FeedRecord[], epoch: string, now: EpochMs): Taken {
  const taken = { recordIds: [] as string[], revocations: 0, lifts: 0, overruled: 0 };
  for (const record of records) {
    // What is not ours is counted by the follower; here it says nothing.
    if (record.kind !== 'record' || record.epoch !== epoch) continue;
    const standing = standingOf(database, record);
    if (standing === 'reissued') markRolledBack(database, epoch);
    if (standing === 'reissued' || standing === 'known') continue;
    if (standing === 'new') {
      const about = { ...aboutOf(record.body), kind: record.body.kind, partial: isPartial(record.body) };
      insertStoredRecord(database, { ...record, ...about }, now);
      taken.recordIds.push(record.identity);
    }
    takeBody(database, record, taken);
  }
  return taken;
}

type Counts = { -readonly [name in keyof Taken]: Taken[name] };

/** `ours`: published here and not confirmed yet; its entries may still differ from what another instance stored under its id. */
function standingOf(database: Database, record: SignedRecord): 'new' | 'ours' | 'known' | 'reissued' {
  const there = recordIdAt(database, record.epoch, record.sequence);
  if (there !== undefined) return there === record.identity ? 'known' : 'reissued';
  const row = database.one('SELECT acked_at FROM records WHERE id = ?', [record.identity]);
  if (row === undefined) return 'new';
  return numberOrNoneIn(row, 'acked_at') === undefined ? 'ours' : 'known';
}

const aboutOf = (body: RecordBody): { readonly issuer: string | undefined; readonly scope: Scope | undefined } =>
  body.kind === 'revoked' || body.kind === 'lifted'
    ? { issuer: body.issuer, scope: body.scope }
    : { issuer: body.kind === 'settingsDeclared' ? body.settings.issuer : undefined, scope: undefined };

function takeBody(database: Database, record: SignedRecord, taken: Counts): void {
  const { body } = record;
  if (body.kind === 'revoked') for (const one of body.revocations) takeRevocation(database, record, one, taken);
  if (body.kind === 'lifted') for (const one of body.lifts) takeLift(database, record, { ...one, ...body }, taken);
  if (body.kind === 'settingsDeclared') takeSettings(database, record, body);
}

function takeRevocation(database: Database, record: SignedRecord, revocation: Revocation, taken: Counts): void {
  const { id } = revocation;
  if (!hasRevocation(database, id)) {
    insertTaken(database, record, revocation);
    taken.revocations++;
    return;
  }
  const known = findRevocation(database, id);
  if (known === undefined) return;
  if (endsCondition(known, revocation)) endCondition(database, id, record.time);
  const isFirst = precedes(record, known.first);
  if (isFirst && differs(known, revocation)) {
    overrule(database, known, revocation, record.time);
    taken.overruled++;
  }
  if (isCarriedOn(record, known.latest)) setCarrier(database, id, record.identity);
  if (isFirst && known.first?.ackedAt !== undefined) {
    database.run('UPDATE revocations SET record_id = ? WHERE id = ?', [record.identity, id]);
  }
}

function insertTaken(database: Database, record: SignedRecord, revocation: Revocation): void {
  const { id, supersedes = [] } = revocation;
  const entry = {
    ...revocation,
    supersedes,
    // A command that made two revocations named them after itself.
    commandId: id.replace(/\.\d+$/, ''),
    commandDigest: '',
    moot: false,
    actor: '',
    reason: undefined,
    acceptedAt: record.time,
  };
  insertRevocation(database, entry, { origin: 'log', recordId: record.identity });
  const lift = findLift(database, id);
  if (lift !== undefined) database.run('UPDATE revocations SET lifted_at = ? WHERE id = ?', [lift.acceptedAt, id]);
}

type TakenLift = Lift & { readonly issuer: string; readonly scope: Scope };

function takeLift(database: Database, record: SignedRecord, lift: TakenLift, taken: Counts): void {
  const { id, issuer, scope, retainUntil } = lift;
  const known = findLift(database, id);
  if (known === undefined) {
    const entry = { revocationId: id, issuer, scope, retainUntil, actor: '', reason: undefined };
    insertLift(database, { ...entry, acceptedAt: record.time }, 'log');
    taken.lifts++;
  } else {
    prolongLift(database, id, retainUntil);
  }
  if (isCarriedOn(record, known?.latest)) setLiftCarrier(database, id, record.identity);
}

/** The rule of the nodes: of one epoch the highest version counts, and of two equal ones the first. */
function takeSettings(
  database: Database,
  record: SignedRecord,
  { settings, version }: Extract<RecordBody, { readonly kind: 'settingsDeclared' }>,
): void {
  const known = findDeclaration(database, settings.issuer);
  if (known !== undefined && known.digest !== '' && known.version >= version) return;
  const digest = settingsDigest(settings);
  storeDeclaration(database, { version, digest, settings, recordId: record.identity });
}

/** Whether the log had the entry in this record before it had it in the one that the journal calls the first. */
const precedes = ({ epoch, sequence }: SignedRecord, first: Carrier | undefined): boolean =>
  first?.sequence === undefined || (first.epoch === epoch && sequence < first.sequence);

/** Whether this record is now the youngest one to carry the entry. One of ours that is on its way will be younger still. */
const isCarriedOn = ({ epoch, sequence }: SignedRecord, latest: Carrier | undefined): boolean =>
  latest?.epoch !== epoch || (latest.sequence !== undefined && latest.sequence < sequence);

const saying = ({ issuer, key, effect, retainUntil, supersedes = [] }: Omit<Revocation, 'id'>): string =>
  JSON.stringify([issuer, Object.entries(key).sort(), Object.entries(effect).sort(), retainUntil, supersedes]);

/** Without its condition a record hits all that it hits with it: once the log has both, that is what holds. */
const endsCondition = (known: JournaledRevocation, revocation: Revocation): boolean =>
  conditionInForce(known) !== undefined &&
  revocation.condition === undefined &&
  !known.moot &&
  saying(known) === saying(revocation);

const differs = (known: JournaledRevocation, revocation: Revocation): boolean =>
  known.moot || saying(known) !== saying(revocation) || hasOtherCondition(known, revocation);

const hasOtherCondition = ({ condition: ours }: JournaledRevocation, { condition: theirs }: Revocation): boolean =>
  ours !== undefined && theirs !== undefined && conditionText(ours) !== conditionText(theirs);
