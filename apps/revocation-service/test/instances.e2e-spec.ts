import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Answer, type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';
import { TestNode } from './support/test-node.js';

const subject = (sub: string): object => ({ issuer: ISSUER, scope: 'subject', sub });
const PATIENCE = { withinMs: 40_000 };

describe('Two instances of the service on one log', () => {
  let deployment: Deployment;
  let nats: TestNats;
  let directories: readonly [string, string];
  const open: RunningService[] = [];

  beforeEach(async () => {
    deployment = new Deployment();
    directories = [deployment.dataDirectory, new Deployment().dataDirectory];
    nats = await startTestNats();
  }, 60_000);
  afterEach(async () => {
    for (const running of open.splice(0)) await running.close();
    await nats.dispose();
  });

  const start = async (at: 0 | 1, more: Readonly<Record<string, string>> = {}): Promise<RunningService> => {
    const settings = { REVOCAST_DATA_DIR: directories[at], ...more };
    const running = await startService(await deployment.environment(nats.url, settings));
    open.push(running);
    return running;
  };
  const stop = async (running: RunningService): Promise<void> => {
    open.splice(open.indexOf(running), 1);
    await running.close();
  };
  const startBoth = async (): Promise<readonly [RunningService, RunningService]> => {
    const first = await start(0);
    await first.ready();
    const second = await start(1, { REVOCAST_INIT: 'false' });
    await second.ready();
    return [first, second];
  };
  const untilKnown = (api: Api, id: string, state = 'published'): Promise<Answer> =>
    eventually(async () => {
      const answer = await api.get(`/v1/revocations/${id}`);
      if (answer.status !== 200 || answer.body.state !== state) throw new Error(answer.text);
      return answer;
    }, PATIENCE);
  /** Whoever stored the last record knows its sequence at once; the others hear of it a moment later. */
  const headOf = async (...all: readonly RunningService[]): Promise<number> =>
    Math.max(...(await Promise.all(all.map(async ({ api }) => (await api.get('/v1/nodes')).body.head))));

  it('each list, answer and lift what the other accepted, and say what they cannot know of it', async () => {
    const [a, b] = await startBoth();
    const command = { ...subject('alice'), until: 'lifted', reason: 'phone lost' };
    const { body: accepted } = await a.api.revoke(command);
    const { body: seen } = await untilKnown(b.api, accepted.id);
    expect(seen).toMatchObject({
      acceptedBy: 'otherInstance',
      actor: null,
      reason: null,
      until: 'lifted',
      sub: 'alice',
    });
    expect([seen.sequence, seen.epoch, seen.retainUntil]).toEqual([
      accepted.sequence,
      accepted.epoch,
      accepted.retainUntil,
    ]);
    expect((await b.api.get('/v1/revocations?sub=alice')).body.items).toHaveLength(1);
    expect(accepted).toMatchObject({ acceptedBy: 'thisInstance', actor: 'writer', reason: 'phone lost' });

    const lifted = await b.api.post(`/v1/revocations/${accepted.id}/lift`, { reason: 'found' });
    expect([lifted.status, lifted.body.state, lifted.body.left]).toEqual([200, 'lifted', []]);
    const { body: atFirst } = await untilKnown(a.api, accepted.id, 'lifted');
    expect(atFirst).toMatchObject({ reason: 'phone lost', lift: { acceptedBy: 'otherInstance', reason: null } });
    const node = await TestNode.start(deployment, nats.url, 'sees-the-lift');
    expect(await node.gate.check(await deployment.token({ sub: 'alice' }))).toMatchObject({ outcome: 'pass' });
    await node.vanish();
  }, 90_000);

  it('given one command at once carry it out once, and answer alike', async () => {
    const [a, b] = await startBoth();
    const before = await headOf(a, b);
    const count = 25;
    const pairs = await Promise.all(
      Array.from({ length: count }, (_, at) => {
        const headers = { 'idempotency-key': `key-${at}`, prefer: 'respond-async' };
        return Promise.all([a, b].map(({ api }) => api.revoke(subject(`user-${at}`), headers)));
      }),
    );
    const fixed = ({ body }: Answer): unknown => [body.id, body.issuedBefore, body.retainUntil, body.sequence];
    for (const [one, other] of pairs) {
      expect([one?.status, other?.status]).toEqual([201, 201]);
      expect(one && fixed(one)).toEqual(other && fixed(other));
    }
    expect((await headOf(a, b)) - before).toBe(count);
    for (const { api } of [a, b]) expect((await api.get('/v1/revocations?limit=200')).body.items).toHaveLength(count);
  }, 90_000);

  it('given it one after the other, the second answers from the log and tells another command from it', async () => {
    const [a, b] = await startBoth();
    const headers = { 'idempotency-key': 'twice' };
    const first = await a.api.revoke(subject('bob'), headers);
    await untilKnown(b.api, first.body.id);
    const second = await b.api.revoke(subject('bob'), headers);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(second.body).toMatchObject({ id: first.body.id, sequence: first.body.sequence });
    const other = await b.api.revoke(subject('carol'), headers);
    expect([other.status, other.body.code]).toEqual([422, 'ERR_IDEMPOTENCY_MISMATCH']);
  }, 90_000);

  it('given two commands under one key at once carry out one of them, and refuse the other everywhere', async () => {
    const [a, b] = await startBoth();
    const before = await headOf(a, b);
    const headers = { 'idempotency-key': 'clash', prefer: 'respond-async' };
    const answers = await Promise.all([a.api.revoke(subject('dave'), headers), b.api.revoke(subject('erin'), headers)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
    const winner = answers.find(({ status }) => status === 201);
    expect((await headOf(a, b)) - before).toBe(1);
    for (const { api } of [a, b]) {
      const { body } = await untilKnown(api, winner?.body.id ?? '');
      expect(body.sub).toBe(winner?.body.sub);
      expect((await api.get(`/v1/revocations?sub=${body.sub === 'dave' ? 'erin' : 'dave'}`)).body.items).toEqual([]);
    }
  }, 90_000);

  it('open one new epoch when the log is lost, with what either of them alone had accepted', async () => {
    const [a, b] = await startBoth();
    const { body: known } = await b.api.revoke({ ...subject('known-to-both'), until: 'lifted' });
    await untilKnown(a.api, known.id);
    await stop(a);
    // Of these each instance only ever hears after the log is gone.
    const { body: late } = await b.api.revoke({ ...subject('only-at-b'), until: 'lifted' });
    await stop(b);
    await nats.wipe();
    await nats.start();
    const again = await Promise.all([start(0), start(1)]);
    await Promise.all(again.map((running) => running.ready()));
    const node = await TestNode.start(deployment, nats.url, 'starts-after-the-loss');
    for (const { id, sub } of [known, late]) {
      const check = await node.gate.check(await deployment.token({ sub }));
      expect(check).toMatchObject({ code: 'ERR_TOKEN_REVOKED', revocationId: id });
      for (const { api } of again) await untilKnown(api, id);
    }
    const epochs = await Promise.all(again.map(async ({ api }) => (await api.get('/health/ready')).body.epoch));
    expect(new Set(epochs).size).toBe(1);
    expect(epochs[0]).not.toBe(known.epoch);
    await node.vanish();
  }, 120_000);

  it('lose nothing when an instance that was away comes back after the others wrote the log anew', async () => {
    const [a, b] = await startBoth();
    await stop(a);
    const { body: late } = await b.api.revoke({ ...subject('only-at-b'), until: 'lifted' });
    await stop(b);
    await nats.wipe();
    await nats.start();
    const first = await start(0);
    await first.ready();
    const { body: newer } = await first.api.revoke(subject('of-the-new-epoch'));
    const second = await start(1, { REVOCAST_INIT: 'false' });
    await second.ready();
    await untilKnown(first.api, late.id);
    await untilKnown(second.api, newer.id);
    expect((await untilKnown(second.api, late.id)).body).toMatchObject({ acceptedBy: 'thisInstance' });
  }, 120_000);

  it('with different settings of an issuer do not undo each other, and keep what both need', async () => {
    const [issuer, ...others] = await deployment.issuers();
    const longer = JSON.stringify([{ ...issuer, maxLifetimeSeconds: 200_000 }, ...others]);
    const a = await start(0, { REVOCAST_ISSUERS: longer });
    await a.ready();
    const b = await start(1);
    await b.ready();
    const head = await headOf(a);
    const { body } = await b.api.revoke(subject('alice'));
    expect(body.retainUntil - body.issuedBefore).toBeGreaterThanOrEqual(200_000);
    expect((await b.api.get('/health/ready')).body.warnings).toMatchObject([{ code: 'settingsDiffer' }]);
    await stop(b);
    const again = await start(1);
    await again.ready();
    await eventually(async () => expect((await again.api.get('/health/ready')).body.instances).toHaveLength(1));
    expect((await headOf(a)) - head).toBe(1);
  }, 120_000);
});

describe('A journal that was lost', () => {
  let deployment: Deployment;
  let nats: TestNats;
  let running: RunningService;
  let newDirectory: string;

  beforeEach(async () => {
    deployment = new Deployment();
    newDirectory = new Deployment().dataDirectory;
    nats = await startTestNats();
    running = await startService(await deployment.environment(nats.url));
    await running.ready();
  }, 60_000);
  afterEach(async () => {
    await running.close();
    await nats.dispose();
  });

  const loseJournal = async (): Promise<Api> => {
    await running.close();
    const more = { REVOCAST_DATA_DIR: newDirectory, REVOCAST_INIT: 'false' };
    running = await startService(await deployment.environment(nats.url, more));
    await running.ready();
    return running.api;
  };

  it('is read back from the log without being told, and what cannot be is said', async () => {
    const headers = { 'idempotency-key': 'before' };
    const { body: kept } = await running.api.revoke({ ...subject('alice'), reason: 'lost' }, headers);
    const { body: gone } = await running.api.revoke({ ...subject('bob'), until: 'lifted' });
    await running.api.post(`/v1/revocations/${gone.id}/lift`, {});
    const api = await loseJournal();
    await eventually(async () => expect((await api.get('/v1/revocations')).body.items).toHaveLength(2), PATIENCE);
    const { body } = await api.get('/health/ready');
    expect(body).toMatchObject({ epoch: kept.epoch, journal: { rebuiltAt: expect.any(String) } });
    expect(body.warnings).toMatchObject([{ code: 'journalRebuilt' }]);
    expect((await api.get(`/v1/revocations/${kept.id}`)).body).toMatchObject({
      ...{ state: 'published', sequence: kept.sequence, issuedBefore: kept.issuedBefore },
      ...{ retainUntil: kept.retainUntil, acceptedBy: 'otherInstance', actor: null, reason: null },
    });
    expect((await api.get(`/v1/revocations/${gone.id}`)).body).toMatchObject({ state: 'lifted' });
    const again = await api.revoke({ ...subject('alice'), reason: 'lost' }, headers);
    expect([again.status, again.body.id, again.body.sequence]).toEqual([201, kept.id, kept.sequence]);
    expect((await api.revoke(subject('carol'), headers)).body.code).toBe('ERR_IDEMPOTENCY_MISMATCH');
    expect((await api.revoke(subject('carol'))).status).toBe(201);
  }, 90_000);

  it('writes the next epoch as the old one would have', async () => {
    const { body: kept } = await running.api.revoke({ ...subject('alice'), until: 'lifted' });
    const { body: gone } = await running.api.revoke({ ...subject('bob'), until: 'lifted' });
    await running.api.post(`/v1/revocations/${gone.id}/lift`, {});
    const api = await loseJournal();
    await eventually(async () => expect((await api.get('/v1/revocations')).body.items).toHaveLength(2), PATIENCE);
    await running.close();
    await nats.wipe();
    await nats.start();
    running = await startService(await deployment.environment(nats.url, { REVOCAST_DATA_DIR: newDirectory }));
    await running.ready();
    const node = await TestNode.start(deployment, nats.url, 'after-both-losses');
    const check = async (sub: string): Promise<unknown> => node.gate.check(await deployment.token({ sub }));
    expect(await check('alice')).toMatchObject({ code: 'ERR_TOKEN_REVOKED', revocationId: kept.id });
    expect(await check('bob')).toMatchObject({ outcome: 'pass' });
    await node.vanish();
  }, 120_000);
});
