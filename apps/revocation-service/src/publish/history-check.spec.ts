import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, type FeedRecord, type Head, monotonicMs, sequence } from '@revocast/core';
import { type Database } from '../journal/database.js';
import { adoptEpoch } from '../journal/epochs.js';
import { openJournal } from '../journal/journal.js';
import { insertStoredRecord } from '../journal/records.js';
import { HistoryCheck, showsLoss, waitedForUs } from './history-check.js';

const LOG = { name: 'LOG', epoch: 'e1', created: 'now' };

describe('The comparison of the log with what was confirmed', () => {
  let database: Database;
  let check: HistoryCheck;
  /** Identities in the log, from sequence 1 on. */
  let log: string[];
  let read: (readonly [number, number])[];

  beforeEach(() => {
    database = openJournal(mkdtempSync(join(tmpdir(), 'revocast-history-')));
    adoptEpoch(database, { log: LOG, hashKeyDigest: 'h', isRebuilt: false }, epochMs(0));
    [log, read] = [[], []];
    check = new HistoryCheck({ database, publisher: { read: (_, from, to) => readLog(from, to) } });
  });
  afterEach(() => database.close());

  const readLog = (from: number, to: number): Promise<readonly FeedRecord[]> => {
    read.push([from, to]);
    const records = log.slice(from - 1, to).map((identity, index) => ({
      ...{ kind: 'foreign', why: 'unsigned', identity, sequence: sequence(from + index) },
    }));
    return Promise.resolve(records as readonly FeedRecord[]);
  };
  const headOf = (first = 1): Head => ({
    ...{ log: LOG, first: sequence(first), last: sequence(log.length), quorumAgeMs: 0 },
  });
  /** The journal learns of what the log has there. */
  const confirm = (from: number, to: number): void => {
    for (let at = from; at <= to; at += 1) {
      const place = { identity: log[at - 1] ?? '', epoch: 'e1', sequence: sequence(at), time: epochMs(0) };
      insertStoredRecord(database, { ...place, kind: 'revoked', issuer: undefined, scope: undefined }, epochMs(0));
    }
  };
  const grow = (count: number, name: string): void => {
    for (let made = 0; made < count; made += 1) log.push(`${name}-${log.length + 1}`);
  };

  it('finds a log kept that has what was confirmed, whatever others wrote in between', async () => {
    grow(3, 'ours');
    grow(2, 'others');
    grow(1, 'ours');
    confirm(1, 3);
    confirm(6, 6);
    expect(await check.isKept(headOf())).toBe(true);
  });

  it('sees a loss that somebody filled up to the same head', async () => {
    grow(5, 'ours');
    confirm(1, 5);
    log.splice(3);
    grow(2, 'others');
    expect(await check.isKept(headOf())).toBe(false);
  });

  it('sees a loss that our own next records cover, however many came since the last look', async () => {
    grow(100, 'ours');
    confirm(1, 100);
    expect(await check.isKept(headOf())).toBe(true);
    log.splice(98);
    grow(2, 'others');
    grow(250, 'ours');
    confirm(101, 350);
    expect(await check.isKept(headOf())).toBe(false);
    // Neither does a second look believe it.
    expect(await check.isKept(headOf())).toBe(false);
  });

  it('compares little: what came since the last look, and the one before', async () => {
    grow(500, 'ours');
    confirm(1, 500);
    await check.isKept(headOf());
    expect(read).toEqual([
      [245, 308],
      [309, 372],
      [373, 436],
      [437, 500],
    ]);
    read = [];
    await check.isKept(headOf());
    grow(2, 'ours');
    confirm(501, 502);
    await check.isKept(headOf());
    expect(read).toEqual([
      [500, 500],
      [500, 502],
    ]);
  });

  it('takes what has aged out, or lies above a head, for no loss', async () => {
    grow(10, 'ours');
    confirm(1, 10);
    expect(await check.isKept({ ...headOf(), last: sequence(4) })).toBe(true);
    log.fill('', 0, 8);
    expect(await check.isKept(headOf(9))).toBe(true);
    expect(await check.isKept({ ...headOf(11) })).toBe(true);
  });

  it('begins anew with another log', async () => {
    grow(3, 'ours');
    confirm(1, 3);
    await check.isKept(headOf());
    const other = { ...LOG, name: 'OTHER', epoch: 'e2' };
    expect(await check.isKept({ ...headOf(), log: other })).toBe(true);
    expect(read).toHaveLength(1);
  });
});

describe('An acknowledgement', () => {
  it('shows a loss when its sequence was there before the record was sent, unless the record was, too', () => {
    const acked = (at: number, duplicate = false): boolean =>
      showsLoss({ sequence: sequence(at), duplicate }, sequence(7));
    expect([acked(6), acked(7), acked(8), acked(6, true)]).toEqual([true, true, false, false]);
  });
});

describe('An acknowledgement by the clocks', () => {
  const instant = (wall: number, monotonic: number): Parameters<typeof waitedForUs>[0] => ({
    ...{ wall: epochMs(wall), monotonic: monotonicMs(monotonic) },
  });

  it.each([
    ['came at once', 5, 5, false],
    ['took as long as the publisher waits', 5_000, 5_000, false],
    ['lay there while the process was stopped', 7_000, 7_000, true],
    ['lay there while the machine was suspended', 3_600_000, 10, true],
    ['came while the clock was set back', -3_600_000, 10, false],
    ['lay there while the clock was set back', -3_600_000, 7_000, true],
  ])('that %s waited for us or not', (_, wall, monotonic, expected) => {
    expect(waitedForUs(instant(1e12, 50), instant(1e12 + wall, 50 + monotonic))).toBe(expected);
  });
});
