import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createGate, parseIssuers } from '@revocast/gate';
import { RevocationGuard, RevocationHealthIndicator, RevocationModule } from '@revocast/nest';
import { RevocationTestingModule, TestRevocations, unsignedTestToken } from '@revocast/nest/testing';
import { anIssuer, startApp, type RunningApp } from './support.js';

@Controller()
class MeController {
  @Get('me')
  me(): string {
    return 'me';
  }
}

let running: RunningApp | undefined;
afterEach(async () => {
  await running?.app.close();
  running = undefined;
});

async function anApp(revocations = new TestRevocations()) {
  running = await startApp({
    imports: [RevocationTestingModule.forTest(revocations)],
    controllers: [MeController],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  const { get, app } = running;
  return { app, revocations, statusOf: async (token: string) => (await get('/me', token)).status };
}

describe('the testing module', () => {
  it('accepts its own tokens and no other', async () => {
    const { revocations, statusOf } = await anApp();
    expect(await statusOf(revocations.token())).toBe(200);
    expect(await statusOf(unsignedTestToken({ iss: 'https://elsewhere.test' }))).toBe(401);
    expect(await statusOf(await anIssuer('https://issuer.test').token())).toBe(401);
    expect(await statusOf('not-a-token')).toBe(401);
    const otherNone = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await statusOf(`${otherNone}.${revocations.token().split('.')[1] ?? ''}.`)).toBe(401);
  });

  it('makes tokens that no real gate accepts', async () => {
    const revocations = new TestRevocations();
    const clock = { wall: () => Date.now(), monotonic: () => performance.now() } as never;
    const source = { find: () => undefined, freshness: () => ({ fresh: true }) } as never;
    const issuers = parseIssuers([{ ...anIssuer('https://issuer.test').input, audience: 'test' }]);
    const gate = createGate({ issuers, source, mode: 'observe', clock });
    expect(await gate.check(revocations.token())).toMatchObject({ outcome: 'refuse', status: 401 });
  });

  it('holds tokens to the rules for claims, as the real gate does', async () => {
    const { revocations, statusOf } = await anApp();
    expect(await statusOf(revocations.token({ sub: ['alice'] }))).toBe(401);
    expect(await statusOf(revocations.token({ iat: undefined }))).toBe(401);
    expect(await statusOf(revocations.token({ exp: 1 }))).toBe(401);
  });

  it('revokes by every scope, by a cut-off and until lifted', async () => {
    const { revocations, statusOf } = await anApp();
    const now = Math.floor(Date.now() / 1000);
    const token = revocations.token({ sid: 's', client_id: 'app', device_id: 'phone', jti: 'j' });
    for (const key of [
      { scope: 'token', jti: 'j' },
      { scope: 'session', sid: 's' },
      { scope: 'client', clientId: 'app' },
      { scope: 'grant', sub: 'alice', clientId: 'app' },
      { scope: 'device', deviceId: 'phone' },
      { scope: 'issuer' },
    ] as const) {
      const id = revocations.revoke(key);
      expect([key.scope, await statusOf(token)]).toEqual([key.scope, 401]);
      revocations.lift(id);
      expect([key.scope, await statusOf(token)]).toEqual([key.scope, 200]);
    }
    revocations.revoke({ scope: 'subject', sub: 'alice', issuedBefore: now - 10 });
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(revocations.token({ iat: now - 11 }))).toBe(401);
    revocations.revoke({ scope: 'subject', sub: 'alice', until: 'lifted' });
    expect(await statusOf(revocations.token({ iat: now + 30 }))).toBe(401);
  });

  it('refuses to lift what was never revoked', () => {
    expect(() => new TestRevocations().lift('no-such-id')).toThrow(
      expect.objectContaining({ code: 'ERR_REVOCATION_NOT_FOUND' }),
    );
  });

  it.each([
    ['current', 200, 'up'],
    ['stale', 503, 'up'],
    ['failed', 503, 'up'],
    ['neverCurrent', 503, 'down'],
  ] as const)('plays a node that is %s', async (state, status, health) => {
    const { app, revocations, statusOf } = await anApp();
    revocations.setState(state);
    expect(await statusOf(revocations.token())).toBe(status);
    expect(app.get(RevocationHealthIndicator).health().status).toBe(health);
  });

  it('takes the place of the node in an application, whose own options are never made', async () => {
    @Module({
      imports: [
        RevocationModule.forRootAsync({
          useFactory: () => {
            throw new Error('would connect to a broker');
          },
        }),
      ],
      controllers: [MeController],
      providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
    })
    class AppModule {}
    const revocations = new TestRevocations();
    const builder = RevocationTestingModule.override(Test.createTestingModule({ imports: [AppModule] }), revocations);
    const app = (await builder.compile()).createNestApplication(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    try {
      const headers = { authorization: `Bearer ${revocations.token()}` };
      expect((await fetch(`${await app.getUrl()}/me`, { headers })).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});
