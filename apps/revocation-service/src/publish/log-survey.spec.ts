import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, type FeedRecord, type Head, sequence } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { type Database } from '../journal/database.js';
import { adoptEpoch, currentEpoch, markEpochOpen } from '../journal/epochs.js';
import { openJournal } from '../journal/journal.js';
import { insertStoredRecord } from '../journal/records.js';
import { type LogDecision } from './log-decision.js';
import { LogSurvey } from './log-survey.js';
import { Peers } from './peers.js';

const LOG = { name: 'LOG', epoch: 'e1', created: 'now' };
type Moment = 'locate' | 'head' | 'read';

describe('A look at the log', () => {
  let database: Database;
  /** How many records the log has. */
  let stored: number;
  /** Called while the broker answers. */
  let meanwhile: (asked: Moment) => void;
  let survey: LogSurvey;

  beforeEach(() => {
    database = openJournal(mkdtempSync(join(tmpdir(), 'revocast-survey-')));
    adoptEpoch(database, { log: LOG, hashKeyDigest: 'h', isRebuilt: false }, epochMs(0));
    markEpochOpen(database, LOG.epoch, epochMs(0));
    [stored, meanwhile] = [0, () => undefined];
    const time = new ManualTime();
    const silent = { announce: () => undefined, onInstance: () => () => undefined };
    const common = { clock: time, schedule: time.schedule };
    const peers = new Peers({ ...common, publisher: silent, standing: () => undefined });
    const rights = { hashKeyDigest: 'h', init: true, acceptsLoss: false };
    survey = new LogSurvey({ ...common, ...rights, database, peers, publisher: broker });
  });
  afterEach(() => database.close());

  const answer = <Answer>(asked: Moment, given: Answer): Promise<Answer> => {
    meanwhile(asked);
    return Promise.resolve(given);
  };
  const broker = {
    locate: () => answer('locate', LOG),
    head: (): Promise<Head> => answer('head', { log: LOG, first: sequence(1), last: sequence(stored), quorumAgeMs: 0 }),
    read: (): Promise<readonly FeedRecord[]> => answer('read', []),
  };
  const confirm = (count: number): void => {
    for (let made = 0; made < count; made += 1) {
      stored += 1;
      const place = { identity: `r-${stored}`, epoch: 'e1', sequence: sequence(stored), time: epochMs(0) };
      insertStoredRecord(database, { ...place, kind: 'revoked', issuer: undefined, scope: undefined }, epochMs(0));
    }
  };
  const look = async (): Promise<LogDecision> => (await survey.look(currentEpoch(database))).decision;

  it.each<Moment>(['locate', 'head', 'read'])(
    'takes nothing for lost that is confirmed while the answer to "%s" is under way',
    async (moment) => {
      confirm(3);
      meanwhile = (asked) => {
        if (asked === moment) confirm(5);
      };
      expect(await look()).toMatchObject({ kind: 'write' });
    },
  );

  it('sees that a log lacks what was confirmed before it was asked', async () => {
    confirm(3);
    stored = 2;
    expect(await look()).toMatchObject({ kind: 'begin', because: 'logRolledBack' });
  });
});
