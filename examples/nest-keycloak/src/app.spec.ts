// Keycloak's guard verifies real signatures; the node is replaced by one that a test tells what is revoked.
import { createSign, generateKeyPairSync } from 'node:crypto';
import { type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keycloak } from '@revocast/node';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { AppModule } from './app.module.js';
import { beside } from './guards.js';

const KEYCLOAK = 'https://keycloak.example';
const issuer = `${KEYCLOAK}/realms/shop`;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
Object.assign(process.env, {
  ...{ KEYCLOAK_URL: KEYCLOAK, KEYCLOAK_REALM: 'shop', KEYCLOAK_CLIENT: 'orders', KEYCLOAK_SECRET: 'none' },
  KEYCLOAK_REALM_KEY: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
});

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** As Keycloak issues one. */
function tokenOf(claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 300 };
  const names = { iss: issuer, aud: 'account', sub: 'alice', sid: 'sid-1', jti: 'jti-1', azp: 'web', typ: 'Bearer' };
  const input = `${base64url({ alg: 'RS256', typ: 'JWT', kid: 'kid-1' })}.${base64url({ ...times, ...names, ...claims })}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(privateKey, 'base64url')}`;
}

describe('the guard of Keycloak and ours', () => {
  let revocations: TestRevocations;
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    revocations = new TestRevocations({ issuers: [keycloak({ issuer, audience: false })] });
    const builder = Test.createTestingModule({ imports: [AppModule] });
    app = (await RevocationTestingModule.override(builder, revocations, beside).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterEach(() => app.close());

  async function get(path: string, token?: string): Promise<readonly [number, unknown]> {
    const response = await fetch(
      url + path,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    );
    const text = await response.text();
    return [response.status, text.startsWith('{') ? JSON.parse(text) : text];
  }

  it('let in whom both let in, and a public route needs the marks of both', async () => {
    expect(await get('/me', tokenOf())).toEqual([200, { sub: 'alice', verdict: 'active' }]);
    expect(await get('/open')).toEqual([200, 'open']);
    const [forged] = await get('/me', `${tokenOf().slice(0, -8)}AAAAAAAA`);
    const [expired] = await get('/me', tokenOf({ exp: 1_000_000_000 }));
    const [none] = await get('/me');
    expect([forged, expired, none]).toEqual([401, 401, 401]);
  });

  it.each([
    { scope: 'session', sid: 'sid-1' },
    { scope: 'subject', sub: 'alice' },
    { scope: 'client', clientId: 'web' },
    { scope: 'token', jti: 'jti-1' },
  ] as const)('refuse what is revoked by $scope, and let others in', async (revocation) => {
    const others = { sid: 'sid-2', sub: 'bob', azp: 'app', jti: 'jti-2' };
    revocations.revoke({ issuer, ...revocation });
    const [status, problem] = await get('/me', tokenOf());
    expect([status, problem]).toEqual([401, expect.objectContaining({ code: 'ERR_TOKEN_REVOKED' })]);
    expect(await get('/me', tokenOf(others))).toEqual([200, { sub: 'bob', verdict: 'active' }]);
  });

  it('are asked before the roles', async () => {
    const admin = { realm_access: { roles: ['admin'] } };
    expect(await get('/admin', tokenOf(admin))).toEqual([200, 'admin']);
    expect((await get('/admin', tokenOf()))[0]).toBe(403);
    revocations.revoke({ issuer, scope: 'session', sid: 'sid-1' });
    for (const claims of [admin, {}]) expect((await get('/admin', tokenOf(claims)))[0]).toBe(401);
  });
});
