import { Controller, Get, Post, Req } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Public, RevocationGuard, RevocationPolicy, type RevocationRequest } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations, type TestRevocationsOptions } from '@revocast/nest/testing';
import { ADAPTERS, problemOf, rawGet, startApp, type AdapterName, type RunningApp } from './support.js';

@Controller()
class ApiController {
  @Get('me')
  me(@Req() request: RevocationRequest): unknown {
    return { claims: request.user, verdict: request.revocation.verdict.kind };
  }

  @Public()
  @Get('open')
  open(): string {
    return 'open';
  }

  @RevocationPolicy({ stalenessMsMax: 15_000 })
  @Post('pay')
  pay(): string {
    return 'paid';
  }
}

let running: RunningApp | undefined;
afterEach(() => running?.app.close());

async function aGuardedApp(adapter: AdapterName, options?: TestRevocationsOptions) {
  const revocations = new TestRevocations(options);
  running = await startApp({
    adapter,
    imports: [RevocationTestingModule.forTest(revocations)],
    controllers: [ApiController],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  return { ...running, revocations };
}

describe.each(ADAPTERS)('the guard on %s', (adapter) => {
  it('lets an active token pass and leaves its claims on the request', async () => {
    const { get, revocations } = await aGuardedApp(adapter);
    const response = await get('/me', revocations.token({ sub: 'alice', role: 'admin' }));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ claims: { sub: 'alice', role: 'admin' }, verdict: 'active' });
  });

  it('refuses a revoked token with 401 invalid_token, a problem document and no-store', async () => {
    const { get, revocations } = await aGuardedApp(adapter);
    const token = revocations.token({ sub: 'alice' });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const response = await get('/me', token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await problemOf(response)).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'ERR_TOKEN_REVOKED',
    });
  });

  it('asks for a new login where the cut-off reads auth_time', async () => {
    const issuer = 'https://issuer.test';
    const { get, revocations } = await aGuardedApp(adapter, {
      issuers: [{ issuer, audience: 'test', cutoffClaim: 'auth_time' }],
    });
    const token = revocations.token({ auth_time: 1_700_000_000 });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const response = await get('/me', token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_user_authentication"/);
  });

  it('asks for credentials without an error code when there are none', async () => {
    const { get } = await aGuardedApp(adapter);
    const response = await get('/me');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await problemOf(response)).toMatchObject({ code: 'ERR_TOKEN_MISSING' });
  });

  it('answers 503 with Retry-After and no challenge when nobody can say', async () => {
    const { get, revocations } = await aGuardedApp(adapter);
    revocations.setState('stale');
    const response = await get('/me', revocations.token());
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await problemOf(response)).toMatchObject({ code: 'ERR_REVOCATION_UNKNOWN' });
  });

  it('refuses a revoked token with 401 also while it is stale', async () => {
    const { get, revocations } = await aGuardedApp(adapter);
    const token = revocations.token();
    revocations.revoke({ scope: 'issuer' });
    revocations.setState('stale');
    expect((await get('/me', token)).status).toBe(401);
  });

  it('refuses a request with two Authorization headers, whichever comes first', async () => {
    const { url, revocations } = await aGuardedApp(adapter);
    const authorization = ['Authorization', `Bearer ${revocations.token()}`];
    const answer = await rawGet(`${url}/me`, [...authorization, 'Authorization', 'Bearer other', 'Host', 'x']);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.challenge).toMatch(/^Bearer error="invalid_request"/);
  });
});

describe('policies of the guard', () => {
  it('lets everybody into a public route, and nobody else where the guard is global', async () => {
    const { get } = await aGuardedApp('fastify');
    expect((await get('/open')).status).toBe(200);
    expect((await get('/me')).status).toBe(401);
  });

  it('reads the decorators of each controller, also where they share an inherited handler', async () => {
    class Base {
      @Get()
      read(): string {
        return 'read';
      }
    }
    @Public()
    @Controller('inherited-open')
    class OpenController extends Base {}
    @Controller('inherited-closed')
    class ClosedController extends Base {}
    running = await startApp({
      imports: [RevocationTestingModule.forTest(new TestRevocations())],
      controllers: [OpenController, ClosedController],
      providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
    });
    for (let round = 0; round < 2; round++) {
      expect((await running.get('/inherited-open')).status).toBe(200);
      expect((await running.get('/inherited-closed')).status).toBe(401);
    }
  });

  it('holds a route with a tighter policy to its own bound', async () => {
    const { url, get, revocations } = await aGuardedApp('fastify');
    const authorization = `Bearer ${revocations.token()}`;
    const pay = () => fetch(`${url}/pay`, { method: 'POST', headers: { authorization } });
    revocations.setState({ stalenessMs: 15_000 });
    expect((await pay()).status).toBe(201);
    revocations.setState({ stalenessMs: 15_001 });
    expect((await pay()).status).toBe(503);
    expect((await get('/me', revocations.token())).status).toBe(200);
  });

  it('uses the last known state in bestEffort, once there was one', async () => {
    const { get, revocations } = await aGuardedApp('fastify', { mode: 'bestEffort' });
    revocations.setState('stale');
    expect((await get('/me', revocations.token())).status).toBe(200);
    revocations.setState('neverCurrent');
    expect((await get('/me', revocations.token())).status).toBe(503);
  });

  it('enforces no revocation in observe, and still lets no bad token in', async () => {
    const { get, revocations } = await aGuardedApp('fastify', { mode: 'observe' });
    const token = revocations.token();
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const response = await get('/me', token);
    expect(await response.json()).toMatchObject({ verdict: 'revoked' });
    expect((await get('/me', 'not-a-token')).status).toBe(401);
  });

  it('lets the token in again when its revocation is lifted', async () => {
    const { get, revocations } = await aGuardedApp('fastify');
    const token = revocations.token();
    const id = revocations.revoke({ scope: 'subject', sub: 'alice', until: 'lifted' });
    expect((await get('/me', token)).status).toBe(401);
    revocations.lift(id);
    expect((await get('/me', token)).status).toBe(200);
  });
});
