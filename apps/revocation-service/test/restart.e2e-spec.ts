import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Api } from './support/api.js';
import { ServiceProcess } from './support/service-process.js';
import { Deployment, ISSUER, READER_KEY } from './support/settings.js';
import { TestNode } from './support/test-node.js';
import { watch } from './support/watcher.js';

const command = (jti: string): object => ({ issuer: ISSUER, scope: 'token', jti });
const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('A service that was killed', () => {
  let deployment: Deployment;
  let nats: TestNats;
  let service: ServiceProcess;

  beforeAll(async () => {
    nats = await startTestNats();
  }, 60_000);
  beforeEach(() => {
    deployment = new Deployment();
  });
  afterEach(async () => {
    await service.kill();
    await nats.wipe();
    await nats.start();
  });
  afterAll(() => nats.dispose());

  const start = async (): Promise<ServiceProcess> => {
    service = ServiceProcess.spawn(await deployment.environment(nats.url));
    return service;
  };
  const untilPublished = (api: Api, id: string): Promise<number> =>
    eventually(
      async () => {
        const { body } = await api.get(`/v1/revocations/${id}`);
        if (body.state !== 'published') throw new Error(body.state);
        return body.sequence;
      },
      { withinMs: 20_000 },
    );

  it('knows ids, lists and lifts, and goes on in the same epoch', async () => {
    const before = await (await start()).ready();
    const kept = await before.revoke({ ...command('kept'), reason: 'lost phone' }, { 'idempotency-key': 'kept' });
    const lifted = await before.revoke(command('lifted'));
    await before.post(`/v1/revocations/${lifted.body.id}/lift`, { reason: 'found' });
    await service.kill();

    const after = await (await start()).ready();
    expect((await after.get(`/v1/revocations/${kept.body.id}`)).body).toMatchObject({
      state: 'published',
      sequence: kept.body.sequence,
      epoch: kept.body.epoch,
      reason: 'lost phone',
    });
    expect((await after.get(`/v1/revocations/${lifted.body.id}`)).body).toMatchObject({
      state: 'lifted',
      lift: { reason: 'found' },
    });
    expect((await after.get('/v1/revocations')).body.items.map(({ id }) => id)).toEqual([lifted.body.id, kept.body.id]);
    const replayed = await after.revoke({ ...command('kept'), reason: 'lost phone' }, { 'idempotency-key': 'kept' });
    expect([replayed.status, replayed.body.id]).toEqual([201, kept.body.id]);
  }, 60_000);

  it('with a command accepted and not yet published publishes it', async () => {
    const before = await (await start()).ready();
    await nats.stop();
    await eventually(async () => expect((await before.get('/health/ready')).status).toBe(503));
    const { body } = await before.revoke(command('accepted'));
    expect(body.state).toBe('accepted');
    await service.kill();
    await nats.start();

    const after = await (await start()).ready();
    await untilPublished(after, body.id);
    const node = await TestNode.start(deployment, nats.url, 'node-1');
    expect(await node.gate.check(await deployment.token({ jti: 'accepted' }))).toMatchObject({
      code: 'ERR_TOKEN_REVOKED',
    });
    await node.vanish();
  }, 60_000);

  it('with a command published and not yet confirmed finds that the broker has it, and stores it once', async () => {
    const before = await (await start()).ready();
    await nats.pause();
    // The record reaches the frozen broker's socket, and its confirmation nobody.
    const unanswered = before
      .revoke(command('unconfirmed'), { 'idempotency-key': 'unconfirmed' })
      .catch(() => undefined);
    await eventually(() => expect(nats.pid()).toBeGreaterThan(0));
    const id = await eventually(async () => {
      const [item] = (await before.get('/v1/revocations')).body.items;
      if (item === undefined) throw new Error('not yet in the journal');
      return item.id;
    });
    await service.kill();
    await nats.resume();
    await unanswered;

    const after = await (await start()).ready();
    const sequence = await untilPublished(after, id);
    const next = await after.revoke(command('next'));
    expect(next.body.sequence - sequence).toBe(1);
  }, 60_000);

  it('still shows where a revocation was enforced, and when, also after nodes have gone and others have come', async () => {
    const before = await (await start()).ready();
    const node = await TestNode.start(deployment, nats.url, 'was-there');
    const watcher = watch(before, READER_KEY);
    await watcher.opened;
    const { body } = await before.revoke(command('proven'), { prefer: 'wait=20' });
    const shown = { state: 'enforced', nodes: 1, applied: 1, appliedNodes: [{ node: 'was-there' }] };
    expect(body.propagation).toMatchObject(shown);
    // Told only after it was stored.
    await eventually(() => expect(watcher.events.map(({ name }) => name)).toContain('propagation'));
    await service.kill();
    await watcher.ended;
    await node.vanish();

    const after = await (await start()).ready();
    const stored = await after.get(`/v1/revocations/${body.id}`);
    expect(stored.body.propagation).toMatchObject(shown);
    expect(stored.body.propagation.enforcedAt).toBe(body.propagation.enforcedAt);
    const newcomer = await TestNode.start(deployment, nats.url, 'came-later');
    await eventually(async () =>
      expect((await after.get('/v1/nodes')).body.nodes).toMatchObject([{ node: 'came-later' }]),
    );
    expect((await after.get(`/v1/revocations/${body.id}`)).body.propagation).toEqual(stored.body.propagation);
    await newcomer.vanish();
  }, 60_000);

  it('in the middle of opening its first epoch opens one the next time', async () => {
    for (const moment of ['epochBegun', 'epochOpened']) {
      await start();
      await eventually(() => expect(service.logged.map(({ event }) => event)).toContain(moment), { withinMs: 20_000 });
      await service.kill();
    }
    const api = await (await start()).ready();
    expect((await api.revoke(command('after'))).status).toBe(201);
  }, 60_000);

  it('at any moment of a batch keeps what it answered, and finishes what it had accepted', async () => {
    const count = 4_000;
    const lines = Array.from({ length: count }, (_, index) => JSON.stringify(command(`batch-${index}`))).join('\n');
    const answered = new Set<string>();
    for (const killAfter of [1, 900, 2_500]) {
      const api = await (await start()).ready();
      await readSome(api, lines, killAfter, answered);
      await service.kill();
    }
    const api = await (await start()).ready();
    await eventually(async () => expect((await api.get('/health/ready')).body).toMatchObject({ pendingRecords: 0 }), {
      withinMs: 20_000,
    });
    const node = await TestNode.start(deployment, nats.url, 'node-1');
    const published = await publishedTokens(api);
    expect([...answered].filter((jti) => !published.has(jti))).toEqual([]);
    expect(answered.size).toBeGreaterThan(2_500);
    expect((await api.get('/v1/revocations?state=accepted')).body.items).toEqual([]);
    const check = await node.gate.check(await deployment.token({ jti: [...answered].at(-1) ?? '' }));
    expect(check).toMatchObject({ code: 'ERR_TOKEN_REVOKED' });
    await node.vanish();
  }, 120_000);

  it('ends in an orderly way on SIGTERM, and refuses a second process on its journal', async () => {
    await (await start()).ready();
    const second = ServiceProcess.spawn(await deployment.environment(nats.url));
    expect(await second.exited).toMatchObject({ code: 78 });
    expect(await service.end()).toEqual({ code: 0, signal: null });
  }, 60_000);

  it('ends on SIGTERM although somebody watches its events', async () => {
    const watcher = watch(await (await start()).ready(), READER_KEY);
    await watcher.opened;
    expect(await service.end()).toEqual({ code: 0, signal: null });
    await watcher.ended;
  }, 60_000);
});

async function publishedTokens(api: Api): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/v1/revocations?state=published&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { body } = await api.get(path);
    for (const { jti } of body.items) found.add(jti);
    cursor = body.next;
  }
  return found;
}

/** Sends a batch and reads its answers until there are `enough`; the names of the tokens answered go into `answered`. */
async function readSome(api: Api, lines: string, enough: number, answered: Set<string>): Promise<void> {
  const response = await fetch(`${api.url}/v1/revocations/batch`, {
    method: 'POST',
    headers: { ...NDJSON, authorization: 'Bearer writer-key' },
    body: lines,
  });
  let text = '';
  let count = 0;
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    const complete = text.split('\n');
    text = complete.pop() ?? '';
    for (const line of complete) {
      answered.add((JSON.parse(line) as { jti: string }).jti);
      count++;
    }
    if (count >= enough) return;
  }
}
