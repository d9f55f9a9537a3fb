import { afterEach, describe, expect, it } from '@jest/globals';
import { aRevocation, eventually, liftedBody, revokedBody } from '@revocast/testing';
import { AN_ISSUER, startNode, type StartedNode } from './support.js';

let node: StartedNode | undefined;
afterEach(async () => {
  await node?.app.close();
  node = undefined;
});

async function aCurrentNode() {
  const started = (node = await startNode());
  started.openEpoch();
  await eventually(async () => expect((await started.get('/health/ready')).status).toBe(200));
  return started;
}

const suspended = (parts: Parameters<typeof aRevocation>[0]) =>
  aRevocation({ issuer: AN_ISSUER, effect: { kind: 'suspended' }, ...parts });

describe('the API of a node', () => {
  it('D5: is alive and not ready while it was never current, and answers 503', async () => {
    const { get, key } = (node = await startNode());
    expect((await get('/health/live')).status).toBe(200);
    const ready = await get('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ status: 'down' })]);
    expect((await get('/me', await key.token())).status).toBe(503);
  });

  it('tells the caller its claims, until its token is revoked, and again once that is lifted', async () => {
    const { get, key, broker } = await aCurrentNode();
    const token = await key.token({ role: 'admin' });
    const response = await get('/me', token);
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ sub: 'alice', role: 'admin' }),
    ]);
    const revocation = suspended({ scope: 'subject' });
    broker.publish(revokedBody(revocation));
    await eventually(async () => expect((await get('/me', token)).status).toBe(401));
    broker.publish(liftedBody(revocation));
    await eventually(async () => expect((await get('/me', token)).status).toBe(200));
  });

  it('stays ready when the broker goes away, and says in the body what is wrong', async () => {
    const { get, feed } = await aCurrentNode();
    feed.disconnect();
    await eventually(async () => {
      const ready = await get('/health/ready');
      expect([ready.status, await ready.json()]).toEqual([200, expect.objectContaining({ because: 'disconnected' })]);
    });
  });

  it('D18: ends the stream of a revoked session, says why, and leaves other streams open', async () => {
    const { get, key, broker } = await aCurrentNode();
    const ofAlice = await get('/stream', await key.token({ sid: 'sid-1' }));
    const ofBob = await get('/stream', await key.token({ sid: 'sid-2' }));
    expect(ofAlice.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const bob = ofBob.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await bob?.read())?.value).toContain('event: ping');
    broker.publish(revokedBody(suspended({ scope: 'session' })));
    // The whole text can only be had because the stream ends.
    expect(await ofAlice.text()).toMatch(/event: ping[^]*event: end[^]*ERR_TOKEN_REVOKED/);
    const next = await Promise.race([bob?.read(), new Promise((resolve) => setImmediate(resolve, 'still open'))]);
    expect(next).toBe('still open');
    await bob?.cancel();
  });

  it('ends open streams when it shuts down, instead of waiting for them', async () => {
    const { app, get, key } = await aCurrentNode();
    const stream = await get('/stream', await key.token());
    const startedAt = performance.now();
    await app.close();
    node = undefined;
    // The client alone would keep the connection for 4 s, and another client for ever.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(await stream.text()).toContain('event: end');
  });

  it('gives no stream to a revoked token', async () => {
    const { get, key, broker } = await aCurrentNode();
    const token = await key.token();
    broker.publish(revokedBody(suspended({ scope: 'issuer' })));
    await eventually(async () => {
      const response = await get('/stream', token);
      await response.body?.cancel();
      expect(response.status).toBe(401);
    });
  });

  it('counts its checks by verdict and shows its state, without a word of any token', async () => {
    const { get, key, broker } = await aCurrentNode();
    const token = await key.token();
    await get('/me', token);
    await get('/me', 'nonsense');
    broker.publish(revokedBody(suspended({ scope: 'subject' })));
    await eventually(async () => expect((await get('/me', token)).status).toBe(401));
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    for (const line of [
      'revocast_checks_total{verdict="invalid"} 1',
      'revocast_checks_total{verdict="revoked"} 1',
      'revocast_state{state="current"} 1',
      'revocast_watermark 2',
      'revocast_live_entries 1',
      'revocast_guarded 1',
      'revocast_gaps_total 0',
      'revocast_foreign_records_total 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    for (const name of ['entries', 'bytes', 'hits_total', 'misses_total']) {
      expect(text).toMatch(new RegExp(`^revocast_token_cache_${name} [1-9]`, 'm'));
    }
    expect(text).toMatch(/^revocast_staleness_ms \d/m);
    expect(text).toMatch(/^revocast_index_bytes [1-9]/m);
    for (const secret of [token, 'alice', AN_ISSUER]) expect(text).not.toContain(secret);
  });

  it('shows counters that do not grow by being looked at', async () => {
    const { get, broker } = await aCurrentNode();
    broker.place({ kind: 'foreign', identity: 'x', why: 'unsigned' });
    await eventually(async () =>
      expect(await (await get('/metrics')).text()).toContain('revocast_foreign_records_total 1\n'),
    );
    expect(await (await get('/metrics')).text()).toContain('revocast_foreign_records_total 1\n');
  });
});
