import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, type RecordBody, sequence } from '@revocast/core';
import { anIssuer } from '@revocast/testing';
import { type Database } from './database.js';
import { beginEpoch, currentEpoch, declaredBefore, markRolledBack, storeDeclaration } from './epochs.js';
import { openJournal } from './journal.js';
import { epochThatReissued, insertRecord, markAcked, openingMadeAt } from './records.js';

let directory: string;
let database: Database;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'revocast-journal-'));
  database = openJournal(directory);
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

const put = (id: string, madeAt: number, kind: RecordBody['kind'] = 'revoked', epoch = 'e1'): void =>
  insertRecord(database, {
    ...{ kind, issuer: undefined, scope: undefined, madeAt: epochMs(madeAt) },
    encoded: { id, epoch, subject: 'revocast.log.x', payload: new Uint8Array([1]), signature: 's' },
  });
const ack = (id: string, at: number): void => markAcked(database, id, { sequence: sequence(at), ackedAt: epochMs(9) });

describe('A sequence that the broker gives out', () => {
  it('once is no sign of a loss, whatever the order of the answers, and neither is a repeated answer', () => {
    for (const [id, at] of [
      ['a', 2],
      ['b', 1],
    ] as const) {
      put(id, 1);
      ack(id, at);
      expect(epochThatReissued(database, id, sequence(at))).toBeUndefined();
    }
    expect(epochThatReissued(database, 'a', sequence(2))).toBeUndefined();
  });

  it('twice in one epoch shows that its log lost records; in another epoch it is another log', () => {
    put('a', 1);
    ack('a', 5);
    put('b', 2);
    expect(epochThatReissued(database, 'b', sequence(5))).toBe('e1');
    put('c', 3, 'revoked', 'e2');
    expect(epochThatReissued(database, 'c', sequence(5))).toBeUndefined();
  });

  it('twice is remembered over a restart', () => {
    beginEpoch(database, { epoch: 'e1', previous: undefined, hashKeyDigest: 'h' }, epochMs(1));
    expect(currentEpoch(database)?.rolledBack).toBe(false);
    markRolledBack(database, 'e1');
    database.close();
    database = openJournal(directory);
    expect(currentEpoch(database)?.rolledBack).toBe(true);
  });
});

describe('What frames a log', () => {
  it('is known by the newest record that says it', () => {
    expect(openingMadeAt(database, 'e1')).toBeUndefined();
    put('o1', 10, 'epochOpened');
    put('o2', 20, 'epochOpened');
    put('o3', 30, 'epochOpened', 'e2');
    expect(openingMadeAt(database, 'e1')).toBe(20);
  });

  it('is said again per issuer, once the record that declared it is old', () => {
    put('d1', 10, 'settingsDeclared');
    put('d2', 20, 'settingsDeclared');
    const declared = { version: 1, digest: 'x' };
    storeDeclaration(database, { ...declared, settings: anIssuer({ issuer: 'old' }), recordId: 'd1' });
    storeDeclaration(database, { ...declared, settings: anIssuer({ issuer: 'new' }), recordId: 'd2' });
    expect([...declaredBefore(database, epochMs(20))]).toEqual(['old']);
  });
});
