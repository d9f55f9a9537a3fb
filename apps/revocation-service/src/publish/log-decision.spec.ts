import { describe, expect, it } from '@jest/globals';
import { type Head, type LogIdentity, sequence } from '@revocast/core';
import { type JournaledEpoch } from '../journal/epochs.js';
import { decideLog, type LogDecision, type LogSituation, REFUSALS, type Strangeness } from './log-decision.js';

const LOG: LogIdentity = { name: 'REVOCAST_LOG_e1', epoch: 'e1', created: '2026-11-21T12:00:00Z' };
const JOURNAL: JournaledEpoch = {
  epoch: 'e1',
  previous: 'e0',
  state: 'open',
  hashKeyDigest: 'h',
  log: LOG,
  head: sequence(7),
  rolledBack: false,
  taken: sequence(0),
  rebuiltAt: undefined,
};
const head = (last: number, quorumAgeMs = 0): Head => ({
  log: LOG,
  first: sequence(1),
  last: sequence(last),
  quorumAgeMs,
});
const quiet = { otherEpoch: false, knowsMore: false };
const situation = (more: Partial<LogSituation>): LogSituation => ({
  ...{
    located: LOG,
    head: head(7),
    journal: JOURNAL,
    confirmed: sequence(7),
    hashKeyDigest: 'h',
    init: true,
    evidence: quiet,
    stranger: undefined,
    isRewritten: false,
    lacksRecords: false,
    hasPeer: false,
    hasPeerThere: false,
    acceptsLoss: false,
  },
  ...more,
});
const nothing = { located: undefined, head: undefined };

describe('The service, looking at the log,', () => {
  it('writes to the log that its journal belongs to', () => {
    expect(decideLog(situation({}))).toEqual({ kind: 'write', log: LOG });
    expect(decideLog(situation({ head: head(9), init: false }))).toEqual({ kind: 'write', log: LOG });
  });

  it('goes on with an opening that was interrupted', () => {
    expect(decideLog(situation({ journal: { ...JOURNAL, state: 'opening' } }))).toEqual({ kind: 'finish', log: LOG });
  });

  it('opens a first epoch only when told, and only where nobody follows another one', () => {
    const first = { ...nothing, journal: undefined, confirmed: sequence(0) };
    expect(decideLog(situation(first))).toMatchObject({ kind: 'begin', because: 'first', remove: undefined });
    expect(decideLog(situation({ ...first, init: false }))).toEqual({ kind: 'refuse', because: 'notInitialised' });
    const evidence = { otherEpoch: true, knowsMore: false };
    expect(decideLog(situation({ ...first, evidence }))).toEqual({ kind: 'refuse', because: 'otherEpochInFleet' });
  });

  it('touches no log that our keys did not sign, whether the journal is empty or not', () => {
    const other = { ...LOG, epoch: 'e9' };
    for (const journal of [undefined, JOURNAL]) {
      const met = (stranger: Strangeness): LogDecision => decideLog(situation({ journal, located: other, stranger }));
      expect(met('foreign')).toEqual({ kind: 'refuse', because: 'foreignLog' });
      expect(met('otherHashKey')).toEqual({ kind: 'refuse', because: 'hashKeyChanged' });
    }
  });

  it('goes over to a log of ours that it did not begin, told so or not', () => {
    const other = { ...LOG, epoch: 'e9' };
    for (const journal of [undefined, JOURNAL]) {
      const met = { journal, located: other, init: false };
      expect(decideLog(situation({ ...met, stranger: 'oursOpen' }))).toEqual({
        kind: 'adopt',
        log: other,
        isOpen: true,
      });
      expect(decideLog(situation({ ...met, stranger: 'oursUnopened' }))).toMatchObject({
        kind: 'adopt',
        isOpen: false,
      });
    }
  });

  it('takes a log that it saw replaced for an old state of the broker’s disk, and never goes back to it', () => {
    const old = { ...LOG, epoch: 'e0' };
    const met = { located: old, stranger: 'superseded' } as const;
    expect(decideLog(situation(met))).toMatchObject({ kind: 'begin', because: 'logRolledBack', remove: old });
    expect(decideLog(situation({ ...met, init: false }))).toEqual({ kind: 'refuse', because: 'logRolledBack' });
  });

  it('makes an empty log again only when no instance that is heard writes to it', () => {
    const met = { located: { ...LOG, epoch: 'e9' }, stranger: 'empty' } as const;
    expect(decideLog(situation({ ...met, hasPeerThere: true }))).toEqual({ kind: 'askAgain' });
    expect(decideLog(situation(met))).toMatchObject({ kind: 'begin', because: 'logEmpty', remove: met.located });
    expect(decideLog(situation({ ...met, journal: undefined }))).toMatchObject({ kind: 'begin', because: 'first' });
  });

  it('without a history leaves the opening to an instance that has one', () => {
    const first = { ...nothing, journal: undefined, confirmed: sequence(0), hasPeer: true };
    expect(decideLog(situation(first))).toEqual({ kind: 'askAgain' });
  });

  it('writes nothing anew while records are known to be in no journal, unless the operator accepts that', () => {
    const lacking = { ...nothing, lacksRecords: true };
    expect(decideLog(situation(lacking))).toEqual({ kind: 'refuse', because: 'journalBehind' });
    expect(decideLog(situation({ ...lacking, acceptsLoss: true }))).toMatchObject({
      kind: 'begin',
      because: 'logLost',
    });
    const evidence = { otherEpoch: true, knowsMore: false };
    expect(decideLog(situation({ ...nothing, acceptsLoss: true, evidence }))).toMatchObject({ kind: 'refuse' });
  });

  it.each([
    ['logLost', nothing, undefined],
    ['logRecreated', { located: { ...LOG, created: 'later' } }, { ...LOG, created: 'later' }],
    ['logRolledBack', { head: head(6) }, LOG],
    ['logRolledBack', { isRewritten: true }, LOG],
    ['logRolledBack', { isRewritten: true, head: head(9) }, LOG],
  ] as const)('writes a damaged log anew if it may, else says %s', (because, damage, remove) => {
    expect(decideLog(situation(damage))).toEqual({ kind: 'begin', because, previous: 'e1', remove });
    expect(decideLog(situation({ ...damage, init: false }))).toEqual({ kind: 'refuse', because });
    const evidence = { otherEpoch: false, knowsMore: true };
    expect(decideLog(situation({ ...damage, evidence }))).toEqual({ kind: 'refuse', because: 'fleetKnowsMore' });
  });

  it('takes no old head of a leader that may have been cut off for a rollback', () => {
    expect(decideLog(situation({ head: head(6, 2_001) }))).toEqual({ kind: 'askAgain' });
    expect(decideLog(situation({ head: head(7, 2_001) }))).toEqual({ kind: 'write', log: LOG });
    expect(decideLog(situation({ head: head(7, 2_001), isRewritten: true }))).toEqual({ kind: 'askAgain' });
  });

  it('names the last opened epoch as the one before, not one that was never opened', () => {
    expect(decideLog(situation({ ...nothing, journal: { ...JOURNAL, state: 'opening' } }))).toMatchObject({
      previous: 'e0',
    });
  });

  it('refuses another hash key, whatever else is well', () => {
    expect(decideLog(situation({ hashKeyDigest: 'other' }))).toEqual({ kind: 'refuse', because: 'hashKeyChanged' });
  });

  it('can say of each refusal what to do', () => {
    for (const text of Object.values(REFUSALS)) expect(text).toMatch(/\.$/);
  });
});
