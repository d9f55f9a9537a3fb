import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { ServiceProcess } from './support/service-process.js';
import { startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';

const NEW_ISSUER = 'https://new.example';

describe('The process', () => {
  const deployment = new Deployment();
  let nats: TestNats;

  beforeAll(async () => {
    nats = await startTestNats();
  }, 60_000);
  afterAll(() => nats.dispose());

  it('does not start with wrong settings, names all of them in one line, and exits with 78', async () => {
    const service = ServiceProcess.spawn({ REVOCAST_INIT: 'maybe', PORT: 'http' });
    expect(await service.exited).toEqual({ code: 78, signal: null });
    expect(service.logged).toHaveLength(1);
    const problems = JSON.stringify(service.logged[0]?.['problems']);
    for (const name of ['REVOCAST_INIT', 'PORT', 'REVOCAST_SIGNING_KEY', 'REVOCAST_HASH_KEY', 'NATS_URL']) {
      expect(problems).toContain(name);
    }
  }, 30_000);

  it('logs who did what, one JSON object per line, and never a token, a reason or a person', async () => {
    const service = ServiceProcess.spawn(await deployment.environment(nats.url));
    const api = await service.ready();
    const token = await deployment.token({ jti: 'logged-jti' });
    const { body } = await api.revoke({
      issuer: ISSUER,
      scope: 'subject',
      sub: 'private-person',
      reason: 'secret reason',
    });
    await api.revoke({ issuer: ISSUER, scope: 'token', token });
    await api.revoke({ issuer: ISSUER, scope: 'token', token: `${token}x` });
    await api.post('/v1/explain', { token });
    await api.get('/v1/revocations?sub=private-person');
    await api.post(`/v1/revocations/${body.id}/lift`, { reason: 'other secret' });
    await service.end();
    expect(service.logged).toContainEqual(
      expect.objectContaining({ event: 'revoked', ids: [body.id], actor: 'writer', outcome: 'published' }),
    );
    expect(service.logged).toContainEqual(expect.objectContaining({ event: 'lifted', id: body.id, actor: 'writer' }));
    expect(service.logged).toContainEqual(
      expect.objectContaining({ event: 'request', route: '/v1/revocations', status: 201 }),
    );
    const text = JSON.stringify(service.logged);
    for (const secret of [token.slice(0, 40), 'logged-jti', 'private-person', 'secret', 'writer-key']) {
      expect(text).not.toContain(secret);
    }
  }, 60_000);

  it('takes a changed file of issuers without a restart, and keeps the old ones when it is broken', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'revocast-issuers-')), 'issuers.json');
    const issuers = await deployment.issuers();
    writeFileSync(path, JSON.stringify(issuers));
    await nats.wipe();
    await nats.start();
    const fresh = new Deployment();
    const environment = await deployment.environment(nats.url, {
      REVOCAST_ISSUERS: path,
      REVOCAST_DATA_DIR: fresh.dataDirectory,
    });
    const service = ServiceProcess.spawn(environment);
    const api = await service.ready();
    const command = { issuer: NEW_ISSUER, scope: 'subject', sub: 'alice' };
    expect((await api.revoke(command)).status).toBe(422);
    const before = (await api.get('/v1/nodes')).body.head;
    writeFileSync(path, JSON.stringify([...issuers, await deployment.issuer(NEW_ISSUER)]));
    await eventually(async () => expect((await api.revoke(command)).status).toBe(201), { withinMs: 15_000 });
    // The settings of the new issuer, and the revocation.
    expect((await api.get('/v1/nodes')).body.head).toBe(before + 2);
    writeFileSync(path, '[{');
    await eventually(() => expect(service.logged.map(({ event }) => event)).toContain('issuersKept'), {
      withinMs: 15_000,
    });
    expect((await api.revoke(command)).status).toBe(201);
    await service.end();
  }, 60_000);

  it('refuses more live revocations than it may hold, and takes them again after a lift', async () => {
    await nats.wipe();
    await nats.start();
    const running = await startService(
      await new Deployment().environment(nats.url, { REVOCAST_LIVE_ENTRIES_MAX: '1' }),
    );
    await running.ready();
    const { api } = running;
    await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'one' });
    // The limit is compared with what the log has applied: a command or two may come before it is.
    const refused = await eventually(async () => {
      const answer = await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'two' });
      expect(answer.status).toBe(429);
      return answer;
    });
    expect(refused.body.code).toBe('ERR_CAPACITY');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    for (const { id } of (await api.get('/v1/revocations')).body.items)
      await api.post(`/v1/revocations/${id}/lift`, {});
    await eventually(async () => {
      expect((await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'three' })).status).toBe(201);
    });
    await running.close();
  }, 60_000);
});
