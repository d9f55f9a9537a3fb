import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  epochMs,
  type FeedRecord,
  type Head,
  monotonicMs,
  type RecordBody,
  RevocationError,
  sequence,
} from '@revocast/core';
import { eventually } from '@revocast/testing';
import { type Database } from '../journal/database.js';
import { adoptEpoch, currentEpoch } from '../journal/epochs.js';
import { openJournal } from '../journal/journal.js';
import { insertRecord, markAcked } from '../journal/records.js';
import { createServiceLog } from '../log/service-log.js';
import { LogIntake } from './log-intake.js';

const LOG = { name: 'LOG', epoch: 'e1', created: 'now' };
const BODY: RecordBody = { kind: 'voided', recordId: 'x' };
const head = (last: number, first = 1): Head => ({
  ...{ log: LOG, first: sequence(first), last: sequence(last), quorumAgeMs: 0 },
});

describe('The intake', () => {
  let database: Database;
  let intake: LogIntake;
  /** What the broker has, and what it was asked for. */
  let last: number;
  let asked: (readonly [number, number])[];
  let fails: boolean;
  let timers: (() => void)[];
  let stored: (readonly [string, number])[];

  beforeEach(() => {
    database = openJournal(mkdtempSync(join(tmpdir(), 'revocast-log-intake-')));
    adoptEpoch(database, { log: LOG, hashKeyDigest: 'h', isRebuilt: false }, epochMs(0));
    [last, asked, fails, timers, stored] = [0, [], false, [], []];
    intake = make();
  });
  afterEach(async () => {
    await intake.close();
    database.close();
  });

  const make = (): LogIntake =>
    new LogIntake({
      database,
      publisher: { read: (_, from, to) => read(from, to) },
      clock: { wall: () => epochMs(0), monotonic: () => monotonicMs(0) },
      schedule: (_, task) => {
        timers.push(task);
        return () => undefined;
      },
      log: createServiceLog('silent'),
      taken: () => undefined,
      stored: (name, at) => stored.push([name, at]),
    });
  const read = async (from: number, to: number): Promise<readonly FeedRecord[]> => {
    asked.push([from, to]);
    await Promise.resolve();
    if (fails || to > last) throw new RevocationError('ERR_LOG_UNAVAILABLE', 'not there');
    return Array.from({ length: to - from + 1 }, (_, index) => ({
      ...{ kind: 'record', identity: `r${from + index}`, epoch: 'e1', time: epochMs(0), body: BODY },
      sequence: sequence(from + index),
    }));
  };
  const own = (at: number): void => {
    const encoded = { id: `own-${at}`, epoch: 'e1', subject: 's', payload: new Uint8Array([1]), signature: 's' };
    const record = { encoded, kind: 'revoked', issuer: 'i', scope: 'subject', madeAt: epochMs(0) } as const;
    insertRecord(database, record);
    markAcked(database, `own-${at}`, { sequence: sequence(at), ackedAt: epochMs(0) });
  };
  const has = (watermark: number): Promise<void> =>
    eventually(() => expect([intake.watermark(), intake.behind()]).toEqual([watermark, 0]));

  it('reads all up to the head, in pieces, and writes down how far it came', async () => {
    last = 150;
    intake.follow(head(150));
    await has(150);
    expect(asked).toEqual([
      [1, 64],
      [65, 128],
      [129, 150],
    ]);
    expect(currentEpoch(database)?.taken).toBe(150);
    await intake.close();
    intake = make();
    intake.follow(head(150));
    await has(150);
    expect(asked).toHaveLength(3);
  });

  it('does not read what this instance published, and counts it only where nothing is missing before it', async () => {
    last = 6;
    for (const at of [1, 2, 5]) own(at);
    intake.follow(head(2));
    await has(2);
    expect(asked).toEqual([]);
    intake.follow(head(6));
    await has(6);
    expect(asked).toEqual([
      [3, 4],
      [6, 6],
    ]);
  });

  it('never passes what it could not read, and tries again', async () => {
    [last, fails] = [3, true];
    intake.follow(head(3));
    await eventually(() => expect(timers).toHaveLength(1));
    expect([intake.watermark(), intake.behind()]).toEqual([0, 3]);
    fails = false;
    timers.at(-1)?.();
    await has(3);
  });

  it('follows a hint at once, and forgets one that the log does not bear out', async () => {
    last = 2;
    intake.follow(head(0));
    intake.hint('e1', sequence(2));
    await has(2);
    intake.hint('e1', sequence(9));
    await eventually(() => expect(asked.at(-1)).toEqual([3, 9]));
    // It tells how far the log went, and nothing that it did not read there.
    expect([intake.behind(), stored]).toEqual([0, [['LOG', 2]]]);
    intake.hint('e1', sequence(1_000_000_000));
    intake.hint('other', sequence(5));
    expect(asked).toHaveLength(2);
    last = 4;
    intake.follow(head(4));
    // The read that the hint asked for may only fail after the head came: then it is tried again a moment later.
    await eventually(() => {
      for (const task of timers.splice(0)) task();
      expect(intake.watermark()).toBe(4);
    });
  });

  it('does not wait for what has aged out', async () => {
    last = 1_000;
    intake.follow(head(1_000, 990));
    await has(1_000);
    expect(asked).toEqual([[990, 1_000]]);
  });
});
