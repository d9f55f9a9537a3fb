import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { decodeJwt } from 'jose';
import { createProvider, parseProviders } from '../../apps/revocation-service/src/identity/provider-settings.js';
import { systemClock } from '../../apps/revocation-service/src/system.js';
import { type Api } from '../../apps/revocation-service/test/support/api.js';
import { ServiceProcess } from '../../apps/revocation-service/test/support/service-process.js';
import { Deployment } from '../../apps/revocation-service/test/support/settings.js';
import { TestNode } from '../../apps/revocation-service/test/support/test-node.js';
import { KEYCLOAK_VERSION } from './distribution.js';
import { type Keycloak, startKeycloak, type Tokens } from './keycloak.js';
import { AUDIENCE } from './realm.js';
import { readRecording, Recorder, writeRecording } from './recording.js';

interface Ending {
  readonly state: string;
  readonly because: string | null;
}

/** A kill against a real Keycloak, whose tokens the nodes verify and whose sessions the service ends. */
describe('Keycloak', () => {
  let [nats, keycloak, service, api, node, secretFile]: [TestNats, Keycloak, ServiceProcess, Api, TestNode, string] =
    [] as never;

  const settings = (): object => ({ kind: 'keycloak', issuer: keycloak.issuer, clientId: 'revocast', secretFile });

  beforeAll(async () => {
    [nats, keycloak] = await Promise.all([startTestNats(), startKeycloak()]);
    const deployment = new Deployment();
    const issuer = { preset: 'keycloak', issuer: keycloak.issuer, audience: AUDIENCE };
    Object.assign(deployment, { issuers: () => Promise.resolve([issuer]) });
    secretFile = join(mkdtempSync(join(tmpdir(), 'revocast-secret-')), 'client-secret');
    writeFileSync(secretFile, keycloak.secrets.clientSecret);
    const providers = { REVOCAST_IDENTITY_PROVIDERS: JSON.stringify([settings()]) };
    service = ServiceProcess.spawn(await deployment.environment(nats.url, providers));
    api = await service.ready();
    node = await TestNode.start(deployment, nats.url, 'node-1');
  }, 400_000);
  afterAll(async () => {
    await service.kill();
    await keycloak.stop();
    await nats.dispose();
  });

  const outcome = async ({ access_token }: Tokens): Promise<string> => {
    const answer = await node.gate.check(access_token);
    return answer.outcome === 'pass' ? 'pass' : answer.code;
  };
  /** A login in the second of a kill is refused with what came before it. */
  const loginThatPasses = (options?: { readonly offline?: boolean }): Promise<Tokens> =>
    eventually(async () => {
      const tokens = await keycloak.login(options);
      expect(await outcome(tokens)).toBe('pass');
      return tokens;
    });
  const kill = async (command: object): Promise<string> => {
    const { status, body } = await api.revoke({ issuer: keycloak.issuer, ...command });
    expect([status, body.propagation.state]).toEqual([201, 'enforced']);
    return body.id;
  };
  const endingOf = async (id: string): Promise<Ending> =>
    ((await api.get(`/v1/revocations/${id}`)).body as unknown as { identityProvider: Ending }).identityProvider;
  const untilEnded = (id: string): Promise<void> =>
    eventually(async () => expect((await endingOf(id)).state).toBe('ended'), { withinMs: 120_000 });
  const refreshStatus = async ({ refresh_token }: Tokens): Promise<number> =>
    (await keycloak.refresh(refresh_token)).status;

  it('issues tokens that the preset reads: person, session, client and token id', async () => {
    const { access_token } = await loginThatPasses();
    const { sub, sid, jti } = decodeJwt(access_token);
    expect([sub, sid, jti].every((claim) => typeof claim === 'string')).toBe(true);
    expect(await node.gate.check(access_token)).toMatchObject({ facts: { sub, sid, jti, clientId: 'web' } });
  });

  it('takes no refresh token of a person who was killed, online or offline, and lets the person log in again', async () => {
    const [online, offline] = [await loginThatPasses(), await loginThatPasses({ offline: true })];
    const found = await api.post('/v1/persons/search', { query: 'alice@example.com' });
    const { sub } = decodeJwt(online.access_token);
    expect(found.body).toMatchObject({ persons: [{ subject: sub, username: 'alice' }], unanswered: [] });
    const id = await kill({ scope: 'subject', sub });
    expect([await outcome(online), await outcome(offline)]).toEqual(['ERR_TOKEN_REVOKED', 'ERR_TOKEN_REVOKED']);
    await untilEnded(id);
    expect([await refreshStatus(online), await refreshStatus(offline)]).toEqual([400, 400]);
    const again = await loginThatPasses();
    expect(await refreshStatus(again)).toBe(200);
  });

  it('ends one session and leaves the other', async () => {
    const [lost, kept] = [await loginThatPasses(), await loginThatPasses()];
    const id = await kill({ scope: 'session', sid: decodeJwt(lost.access_token)['sid'] });
    await untilEnded(id);
    expect([await outcome(lost), await refreshStatus(lost)]).toEqual(['ERR_TOKEN_REVOKED', 400]);
    expect([await outcome(kept), await refreshStatus(kept)]).toEqual(['pass', 200]);
  });

  it('ends an offline session by the id that its tokens carry', async () => {
    const lost = await loginThatPasses({ offline: true });
    await untilEnded(await kill({ scope: 'session', sid: decodeJwt(lost.access_token)['sid'] }));
    expect([await outcome(lost), await refreshStatus(lost)]).toEqual(['ERR_TOKEN_REVOKED', 400]);
  });

  it('is not waited for while it hangs, and catches up when it goes on', async () => {
    const lost = await loginThatPasses();
    keycloak.freeze();
    const id = await kill({ scope: 'subject', sub: decodeJwt(lost.access_token).sub });
    expect(await outcome(lost)).toBe('ERR_TOKEN_REVOKED');
    await eventually(async () => expect(await endingOf(id)).toMatchObject({ state: 'due', because: 'unreachable' }));
    keycloak.thaw();
    await untilEnded(id);
    expect(await refreshStatus(lost)).toBe(400);
  });

  it('answers as it was recorded', async () => {
    const [tokens, other] = [await loginThatPasses(), await loginThatPasses({ offline: true })];
    const recorder = new Recorder();
    const [parsed] = parseProviders([settings()], new Set([keycloak.issuer]), {});
    if (parsed === undefined) throw new Error('not parsed');
    const provider = createProvider(parsed, { fetch: recorder.fetch, clock: systemClock });
    const { sub = '', sid } = decodeJwt(tokens.access_token);
    const session = String(sid);
    await provider.resolve('alice@example.com');
    await provider.resolve('nobody@example.com');
    await provider.sessions(sub);
    await provider.end({ kind: 'session', session });
    await provider.end({ kind: 'session', session });
    await provider.end({ kind: 'subject', subject: sub });
    await provider.end({ kind: 'subject', subject: 'gone' });
    const names = new Map([
      [sub, 'id-alice'],
      [session, 'session-1'],
      [String(decodeJwt(other.access_token)['sid']), 'session-2'],
    ]);
    const recording = { product: `Keycloak ${KEYCLOAK_VERSION}`, exchanges: recorder.exchanges(names) };
    if (process.env['REVOCAST_RECORD'] === 'true') await writeRecording(recording);
    expect(recording).toEqual(await readRecording());
  });
});
