import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, type RevocationKey, sequence } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { type Database } from '../journal/database.js';
import { findEnding } from '../journal/endings.js';
import { type NewRevocation } from '../journal/entries.js';
import { openJournal } from '../journal/journal.js';
import { insertLift } from '../journal/lifts.js';
import { insertRecord, markAcked } from '../journal/records.js';
import { insertRevocation } from '../journal/revocations.js';
import { type EndOutcome, type EndTarget, type IdentityProvider, ProviderError } from './identity-provider.js';
import { ENDING_AGE_MS_MAX, SessionEnder, type SessionEnderOptions } from './session-ender.js';

const ISSUER = 'https://id.example/realms/shop';

let directory: string;
let database: Database;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'revocast-endings-'));
  database = openJournal(directory);
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What happened, in order: the broker had our record, the provider was asked. */
type History = string[];
type Answer = EndOutcome | Error;

class ScriptedProvider implements IdentityProvider {
  readonly kind = 'keycloak';
  readonly ends = ['subject', 'session'] as const;
  readonly issuer = ISSUER;

  constructor(
    private readonly history: History,
    private readonly answers: Answer[] = [],
  ) {}

  resolve = () => Promise.resolve([]);
  sessions = () => Promise.resolve(undefined);
  end(target: EndTarget): Promise<EndOutcome> {
    this.history.push(`asked ${target.kind === 'subject' ? target.subject : target.session}`);
    const answer = this.answers.shift() ?? 'ended';
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

type Make = (options: SessionEnderOptions) => SessionEnder;
const real: Make = (options) => new SessionEnder(options);

function aWorld(answers: Answer[] = [], make = real) {
  const time = new ManualTime();
  const [history, logged]: [History, unknown[]] = [[], []];
  const log = {
    info: (event: string, fields?: object) => void logged.push([event, fields]),
    warn: (event: string, fields?: object) => void logged.push([event, fields]),
  };
  const gaps: Error[] = [];
  const closeGap = (id: string): Promise<string | undefined> => {
    const gap = gaps.shift();
    history.push(`closed ${id}`);
    return gap === undefined ? Promise.resolve(`after-${id}`) : Promise.reject(gap);
  };
  const provider = new ScriptedProvider(history, answers);
  const options = {
    database,
    providers: [provider],
    clock: time,
    schedule: time.schedule,
    prng: () => 0.999_9,
    log,
    closeGap,
  };
  const start = (): SessionEnder => {
    const ender = make(options);
    ender.start();
    return ender;
  };
  const accept = (ender: SessionEnder, id: string, key: RevocationKey = { scope: 'subject', sub: id }): void => {
    const entry: NewRevocation = {
      ...{ id, commandId: id, commandDigest: '', issuer: ISSUER, key, effect: { kind: 'suspended' }, moot: false },
      ...{ retainUntil: 'lifted', actor: 'writer', reason: undefined, acceptedAt: time.wall() },
    };
    database.transaction(() => {
      insertRecord(database, {
        ...{ kind: 'revoked', issuer: ISSUER, scope: key.scope, madeAt: time.wall() },
        encoded: { id: `r-${id}`, epoch: 'e1', subject: 's', payload: new Uint8Array([1]), signature: 's' },
      });
      insertRevocation(database, { ...entry, supersedes: [] }, { origin: 'command', recordId: `r-${id}` });
      ender.intend([entry]);
    });
  };
  const confirm = (ender: SessionEnder, id: string): void => {
    history.push(`stored ${id}`);
    markAcked(database, `r-${id}`, { sequence: sequence(history.length), ackedAt: time.wall() });
    ender.wake();
  };
  const stateOf = (id: string) => findEnding(database, id);
  return { time, history, gaps, logged, start, accept, confirm, stateOf };
}

/** Our record first: the provider hears of nothing that the log does not have. */
const askedTooEarly = (history: History): readonly string[] =>
  history.filter((event, at) => {
    const id = /^asked (.*)$/.exec(event)?.[1];
    return id !== undefined && !history.slice(0, at).includes(`stored ${id}`);
  });

const play = async (make: Make): Promise<{ history: History; state: string | undefined }> => {
  const world = aWorld([], make);
  const ender = world.start();
  world.accept(ender, 'alice');
  await world.time.advance(5_000);
  world.confirm(ender, 'alice');
  await world.time.advance(5_000);
  return { history: world.history, state: world.stateOf('alice')?.state };
};

describe('Sessions at the identity provider', () => {
  it('end after our record is in the log, and never before', async () => {
    const { history, state } = await play(real);
    expect(askedTooEarly(history)).toEqual([]);
    expect([history, state]).toEqual([['stored alice', 'asked alice', 'closed alice'], 'ended']);
  });

  it('ended first is what the check of that finds: a mutant', async () => {
    class ProviderFirst extends SessionEnder {
      override intend(revocations: readonly NewRevocation[]): void {
        super.intend(revocations);
        for (const { key } of revocations) {
          if (key.scope === 'subject') void this.providers[0]?.end({ kind: 'subject', subject: key.sub });
        }
      }
    }
    expect(askedTooEarly((await play((options) => new ProviderFirst(options))).history)).not.toEqual([]);
  });

  const throughRestart = async (make: Make): Promise<string | undefined> => {
    const world = aWorld([new ProviderError('unreachable')], make);
    const first = world.start();
    world.accept(first, 'alice');
    world.confirm(first, 'alice');
    await world.time.advance(1);
    first.close();
    world.start();
    await world.time.advance(60_000);
    return world.stateOf('alice')?.state;
  };

  it('end by the next process when this one ends before', async () => {
    expect(await throughRestart(real)).toBe('ended');
  });

  it('would live on if what is due were only remembered: a mutant', async () => {
    class Forgetful extends SessionEnder {
      #mine = false;
      override intend(revocations: readonly NewRevocation[]): void {
        this.#mine = true;
        super.intend(revocations);
      }
      override wake(): void {
        if (this.#mine) super.wake();
      }
    }
    expect(await throughRestart((options) => new Forgetful(options))).toBe('due');
  });

  it('are tried again later and later, as late as the provider asks for, and no sooner', async () => {
    const failures = [new ProviderError('broken'), new ProviderError('unreachable'), new ProviderError('busy', 60_000)];
    const world = aWorld(failures);
    const ender = world.start();
    world.accept(ender, 'alice');
    world.confirm(ender, 'alice');
    const asked = () => world.history.filter((event) => event === 'asked alice').length;
    const counts = [];
    for (const ms of [900, 1_100, 2_000, 58_500, 3_000]) {
      await world.time.advance(ms);
      counts.push(asked());
    }
    expect(counts).toEqual([1, 2, 3, 3, 4]);
    expect(world.stateOf('alice')).toMatchObject({ state: 'ended', attempts: 4, failure: undefined });
  });

  it('are given up when the provider will never do it, and after a week', async () => {
    const world = aWorld([new ProviderError('rejected')]);
    const ender = world.start();
    world.accept(ender, 'alice');
    world.confirm(ender, 'alice');
    await world.time.advance(10_000);
    expect([world.stateOf('alice')?.state, world.history.length]).toEqual(['failed', 2]);
    const refusing = aWorld(Array.from({ length: 10 }, () => new ProviderError('refused', 2 * 86_400_000)));
    const other = refusing.start();
    refusing.accept(other, 'bob');
    refusing.confirm(other, 'bob');
    for (let day = 0; day * 86_400_000 <= ENDING_AGE_MS_MAX + 86_400_000; day += 1) {
      refusing.time.stop(86_400_000);
      await refusing.time.advance(2_000);
    }
    expect(refusing.stateOf('bob')).toMatchObject({ state: 'failed', failure: 'refused' });
  });

  it('are not called ended before what was refreshed meanwhile is cut off', async () => {
    const world = aWorld();
    world.gaps.push(new Error('no log'));
    const ender = world.start();
    world.accept(ender, 'alice');
    world.confirm(ender, 'alice');
    await world.time.advance(1);
    expect(world.stateOf('alice')).toMatchObject({ state: 'due', failure: 'ourLog' });
    await world.time.advance(5_000);
    expect(world.stateOf('alice')).toMatchObject({ state: 'ended', closedBy: 'after-alice' });
    expect(world.history.slice(1)).toEqual(['asked alice', 'closed alice', 'asked alice', 'closed alice']);
  });

  it('stay when the revocation was lifted before', async () => {
    const world = aWorld([new ProviderError('unreachable')]);
    const ender = world.start();
    world.accept(ender, 'alice');
    world.confirm(ender, 'alice');
    await world.time.advance(1);
    insertLift(database, {
      ...{ revocationId: 'alice', issuer: ISSUER, scope: 'subject', retainUntil: 4_000_000_000 as never },
      ...{ actor: 'writer', reason: undefined, acceptedAt: epochMs(world.time.wall()) },
    });
    await world.time.advance(60_000);
    expect([world.stateOf('alice')?.state, world.history.length]).toEqual(['cancelled', 2]);
    expect(ender.due()).toBe(0);
  });

  it('are of subjects and sessions alone, of issuers with a provider', () => {
    const world = aWorld();
    const ender = world.start();
    world.accept(ender, 's', { scope: 'session', sid: 's' });
    world.accept(ender, 't', { scope: 'token', jti: 't' });
    world.accept(ender, 'c', { scope: 'client', clientId: 'c' });
    expect(['s', 't', 'c'].map((id) => world.stateOf(id)?.target.kind)).toEqual(['session', undefined, undefined]);
    expect(ender.due()).toBe(1);
  });

  it('leave ids, issuers and kinds of failure in the log, and no text of anybody', async () => {
    const world = aWorld([new Error('alice@example.com'), new ProviderError('refused')]);
    const ender = world.start();
    world.accept(ender, 'revocation-1', { scope: 'subject', sub: 'alice' });
    world.confirm(ender, 'revocation-1');
    await world.time.advance(60_000);
    expect(world.stateOf('revocation-1')?.state).toBe('ended');
    expect(world.logged).toEqual([
      ['sessionsNotYetEnded', { id: 'revocation-1', issuer: ISSUER, failure: 'broken', attempts: 1 }],
      ['sessionsNotYetEnded', { id: 'revocation-1', issuer: ISSUER, failure: 'refused', attempts: 2 }],
      ['sessionsEnded', { id: 'revocation-1', issuer: ISSUER, outcome: 'ended' }],
    ]);
  });
});
