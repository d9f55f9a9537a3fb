import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNats, type TestNats } from '@revocast/testing';
import { SignJWT } from 'jose';
import { type Answer, type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER, LIMITED_KEY, OTHER_ISSUER, READER_KEY } from './support/settings.js';

const COMMAND = { issuer: ISSUER, scope: 'subject', sub: 'alice' };

describe('The revocation service refuses', () => {
  const deployment = new Deployment();
  let nats: TestNats;
  let running: RunningService;
  let api: Api;

  beforeAll(async () => {
    nats = await startTestNats();
    running = await startService(await deployment.environment(nats.url));
    await running.ready();
    ({ api } = running);
  }, 60_000);

  afterAll(async () => {
    await running.close();
    await nats.dispose();
  });

  const expectProblem = ({ status, headers, body }: Answer, expected: readonly [number, string]): void => {
    expect([status, body.code]).toEqual(expected);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ type: `urn:revocast:error:${expected[1]}`, status, title: expect.any(String) });
    expect(body).not.toHaveProperty('stack');
  };
  const pointersOf = ({ body }: Answer): readonly string[] => body.errors.map(({ pointer }) => pointer).sort();

  describe('commands that', () => {
    it.each([
      ['name no scope', { issuer: ISSUER, sub: 'alice' }],
      ['name an unknown scope', { ...COMMAND, scope: 'tenant' }],
    ])('%s', async (_, command) => {
      expectProblem(await api.revoke(command), [422, 'ERR_SCOPE_UNKNOWN']);
    });

    it.each<readonly [string, object, readonly string[]]>([
      ['lack a key field', { issuer: ISSUER, scope: 'grant', sub: 'alice' }, ['/clientId']],
      ['have one too many', { ...COMMAND, deviceId: 'phone' }, ['/deviceId']],
      ['have an empty key field', { ...COMMAND, sub: '' }, ['/sub', '/sub']],
      ['have an oversized key field', { ...COMMAND, sub: 'é'.repeat(513) }, ['/sub']],
      ['have a key field of another type', { ...COMMAND, sub: 7 }, ['/sub']],
      ['have half a surrogate pair', { ...COMMAND, sub: 'a\ud800' }, ['/sub']],
      [
        'name a token in two ways',
        { issuer: ISSUER, scope: 'token', jti: 'a', signingInputHash: 'b'.repeat(43) },
        ['', '/signingInputHash'],
      ],
      ['name a token in no way', { issuer: ISSUER, scope: 'token' }, ['']],
      ['name a key by a wrong thumbprint', { issuer: ISSUER, scope: 'key', thumbprint: 'short' }, ['/thumbprint']],
      ['give two times', { ...COMMAND, at: 1, issuedBefore: 1 }, ['/issuedBefore']],
      ['give a time of no format', { ...COMMAND, at: 'yesterday' }, ['/at']],
      [
        'give a cut-off where none has a meaning',
        { issuer: ISSUER, scope: 'session', sid: 's', issuedBefore: 1 },
        ['/issuedBefore'],
      ],
      ['have a reason with control characters', { ...COMMAND, reason: 'a\u0000b' }, ['/reason']],
      ['have an unknown member', { ...COMMAND, force: true }, ['/force']],
      [
        'are wrong in many ways at once',
        { ...COMMAND, sub: 1, at: true, until: 'never', x: 1 },
        ['/at', '/sub', '/until', '/x'],
      ],
    ])('%s, and point at each mistake', async (_, command, pointers) => {
      const answer = await api.revoke(command);
      expectProblem(answer, [400, 'ERR_REVOCATION_INVALID']);
      expect([...new Set(pointersOf(answer))]).toEqual([...new Set(pointers)]);
    });

    it('name an unknown issuer, also one that only looks like ours', async () => {
      for (const issuer of ['https://nobody.example', `${ISSUER}/`, ISSUER.toUpperCase()]) {
        expectProblem(await api.revoke({ ...COMMAND, issuer }), [422, 'ERR_ISSUER_UNKNOWN']);
      }
    });

    it('name a scope that no claim of the issuer is mapped to', async () => {
      const answer = await api.revoke({ issuer: OTHER_ISSUER, scope: 'session', sid: 's' });
      expectProblem(answer, [422, 'ERR_SCOPE_UNENFORCEABLE']);
    });

    it('D2: have a cut-off or an event in the future', async () => {
      const future = Math.floor(Date.now() / 1000) + 300;
      for (const time of [{ at: future }, { issuedBefore: future }, { at: Date.now() }]) {
        expectProblem(await api.revoke({ ...COMMAND, ...time }), [422, 'ERR_CUTOFF_IN_FUTURE']);
      }
    });

    it('bring a raw token that nobody can vouch for', async () => {
      const forged = await new SignJWT({ iss: ISSUER, jti: 'x' })
        .setProtectedHeader({ alg: 'HS256', kid: 'issuer-1' })
        .sign(new TextEncoder().encode('a secret that is long enough for it'));
      const good = await deployment.token();
      const foreign = await deployment.token({ iss: OTHER_ISSUER });
      for (const token of [forged, good.slice(0, -4), 'not a token', `${good}.x`, foreign]) {
        const answer = await api.revoke({ issuer: ISSUER, scope: 'token', token });
        expectProblem(answer, [422, 'ERR_TOKEN_UNVERIFIABLE']);
        expect(answer.text).not.toContain(token);
      }
    });
  });

  describe('bodies that', () => {
    it('are not JSON', async () => {
      for (const body of ['{', '{"issuer": }', '', '\ufeff', '{"__proto__":{"scope":"issuer"}}']) {
        const answer = await api.post('/v1/revocations', body);
        expect(answer.status).toBe(400);
        expect(answer.body.code).toMatch(/^ERR_(?:BODY_MALFORMED|REVOCATION_INVALID)$/);
      }
    });

    it('have 10 MB', async () => {
      const answer = await api.revoke({ ...COMMAND, reason: 'x'.repeat(10 * 1024 * 1024) });
      expectProblem(answer, [413, 'ERR_BODY_TOO_LARGE']);
    });

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/x-ndjson'])(
      'are sent as %s',
      async (type) => {
        const answer = await api.revoke(COMMAND, { 'content-type': type });
        expectProblem(answer, [415, 'ERR_CONTENT_TYPE']);
      },
    );

    it('are JSON where lines are due', async () => {
      expectProblem(await api.post('/v1/revocations/batch', COMMAND), [415, 'ERR_CONTENT_TYPE']);
    });
  });

  describe('callers who', () => {
    it('D15: bring no credentials, wrong, expired or malformed ones', async () => {
      for (const key of [null, 'wrong', 'expired-key', '', 'a b', 'x'.repeat(20_000)]) {
        const answer = await api.post('/v1/revocations', COMMAND, { key });
        expect([400, 401, 431]).toContain(answer.status);
        if (answer.status === 401) expectProblem(answer, [401, 'ERR_UNAUTHENTICATED']);
      }
      expect((await api.post('/v1/revocations', COMMAND, { key: null })).headers.get('www-authenticate')).toMatch(
        /^Bearer/,
      );
    });

    it('D15: ask any route of /v1 without credentials', async () => {
      const paths = Object.entries<object>((await api.get('/openapi.json')).body.paths);
      for (const [path, item] of paths.filter(([path]) => path.startsWith('/v1/'))) {
        for (const method of Object.keys(item)) {
          const answer = await api.call(method.toUpperCase(), path.replace('{id}', 'some'), { key: null });
          expect([path, method, answer.status]).toEqual([path, method, 401]);
        }
      }
    });

    it('may read only, and want to write', async () => {
      const answer = await api.post('/v1/revocations', COMMAND, { key: READER_KEY });
      expectProblem(answer, [403, 'ERR_FORBIDDEN']);
      expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
    });

    it('are limited to other issuers or scopes', async () => {
      const call = { key: LIMITED_KEY };
      expectProblem(await api.post('/v1/revocations', COMMAND, call), [403, 'ERR_FORBIDDEN']);
      const elsewhere = { issuer: OTHER_ISSUER, scope: 'client', clientId: 'a' };
      expectProblem(await api.post('/v1/revocations', elsewhere, call), [403, 'ERR_FORBIDDEN']);
      const allowed = await api.post('/v1/revocations', { issuer: ISSUER, scope: 'device', deviceId: 'd' }, call);
      expect(allowed.status).toBe(201);
    });

    it('are limited, to forget a node: that concerns every issuer', async () => {
      const answer = await api.post('/v1/nodes/forget', { node: 'n', instance: 'i' }, { key: LIMITED_KEY });
      expectProblem(answer, [403, 'ERR_FORBIDDEN']);
    });

    it('ask for what they may not see: to them it does not exist', async () => {
      const { body } = await api.revoke({ ...COMMAND, sub: 'hidden' });
      expectProblem(await api.get(`/v1/revocations/${body.id}`, { key: LIMITED_KEY }), [
        404,
        'ERR_REVOCATION_NOT_FOUND',
      ]);
      const list = await api.get('/v1/revocations', { key: LIMITED_KEY });
      expect(list.body.items.every(({ scope }) => scope === 'device')).toBe(true);
      const lift = await api.post(`/v1/revocations/${body.id}/lift`, {}, { key: LIMITED_KEY });
      expectProblem(lift, [404, 'ERR_REVOCATION_NOT_FOUND']);
    });

    it('bring an operator token without the scope, or of an issuer that is none of operators', async () => {
      const operator = { iss: 'https://operators.example', sub: 'olivia' };
      const call = async (claims: object) =>
        api.post(
          '/v1/revocations',
          { ...COMMAND, scope: 'device', deviceId: 'x', sub: undefined },
          { key: await deployment.token({ ...operator, ...claims }) },
        );
      expectProblem(await call({ scope: 'revocations.read' }), [403, 'ERR_FORBIDDEN']);
      expectProblem(await call({ iss: ISSUER, scope: 'revocations.write' }), [401, 'ERR_UNAUTHENTICATED']);
      expectProblem(await call({ scope: 'revocations.write', exp: 1, iat: 0 }), [401, 'ERR_UNAUTHENTICATED']);
      const allowed = await call({ scope: 'openid revocations.write' });
      expect(allowed.status).toBe(201);
      expect(allowed.body.actor).toBe('https://operators.example#olivia');
    });
  });

  it.each(['%00%ff', 'a'.repeat(5_000)])('paths that cannot be read, without repeating them (%#)', async (id) => {
    const answer = await api.get(`/v1/revocations/${id}`);
    expectProblem(answer, [404, 'ERR_ROUTE_NOT_FOUND']);
    expect(answer.text).not.toContain(id);
  });

  it('paths that it does not have, and methods that a path does not have', async () => {
    expectProblem(await api.get('/v1/nothing'), [404, 'ERR_ROUTE_NOT_FOUND']);
    const answer = await api.call('PUT', '/v1/revocations', { body: {} });
    expectProblem(answer, [405, 'ERR_METHOD_NOT_ALLOWED']);
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST']);
  });

  it('to forget a node that it does not know', async () => {
    const answer = await api.post('/v1/nodes/forget', { node: 'nobody', instance: 'none' });
    expectProblem(answer, [404, 'ERR_NODE_NOT_FOUND']);
  });
});
