import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualTime } from '@revocast/testing';
import {
  type Answering,
  CLIENT_SECRET,
  type FakeProvider,
  keycloakAnswers,
  startFakeProvider,
} from '../../test/support/fake-provider.js';
import { awsAuthorization } from './aws-signature.js';
import { type IdentityProvider, ProviderError } from './identity-provider.js';
import { createProvider, parseProviders } from './provider-settings.js';

// Keycloak's answers are a recording; the shapes of all others are those of the providers' public documentation.

let servers: FakeProvider[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

const environment = { SECRET: CLIENT_SECRET };
const time = new ManualTime();

type SettingsAt = (url: string) => Readonly<Record<string, unknown>> & { readonly issuer: string };

const aProvider = async (settings: SettingsAt, answering: Answering): Promise<[IdentityProvider, FakeProvider]> => {
  const server = await startFakeProvider(answering);
  servers.push(server);
  const input = { secretEnv: 'SECRET', ...settings(server.url) };
  const [parsed] = parseProviders([input], new Set([input.issuer]), environment);
  if (parsed === undefined) throw new Error('not parsed');
  return [createProvider(parsed, { fetch: globalThis.fetch, clock: time }), server];
};

const failureOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'none',
    (error: unknown) => (error instanceof ProviderError ? error.failure : error),
  );

const keycloakAt: SettingsAt = (url) => ({ kind: 'keycloak', issuer: `${url}/realms/shop`, clientId: 'revocast' });

describe('Keycloak', () => {
  it('finds a person by name or e-mail address, and counts the sessions', async () => {
    const [provider] = await aProvider(keycloakAt, keycloakAnswers());
    expect(await provider.resolve('alice@example.com')).toEqual([
      { subject: 'id-alice', username: 'alice', email: 'alice@example.com', name: 'Alice Adams', enabled: true },
    ]);
    expect(await provider.resolve('nobody@example.com')).toEqual([]);
    expect(await provider.sessions('id-alice')).toEqual([
      { id: 'session-1', startedAt: 1_767_225_600_000, lastSeenAt: 1_767_225_600_000 },
      expect.objectContaining({ id: 'session-2' }),
    ]);
  });

  it('logs a user out and ends one session, online and offline, and says when there was nothing to end', async () => {
    const [provider, server] = await aProvider(keycloakAt, keycloakAnswers());
    expect(await provider.end({ kind: 'subject', subject: 'id-alice' })).toBe('ended');
    expect(await provider.end({ kind: 'subject', subject: 'gone' })).toBe('unknown');
    expect(await provider.end({ kind: 'session', session: 'session-1' })).toBe('ended');
    expect(await provider.end({ kind: 'session', session: 'gone' })).toBe('unknown');
    expect(server.calls()).toEqual([
      'POST /admin/realms/shop/users/id-alice/logout',
      'POST /admin/realms/shop/users/gone/logout',
      'DELETE /admin/realms/shop/sessions/session-1',
      'DELETE /admin/realms/shop/sessions/session-1?isOffline=true',
      'DELETE /admin/realms/shop/sessions/gone',
      'DELETE /admin/realms/shop/sessions/gone?isOffline=true',
    ]);
  });

  it('is logged into once for many calls, and again when it takes the token for over', async () => {
    const state = { token: 'first' };
    const [provider, server] = await aProvider(keycloakAt, keycloakAnswers(state));
    const logins = (): number => server.asked.length - server.calls().length;
    await Promise.all([provider.resolve('alice'), provider.resolve('alice')]);
    expect(logins()).toBe(1);
    state.token = 'second';
    expect(await provider.end({ kind: 'subject', subject: 'id-alice' })).toBe('ended');
    expect(logins()).toBe(2);
    time.stop(31_000);
    await provider.resolve('alice');
    expect(logins()).toBe(3);
  });

  it.each(['.', '..', ''])('is never asked about %j, which would be another path', async (id) => {
    const [provider, server] = await aProvider(keycloakAt, keycloakAnswers());
    expect(await failureOf(provider.end({ kind: 'subject', subject: id }))).toBe('rejected');
    expect(await failureOf(provider.end({ kind: 'session', session: id }))).toBe('rejected');
    expect(server.calls()).toEqual([]);
  });

  it('gets ids as one segment of a path, whatever is in them', async () => {
    const [provider, server] = await aProvider(keycloakAt, keycloakAnswers());
    await provider.end({ kind: 'subject', subject: '../../master/users/x?y#z' });
    expect(server.calls()).toEqual(['POST /admin/realms/shop/users/../../master/users/x?y#z/logout']);
  });
});

describe('A provider that fails', () => {
  const login = { status: 200, body: { access_token: 'admin-token', expires_in: 60 } };
  const always =
    (status: number, more: object = {}): Answering =>
    ({ path }) =>
      path.endsWith('/token') ? login : { status, ...more };

  it.each([
    [500, 'broken'],
    [429, 'busy'],
    [503, 'busy'],
    [401, 'refused'],
    [403, 'refused'],
    [400, 'rejected'],
    [302, 'rejected'],
  ] as const)('with %i is said to be %s, and no text of its answer is kept', async (status, failure) => {
    const [provider] = await aProvider(keycloakAt, always(status, { body: { error: 'alice@example.com' } }));
    const error: unknown = await provider
      .end({ kind: 'subject', subject: 'id-alice' })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/alice/);
  });

  it('and says when to come back is believed for an hour at most', async () => {
    for (const [given, ms] of [
      ['7', 7_000],
      ['999999', 3_600_000],
      ['soon', undefined],
    ] as const) {
      const [provider] = await aProvider(keycloakAt, always(429, { headers: { 'retry-after': given } }));
      const error: unknown = await provider.resolve('alice').catch((reason: unknown) => reason);
      expect((error as ProviderError).retryAfterMs).toBe(ms);
    }
  });

  it('because its credentials are wrong, or nobody is there, or nobody can read it, is told apart', async () => {
    const [wrong] = await aProvider(keycloakAt, ({ path }) => (path.endsWith('/token') ? { status: 400 } : undefined));
    expect(await failureOf(wrong.resolve('alice'))).toBe('refused');
    const [gone, server] = await aProvider(keycloakAt, keycloakAnswers());
    await server.close();
    servers = servers.filter((one) => one !== server);
    expect(await failureOf(gone.resolve('alice'))).toBe('unreachable');
    const [odd] = await aProvider(keycloakAt, always(200, { body: { not: 'a list' } }));
    expect(await failureOf(odd.resolve('alice'))).toBe('broken');
  });

  it('by sending elsewhere gets no credentials there', async () => {
    const elsewhere = await startFakeProvider(() => ({ status: 204 }));
    servers.push(elsewhere);
    const [provider] = await aProvider(keycloakAt, always(307, { headers: { location: `${elsewhere.url}/steal` } }));
    await failureOf(provider.end({ kind: 'subject', subject: 'id-alice' }));
    expect(elsewhere.asked).toEqual([]);
  });
});

describe('Auth0', () => {
  const at: SettingsAt = (url) => ({ kind: 'auth0', issuer: `${url}/`, clientId: 'm2m' });
  const answers: Answering = ({ method, path, body, headers }) => {
    if (path === '/oauth/token') {
      const audience = new URLSearchParams(body).get('audience') ?? '';
      return {
        status: 200,
        body: { access_token: audience.endsWith('/api/v2/') ? 'good' : 'bad', expires_in: 86_400 },
      };
    }
    if (headers['authorization'] !== 'Bearer good') return { status: 401 };
    if (path.startsWith('/api/v2/users?'))
      return { status: 200, body: [{ user_id: 'auth0|1', email: 'alice@example.com', name: 'Alice' }] };
    if (path === '/api/v2/users/auth0|1/sessions' && method === 'GET')
      return { status: 200, body: { sessions: [{ id: 's1', authenticated_at: '2026-01-01T00:00:00.000Z' }] } };
    return /auth0\|1|s1/.test(path) ? { status: 202 } : undefined;
  };

  it('finds people, ends refresh tokens before sessions, and revokes one session with its tokens', async () => {
    const [provider, server] = await aProvider(at, answers);
    const query = 'a" OR email:*';
    expect(await provider.resolve(query)).toMatchObject([
      { subject: 'auth0|1', email: 'alice@example.com', enabled: true },
    ]);
    // A quotation mark in the search ends no text of the query.
    expect(server.calls()[0]).toContain(String.raw`email:"a\" OR email:*"`);
    expect(await provider.sessions('auth0|1')).toEqual([{ id: 's1', startedAt: Date.UTC(2026, 0, 1) }]);
    expect(await provider.end({ kind: 'subject', subject: 'auth0|1' })).toBe('ended');
    expect(await provider.end({ kind: 'session', session: 's1' })).toBe('ended');
    expect(await provider.end({ kind: 'session', session: 'gone' })).toBe('unknown');
    expect(server.calls().slice(2, 5)).toEqual([
      'DELETE /api/v2/users/auth0|1/refresh-tokens',
      'DELETE /api/v2/users/auth0|1/sessions',
      'POST /api/v2/sessions/s1/revoke',
    ]);
  });
});

describe('Okta', () => {
  const at: SettingsAt = (url) => ({ kind: 'okta', issuer: `${url}/oauth2/default` });
  const answers: Answering = ({ method, path, headers }) => {
    if (headers['authorization'] !== `SSWS ${CLIENT_SECRET}`) return { status: 401 };
    const profile = { login: 'alice@example.com', email: 'alice@example.com', firstName: 'Alice', lastName: 'A' };
    if (path.startsWith('/api/v1/users?')) return { status: 200, body: [{ id: '00u1', status: 'ACTIVE', profile }] };
    return method === 'DELETE' && path.startsWith('/api/v1/users/00u1/') ? { status: 204 } : undefined;
  };

  it('finds people and clears their sessions with all OAuth tokens; of one session it knows nothing', async () => {
    const [provider, server] = await aProvider(at, answers);
    expect(await provider.resolve('alice@example.com')).toEqual([
      {
        subject: '00u1',
        username: 'alice@example.com',
        email: 'alice@example.com',
        name: 'Alice A',
        enabled: true,
      },
    ]);
    expect([provider.ends, await provider.sessions('00u1')]).toEqual([['subject'], undefined]);
    expect(await provider.end({ kind: 'subject', subject: '00u1' })).toBe('ended');
    expect(await provider.end({ kind: 'subject', subject: 'gone' })).toBe('unknown');
    expect(server.calls()[1]).toBe('DELETE /api/v1/users/00u1/sessions?oauthTokens=true');
  });
});

describe('Entra', () => {
  const at: SettingsAt = (url) => ({
    ...{ kind: 'entra', issuer: `${url}/tenant-1/v2.0`, clientId: 'app', apiUrl: `${url}/v1.0` },
  });
  const answers: Answering = ({ method, path, body, headers }) => {
    if (path === '/tenant-1/oauth2/v2.0/token') {
      const scope = new URLSearchParams(body).get('scope') ?? '';
      return { status: 200, body: { access_token: scope.endsWith('/.default') ? 'good' : 'bad', expires_in: 3_599 } };
    }
    if (headers['authorization'] !== 'Bearer good') return { status: 401 };
    const user = {
      id: 'oid-1',
      displayName: 'Alice',
      mail: 'alice@example.com',
      userPrincipalName: 'alice@x',
      accountEnabled: false,
    };
    if (path.startsWith('/v1.0/users?')) return { status: 200, body: { value: [user] } };
    return method === 'POST' && path === '/v1.0/users/oid-1/revokeSignInSessions'
      ? { status: 200, body: { value: true } }
      : undefined;
  };

  it('finds people and revokes their sign-in sessions', async () => {
    const [provider, server] = await aProvider(at, answers);
    expect(await provider.resolve("o'neill")).toEqual([
      { subject: 'oid-1', username: 'alice@x', email: 'alice@example.com', name: 'Alice', enabled: false },
    ]);
    expect(server.calls()[0]).toContain("mail eq 'o''neill'");
    expect(await provider.end({ kind: 'subject', subject: 'oid-1' })).toBe('ended');
    expect(await provider.end({ kind: 'subject', subject: 'gone' })).toBe('unknown');
  });
});

describe('Cognito', () => {
  const at: SettingsAt = (url) => ({ kind: 'cognito', issuer: `${url}/eu-west-1_Pool1`, accessKeyId: 'AKID' });
  const user = {
    Username: 'alice',
    Enabled: true,
    Attributes: [
      { Name: 'sub', Value: 'sub-1' },
      { Name: 'email', Value: 'alice@example.com' },
    ],
  };
  const answering =
    (failure?: string): Answering =>
    ({ headers, body }) => {
      if (failure !== undefined) return { status: 400, body: { __type: failure } };
      const isSigned = /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/cognito-idp\/aws4_request, /.test(
        String(headers['authorization']),
      );
      if (!isSigned) return { status: 400, body: { __type: 'MissingAuthenticationTokenException' } };
      const input = JSON.parse(body) as { Filter?: string; Username?: string; UserPoolId: string };
      if (String(headers['x-amz-target']).endsWith('.ListUsers')) {
        const isMeant = ['email = "alice@example.com"', 'sub = "sub-1"'].includes(input.Filter ?? '');
        return { status: 200, body: { Users: isMeant ? [user] : [] } };
      }
      return { status: 200, body: {} };
    };

  it('finds people and signs them out by their user name', async () => {
    const [provider, server] = await aProvider(at, answering());
    expect(await provider.resolve('alice@example.com')).toEqual([
      { subject: 'sub-1', username: 'alice', email: 'alice@example.com', enabled: true },
    ]);
    expect(await provider.end({ kind: 'subject', subject: 'sub-1' })).toBe('ended');
    expect(JSON.parse(server.asked.at(-1)?.body ?? '')).toEqual({ UserPoolId: 'eu-west-1_Pool1', Username: 'alice' });
    expect(await provider.end({ kind: 'subject', subject: 'gone' })).toBe('unknown');
  });

  it.each([
    ['TooManyRequestsException', 'busy'],
    ['NotAuthorizedException', 'refused'],
    ['com.amazonaws#InvalidParameterException', 'rejected'],
  ])('answering %s is %s', async (type, failure) => {
    const [provider] = await aProvider(at, answering(type));
    expect(await failureOf(provider.end({ kind: 'subject', subject: 'sub-1' }))).toBe(failure);
  });

  it('gets requests signed as in the example of the AWS documentation', () => {
    const credentials = {
      ...{ accessKeyId: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
      ...{ region: 'us-east-1', service: 'iam' },
    };
    const request = {
      ...{ method: 'GET', url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08', body: '' },
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    };
    expect(awsAuthorization(credentials, request, '20150830T123600Z')).toContain(
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });
});

describe('Settings of identity providers', () => {
  const issuer = 'https://id.example/realms/shop';
  const good = { kind: 'keycloak', issuer, clientId: 'revocast', secretEnv: 'SECRET' };
  const problemOf = (input: unknown): string => {
    try {
      parseProviders(input, new Set([issuer, 'https://id.example/x']), environment);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    [{ ...good, issuer: 'https://other.example' }, 'none of REVOCAST_ISSUERS'],
    [{ ...good, secretEnv: 'NOT_SET' }, 'the secret cannot be read'],
    [{ ...good, secretEnv: undefined }, 'from one place'],
    [{ ...good, secretFile: '/nowhere' }, 'from one place'],
    [{ ...good, secret: 'x' }, 'secret'],
    [{ ...good, adminUrl: 'http://id.example/admin' }, 'https'],
    [{ ...good, issuer: 'https://id.example/x' }, 'adminUrl'],
    [{ kind: 'cognito', issuer, accessKeyId: 'AKID', secretEnv: 'SECRET' }, 'cognito-idp'],
  ])('%j are refused', (input, problem) => {
    expect(problemOf([input])).toContain(problem);
  });

  it('may name one provider for each issuer, and their secrets may be in files that change', () => {
    expect(problemOf([good, good])).toContain('one provider');
    const path = join(mkdtempSync(join(tmpdir(), 'revocast-secret-')), 'secret');
    writeFileSync(path, 'first\n');
    const [parsed] = parseProviders([{ ...good, secretEnv: undefined, secretFile: path }], new Set([issuer]), {});
    expect(parsed?.secret()).toBe('first');
    writeFileSync(path, 'second');
    expect(parsed?.secret()).toBe('second');
  });
});
