import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseIssuers } from '@revocast/gate';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Api, type Answer } from './support/api.js';
import { CLIENT_SECRET, type FakeProvider, keycloakAnswers, startFakeProvider } from './support/fake-provider.js';
import { ServiceProcess } from './support/service-process.js';
import { AUDIENCE, Deployment, ISSUER, LIMITED_KEY, READER_KEY } from './support/settings.js';
import { TestNode } from './support/test-node.js';

/** What the API answers about the second half of a kill. */
interface Ending {
  readonly state: string;
  readonly attempts: number;
  readonly because: string | null;
  readonly closedBy?: string;
}
const endingOf = ({ body }: Answer): Ending | null =>
  (body as unknown as { identityProvider: Ending | null }).identityProvider;

describe('A kill at an issuer with an identity provider', () => {
  const state: { down?: boolean } = {};
  let deployment: Deployment;
  let nats: TestNats;
  let keycloak: FakeProvider;
  let service: ServiceProcess;
  let api: Api;
  let issuer: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    nats = await startTestNats();
    keycloak = await startFakeProvider(keycloakAnswers(state));
    issuer = `${keycloak.url}/realms/shop`;
    deployment = new Deployment();
    const { jwks } = (await deployment.issuer(ISSUER)) as { jwks: object };
    // One issuer of a pattern beside it: commands name it, nodes and the log know the pattern.
    const issuers = [
      { issuer, audience: AUDIENCE, jwks },
      { issuer: 'https://id.example/realms/{realm}', allow: { realm: ['acme'] }, audience: AUDIENCE, jwks },
    ];
    parseIssuers(issuers);
    Object.assign(deployment, { issuers: () => Promise.resolve(issuers) });
    const secretFile = join(mkdtempSync(join(tmpdir(), 'revocast-secret-')), 'client-secret');
    writeFileSync(secretFile, `${CLIENT_SECRET}\n`);
    environment = await deployment.environment(nats.url, {
      REVOCAST_IDENTITY_PROVIDERS: JSON.stringify([{ kind: 'keycloak', issuer, clientId: 'revocast', secretFile }]),
    });
    service = ServiceProcess.spawn(environment);
    api = await service.ready();
    await TestNode.start(deployment, nats.url, 'node-1');
  }, 60_000);
  afterAll(async () => {
    await service.kill();
    await keycloak.close();
    await nats.dispose();
  });

  const untilEnded = (id: string): Promise<Ending> =>
    eventually(
      async () => {
        const ending = endingOf(await api.get(`/v1/revocations/${id}`));
        if (ending?.state !== 'ended') throw new Error(JSON.stringify(ending));
        return ending;
      },
      { withinMs: 20_000 },
    );

  it('is enforced by our nodes and ends the sessions there, both shown', async () => {
    const killed = await api.revoke({ issuer, scope: 'subject', sub: 'id-alice' });
    expect([killed.status, killed.body.propagation.state]).toEqual([201, 'enforced']);
    expect(endingOf(killed)).not.toBeNull();
    await untilEnded(killed.body.id);
    expect(keycloak.calls()).toEqual(['POST /admin/realms/shop/users/id-alice/logout']);
    const token = await api.revoke({ issuer, scope: 'token', jti: 'token-1' });
    expect(endingOf(token)).toBeNull();
  });

  it('finds a person by e-mail address and kills all names at once, with one proof', async () => {
    const found = await api.post('/v1/persons/search', { query: 'alice@example.com' });
    expect([found.status, found.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(found.body).toMatchObject({
      persons: [{ issuer, provider: 'keycloak', subject: 'id-alice', email: 'alice@example.com', sessions: 2 }],
      unanswered: [],
    });
    const acme = 'https://id.example/realms/acme';
    const subjects = [
      { issuer, sub: 'id-alice' },
      { issuer: acme, sub: 'alice-there' },
    ];
    const headers = { 'idempotency-key': 'alice-is-out' };
    const killed = await api.post('/v1/persons/revoke', { subjects, reason: 'left' }, { headers });
    expect(killed.body).toMatchObject({
      revocations: [
        { issuer, sub: 'id-alice' },
        { issuer: acme, sub: 'alice-there', coverage: { nodes: 1 } },
      ],
      rejected: [],
      propagation: { state: 'enforced' },
    });
    const again = await api.post('/v1/persons/revoke', { subjects, reason: 'left' }, { headers });
    const ids = ({ body }: Answer): unknown =>
      (body as unknown as { revocations: { id: string }[] }).revocations.map(({ id }) => id);
    expect(ids(again)).toEqual(ids(killed));
  });

  it('says who was not reached, and is not enforced then', async () => {
    const subjects = [
      { issuer, sub: 'id-alice' },
      { issuer: 'https://unknown.example', sub: 'x' },
    ];
    const killed = await api.post('/v1/persons/revoke', { subjects });
    expect(killed.body).toMatchObject({
      rejected: [{ issuer: 'https://unknown.example', code: 'ERR_ISSUER_UNKNOWN', status: 422 }],
      propagation: { state: 'incomplete' },
    });
    const none = await api.post('/v1/persons/revoke', { subjects: subjects.slice(1) });
    expect([none.status, none.body.code]).toEqual([422, 'ERR_ISSUER_UNKNOWN']);
  });

  it('shows people only to who may kill them', async () => {
    const search = (key: string): Promise<Answer> => api.post('/v1/persons/search', { query: 'alice' }, { key });
    expect((await search(READER_KEY)).status).toBe(403);
    expect((await search(LIMITED_KEY)).body).toMatchObject({ persons: [], unanswered: [] });
  });

  it('cuts off what was refreshed while the provider was out, as soon as it refreshes nothing any more', async () => {
    state.down = true;
    const killed = await api.revoke({
      issuer,
      scope: 'subject',
      sub: 'id-alice',
      at: Math.floor(Date.now() / 1000) - 60,
    });
    state.down = false;
    const { closedBy = '' } = await untilEnded(killed.body.id);
    const closing = await api.get(`/v1/revocations/${closedBy}`);
    expect(closing.body).toMatchObject({ scope: 'subject', sub: 'id-alice', identityProvider: null });
    expect(closing.body.issuedBefore).toBeGreaterThan(killed.body.issuedBefore + 50);
  });

  it('does not wait for a provider that is out, and is finished by the next process', async () => {
    state.down = true;
    const killed = await api.revoke({ issuer, scope: 'session', sid: 'session-1' });
    expect([killed.status, killed.body.propagation.state]).toEqual([201, 'enforced']);
    const search = await api.post('/v1/persons/search', { query: 'alice' });
    expect(search.body).toMatchObject({ persons: [], unanswered: [{ issuer, because: 'busy' }] });
    await eventually(async () => {
      const ending = endingOf(await api.get(`/v1/revocations/${killed.body.id}`));
      if (ending?.attempts === 0) throw new Error('not tried yet');
      expect(ending).toMatchObject({ state: 'due', because: 'busy' });
    });
    await service.kill();
    state.down = false;
    const logged = service.logged;
    service = ServiceProcess.spawn(environment);
    api = await service.ready();
    expect((await untilEnded(killed.body.id)).attempts).toBeGreaterThan(1);
    expect(keycloak.calls()).toContain('DELETE /admin/realms/shop/sessions/session-1');
    const text = JSON.stringify([...logged, ...service.logged]);
    expect(text).toContain('sessionsEnded');
    for (const secret of [CLIENT_SECRET, 'admin-token', 'alice', 'session-1', 'Adams']) {
      expect(text).not.toContain(secret);
    }
  }, 60_000);
});
