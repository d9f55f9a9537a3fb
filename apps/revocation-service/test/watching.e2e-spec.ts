import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sequence } from '@revocast/core';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER, LIMITED_KEY, READER_KEY } from './support/settings.js';
import { TestNode } from './support/test-node.js';
import { watch } from './support/watcher.js';

describe('Somebody who watches the service', () => {
  const deployment = new Deployment();
  let nats: TestNats;
  let running: RunningService;
  let api: Api;
  let node: TestNode;

  beforeAll(async () => {
    nats = await startTestNats();
    running = await startService(
      await deployment.environment(nats.url, { REVOCAST_EXPECTED: '{"payments":1,"orders":1}' }),
    );
    await running.ready();
    ({ api } = running);
    node = await TestNode.start(deployment, nats.url, 'node-1');
    await running.hears('node-1');
  }, 60_000);
  afterAll(async () => {
    await node.vanish();
    await running.close();
    await nats.dispose();
  });

  it('hears of revocations, lifts and proofs, without reasons and names', async () => {
    const { events, opened, close } = watch(api, READER_KEY);
    await opened;
    const { body } = await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'watched', reason: 'secret reason' });
    await api.post(`/v1/revocations/${body.id}/lift`, {});
    await eventually(() => {
      expect(events.find(({ name }) => name === 'revocation')?.data).toMatchObject({
        id: body.id,
        sub: 'watched',
        sequence: body.sequence,
      });
      expect(events.find(({ name }) => name === 'lift')?.data).toMatchObject({ id: body.id });
      expect(events.find(({ name }) => name === 'propagation')?.data).toMatchObject({
        sequence: body.sequence,
        applied: 1,
      });
    });
    expect(JSON.stringify(events)).not.toContain('secret reason');
    close();
  });

  it('hears only what his rights cover', async () => {
    const { events, opened, close } = watch(api, LIMITED_KEY);
    await opened;
    await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'not-his' });
    const { body } = await api.revoke({ issuer: ISSUER, scope: 'device', deviceId: 'his' });
    await eventually(() =>
      expect(events.find(({ name }) => name === 'revocation')?.data).toMatchObject({ id: body.id }),
    );
    expect(events.filter(({ data }) => data['scope'] === 'subject')).toEqual([]);
    close();
  });

  it('sees the fleet, with what each node does, and a service that never reported as missing', async () => {
    const { body } = await api.get('/v1/nodes');
    expect(body.nodes).toMatchObject([
      {
        node: 'node-1',
        service: 'payments',
        state: 'current',
        mode: 'strict',
        lag: 0,
        watermark: body.head,
        guarded: true,
      },
    ]);
    const answer = await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'missing-service' });
    expect(answer.body.propagation).toMatchObject({
      state: 'enforcedExcept',
      services: [
        { service: 'orders', missing: 1 },
        { service: 'payments', missing: 0 },
      ],
    });
  });

  it('is told what is wrong and what to do, and that the broker and the log are well', async () => {
    const { status, body } = await api.get('/v1/diagnosis');
    expect(status).toBe(200);
    const levels = Object.fromEntries(body.findings.map(({ code, level }) => [code, level]));
    expect(levels).toMatchObject({ 'broker.stream': 'ok', 'broker.rights': 'ok', 'nodes.missing': 'failure' });
    expect(levels).toMatchObject({ 'clocks.nodes': 'ok', 'clocks.broker': 'ok', 'broker.ticks': 'ok' });
    expect((await api.get('/v1/diagnosis', { key: null })).status).toBe(401);
  });

  it('learns which revocation hits a token, and what a gate says of it', async () => {
    const token = await deployment.token({ sub: 'explained', jti: 'explained-1' });
    const before = await api.post('/v1/explain', { token }, { key: READER_KEY });
    expect(before.body).toMatchObject({ verified: true, hit: null, gate: { outcome: 'pass', status: 200 } });
    const { body } = await api.revoke({
      issuer: ISSUER,
      scope: 'subject',
      sub: 'explained',
      reason: 'left the company',
    });
    const after = await eventually(async () => {
      const answer = await api.post('/v1/explain', { token });
      expect(answer.body).toMatchObject({ hit: { scope: 'subject' } });
      return answer;
    });
    expect(after.body).toMatchObject({
      token: { jti: 'explained-1', expired: false },
      hit: { revocationId: body.id },
      gate: { outcome: 'refuse', status: 401, code: 'ERR_TOKEN_REVOKED' },
      revocation: { id: body.id, reason: 'left the company' },
    });
    expect(after.text).not.toContain(token);
  });

  it('learns what is wrong with a token that is refused for other reasons', async () => {
    const expired = await deployment.token({ iat: 1_700_000_000 });
    expect((await api.post('/v1/explain', { token: expired })).body).toMatchObject({
      verified: true,
      token: { expired: true },
      gate: { code: 'ERR_TOKEN_EXPIRED', status: 401 },
    });
    const elsewhere = await deployment.token({ aud: 'https://elsewhere.example' });
    expect((await api.post('/v1/explain', { token: elsewhere })).body).toMatchObject({
      verified: false,
      code: 'ERR_TOKEN_AUDIENCE',
      hit: null,
      gate: { code: 'ERR_TOKEN_AUDIENCE' },
    });
  });

  it('reads metrics and health without credentials, and finds no secret, token or person in them', async () => {
    await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'private-person' });
    const { status, text, headers } = await api.get('/metrics', { key: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(/revocast_commands_total\{kind="revoke",scope="subject",outcome="published"\} [1-9]/);
    expect(text).toMatch(/revocast_nodes\{state="current"\} 1/);
    expect(text).toMatch(/revocast_publish_seconds_count [1-9]/);
    expect(text).toMatch(/revocast_propagation_seconds_count [1-9]/);
    expect(text).toMatch(/revocast_ticks_sent [1-9]/);
    expect(text).not.toMatch(/private-person|writer/);
    expect((await api.get('/health/ready', { key: null })).body).toMatchObject({
      status: 'ready',
      follower: { state: 'current' },
    });
  });

  it('sees a vanished node as silent within 3 s, until when it counts as open, and can have it forgotten', async () => {
    const doomed = await TestNode.start(deployment, nats.url, 'doomed');
    await running.hears('doomed');
    const alive = await api.post('/v1/nodes/forget', { node: 'doomed', instance: doomed.instance });
    expect([alive.status, alive.body.code]).toEqual([409, 'ERR_NODE_ALIVE']);
    await doomed.vanish();
    await eventually(
      async () => {
        const { body } = await api.get('/v1/nodes');
        expect(body.nodes.find((one) => one.node === 'doomed')).toMatchObject({ state: 'silent' });
      },
      { withinMs: 4_500 },
    );
    const { body } = await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'while-silent' }, { prefer: 'wait=0' });
    expect(body.propagation).toMatchObject({
      state: 'propagating',
      silent: [{ node: 'doomed', openUntil: expect.any(String) }],
    });
    const forgotten = await api.post('/v1/nodes/forget', {
      node: 'doomed',
      instance: doomed.instance,
      reason: 'scaled down',
    });
    expect(forgotten.body.nodes.map(({ node: name }) => name)).toEqual(['node-1']);
    await eventually(async () => {
      expect((await api.get(`/v1/revocations/${body.id}`)).body.propagation).toMatchObject({
        state: 'enforcedExcept',
        silent: [],
      });
    });
  }, 30_000);

  // The last one: in this epoch no acknowledgement counts afterwards.
  it('takes no acknowledgement of what stands where a node had claimed to have read before', async () => {
    const { claims } = running.service.writing;
    const propagationOf = async (sub: string): Promise<{ epoch: string; sequence: number; applied: number }> => {
      const { body } = await api.revoke({ issuer: ISSUER, scope: 'subject', sub });
      const { epoch, sequence: at } = body;
      await eventually(() => expect(node.follower.status().watermark).toBeGreaterThanOrEqual(at));
      node.claim(node.follower.status().watermark);
      const { applied } = body.propagation as unknown as { applied: number };
      return { epoch, sequence: at, applied };
    };
    const before = await propagationOf('before-the-claim');
    expect(before.applied).toBe(1);
    const claimed = sequence(before.sequence + 1_000);
    node.claim(claimed);
    await eventually(() => expect(claims.of(before.epoch)).toBe(claimed));
    // Answered when it is proven, by time.
    expect((await propagationOf('after-the-claim')).applied).toBe(0);
  }, 60_000);
});
