import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Condition, epochMs, epochSeconds, type FeedRecord, type RecordBody, sequence } from '@revocast/core';
import fc from 'fast-check';
import { type Database } from './database.js';
import { type NewRevocation } from './entries.js';
import { adoptEpoch, currentEpoch } from './epochs.js';
import { takeRecords } from './intake.js';
import { openJournal } from './journal.js';
import { findLift } from './lifts.js';
import { insertRecord, markAcked, unprovenRecords } from './records.js';
import { findRevocation, insertRevocation, spreadsDue } from './revocations.js';

const EPOCH = 'e1';
const NOW = epochMs(1_790_000_000_000);
const ISSUER = 'https://login.example';
const about = { issuer: ISSUER, scope: 'subject' } as const;

const record = (at: number, body: RecordBody, identity = `r${at}`): FeedRecord => ({
  ...{ kind: 'record', identity, epoch: EPOCH, body },
  sequence: sequence(at),
  time: epochMs(NOW + at),
});
const revoked = (at: number, id: string, { sub = id, cutoff = 1_000 } = {}, identity?: string): FeedRecord => {
  const effect = { kind: 'issuedBefore', issuedBefore: epochSeconds(cutoff) } as const;
  const revocation = {
    id,
    issuer: ISSUER,
    key: { scope: 'subject', sub },
    effect,
    retainUntil: epochSeconds(2e9),
  } as const;
  return record(at, { kind: 'revoked', ...about, revocations: [revocation] }, identity);
};
const lifted = (at: number, id: string, until = 2e9): FeedRecord =>
  record(at, { kind: 'lifted', ...about, lifts: [{ id, retainUntil: epochSeconds(until) }] });

describe('The journal, taking what others published,', () => {
  const directories: string[] = [];
  let database: Database;

  const open = (): Database => {
    const directory = mkdtempSync(join(tmpdir(), 'revocast-intake-'));
    directories.push(directory);
    const opened = openJournal(directory);
    const log = { name: 'LOG', epoch: EPOCH, created: 'now' };
    adoptEpoch(opened, { log, hashKeyDigest: 'h', isRebuilt: false }, NOW);
    return opened;
  };
  beforeEach(() => {
    database = open();
  });
  afterEach(() => {
    database.close();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });

  const take = (records: readonly FeedRecord[], into = database): ReturnType<typeof takeRecords> =>
    into.transaction(() => takeRecords(into, records, EPOCH, NOW));
  /** A revocation that this instance accepted, with its record on the way. */
  const accept = (id: string, recordId: string, sub = id, cutoff = 2_000): void => {
    const encoded = { id: recordId, epoch: EPOCH, subject: 's', payload: new Uint8Array([1]), signature: 's' };
    insertRecord(database, { encoded, kind: 'revoked', ...about, madeAt: NOW });
    const entry: NewRevocation = {
      ...{ id, commandId: id, commandDigest: 'd', issuer: ISSUER, key: { scope: 'subject', sub } },
      effect: { kind: 'issuedBefore', issuedBefore: epochSeconds(cutoff) },
      ...{ retainUntil: epochSeconds(2e9), moot: false, actor: 'ann', reason: 'why', acceptedAt: NOW },
    };
    insertRevocation(database, { ...entry, supersedes: [] }, { origin: 'command', recordId });
  };

  describe('a condition', () => {
    const condition: Condition = { spread: { from: epochSeconds(1_000), until: epochSeconds(1_600) } };
    const wide = (at: number, more: { readonly condition?: Condition } = {}): FeedRecord => {
      const effect = { kind: 'issuedBefore', issuedBefore: epochSeconds(1_000) } as const;
      const key = { scope: 'issuer' } as const;
      const one = { id: 'w', issuer: ISSUER, key, effect, retainUntil: epochSeconds(2e9), ...more };
      return record(at, { kind: 'revoked', issuer: ISSUER, scope: 'issuer', revocations: [one] });
    };
    const known = () => {
      const { condition: said, conditionEndedAt, latest } = findRevocation(database, 'w') ?? {};
      return { said, endedAt: conditionEndedAt, at: latest?.sequence };
    };

    it('is taken with its revocation, and ends with the record that has none', () => {
      take([wide(1, { condition })]);
      expect(known()).toEqual({ said: condition, endedAt: undefined, at: 1 });
      expect(spreadsDue(database, epochMs(1_599_999))).toEqual([]);
      expect(spreadsDue(database, epochMs(1_600_000)).map(({ id }) => id)).toEqual(['w']);
      take([wide(2)]);
      expect(known()).toEqual({ said: condition, endedAt: NOW + 2, at: 2 });
      expect(spreadsDue(database, epochMs(1_600_000))).toEqual([]);
      take([wide(3, { condition })]);
      expect(known()).toMatchObject({ endedAt: NOW + 2 });
    });

    it('is not taken for one that the log has without it', () => {
      take([wide(1), wide(2, { condition })]);
      expect(known()).toMatchObject({ said: undefined });
    });

    it('of waves leaves its record without a proof of its own', () => {
      take([wide(1, { condition }), wide(2)]);
      expect(unprovenRecords(database, EPOCH, 10).map(({ recordId }) => recordId)).toEqual(['r2']);
    });
  });

  it('knows what they say and where they stand, and not who asked', () => {
    expect(take([revoked(3, 'a')])).toMatchObject({ recordIds: ['r3'], revocations: 1 });
    expect(findRevocation(database, 'a')).toMatchObject({
      ...{ origin: 'log', actor: '', reason: undefined, commandDigest: '', acceptedAt: NOW + 3 },
      first: { sequence: 3, epoch: EPOCH, ackedAt: NOW },
    });
  });

  it('learns nothing from what it took before, from other epochs, and from what is not signed by us', () => {
    take([revoked(3, 'a')]);
    const foreign: FeedRecord = { kind: 'foreign', why: 'unsigned', identity: 'x', sequence: sequence(4) };
    const other: FeedRecord = { ...revoked(5, 'b'), epoch: 'e9' } as FeedRecord;
    expect(take([revoked(3, 'a'), foreign, other])).toEqual({ recordIds: [], revocations: 0, lifts: 0, overruled: 0 });
    expect(findRevocation(database, 'b')).toBeUndefined();
  });

  it('keeps a lift whose revocation comes later, or never', () => {
    take([lifted(1, 'a'), lifted(2, 'gone')]);
    take([revoked(3, 'a')]);
    expect(findRevocation(database, 'a')).toMatchObject({ liftedAt: NOW + 1 });
    expect(findLift(database, 'gone')).toMatchObject({ issuer: ISSUER, scope: 'subject', origin: 'log' });
  });

  it('gives up its own cut-off for the one that the log has, and stays the one that accepted the command', () => {
    accept('a', 'shared');
    expect(take([revoked(7, 'a', { cutoff: 1_500 }, 'shared')])).toMatchObject({ overruled: 1, recordIds: [] });
    expect(findRevocation(database, 'a')).toMatchObject({
      ...{ effect: { issuedBefore: 1_500 }, acceptedAt: NOW + 7, origin: 'command', actor: 'ann', commandDigest: 'd' },
    });
  });

  it('gives up the whole command for another one that was given under the same key and was first', () => {
    accept('a', 'shared', 'mine');
    take([revoked(7, 'a', { sub: 'theirs' }, 'shared')]);
    expect(findRevocation(database, 'a')).toMatchObject({ key: { sub: 'theirs' }, origin: 'log', commandDigest: '' });
    expect(database.all('SELECT value FROM key_fields')).toMatchObject([{ value: '"theirs"' }]);
  });

  it('holds on to its own where the log had that first', () => {
    accept('a', 'own');
    markAcked(database, 'own', { sequence: sequence(5), ackedAt: NOW });
    expect(take([revoked(8, 'a', { cutoff: 1_500 })])).toMatchObject({ overruled: 0 });
    expect(findRevocation(database, 'a')).toMatchObject({ effect: { issuedBefore: 2_000 }, first: { sequence: 5 } });
    expect(take([revoked(2, 'a', { cutoff: 1_700 })])).toMatchObject({ overruled: 1 });
    expect(findRevocation(database, 'a')).toMatchObject({ effect: { issuedBefore: 1_700 }, first: { sequence: 2 } });
  });

  it('sees a sequence that was given out twice', () => {
    take([revoked(3, 'a')]);
    take([revoked(3, 'b', {}, 'another')]);
    expect(currentEpoch(database)?.rolledBack).toBe(true);
    expect(findRevocation(database, 'b')).toBeUndefined();
  });

  it('comes to the same whatever the order and however often: any two instances agree', () => {
    const ids = ['a', 'b', 'c'];
    const log = Array.from({ length: 12 }, (_, at) => {
      const id = ids[at % 3] ?? 'a';
      return at % 4 === 3 ? lifted(at + 1, id, 2e9 + at) : revoked(at + 1, id, { cutoff: 1_000 + at });
    });
    take(log);
    const stateOf = (of: Database): unknown =>
      ids.map((id) => {
        const { effect, retainUntil, first, latest } = findRevocation(of, id) ?? {};
        return [effect, retainUntil, first?.sequence, latest?.sequence, findLift(of, id)?.retainUntil];
      });
    const order = fc.shuffledSubarray([...log, ...log], { minLength: 2 * log.length });
    fc.assert(
      fc.property(order, (records) => {
        const other = open();
        for (const one of records) take([one], other);
        const state = stateOf(other);
        other.close();
        expect(state).toEqual(stateOf(database));
      }),
      { numRuns: 25 },
    );
  });
});
