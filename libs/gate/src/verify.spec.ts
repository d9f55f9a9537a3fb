import { describe, expect, it } from '@jest/globals';
import { type TokenFacts } from '@revocast/core';
import { createHash } from 'node:crypto';
import { issue, secretSigner, signExactly, signingKey } from '../test/signing.js';
import { expectRefused, verifyWith } from '../test/verifying.js';
import { goodClaims, goodIssuer, ISSUER, NOW_SECONDS } from '../test/world.js';
import { type IssuerInput, type Verified } from './index.js';

const key = signingKey('ES256', { kid: 'k1' });
const strangersKey = signingKey('ES256', { kid: 'k1' });

const verify = (token: string, settings: Partial<IssuerInput> = {}): Promise<Verified> =>
  verifyWith([goodIssuer([key.jwk], settings)], token);

const factsOf = async (token: string, settings: Partial<IssuerInput> = {}): Promise<TokenFacts> =>
  (await verify(token, settings)).facts;

describe('a good token', () => {
  it('verifies, and its facts are what revocations are keyed by', async () => {
    const { facts, claims, header } = await verify(issue(key, goodClaims()));
    expect(facts).toMatchObject({
      issuer: ISSUER,
      sub: 'alice',
      jti: 'token-1',
      sid: 'session-1',
      clientId: 'app-1',
      kid: 'k1',
    });
    expect(claims['sub']).toBe('alice');
    expect(header).toEqual({ alg: 'ES256', kid: 'k1' });
  });

  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)('verifies when signed with %s', async (algorithm) => {
    const signer = signingKey(algorithm, { kid: 'signer' });
    const { facts } = await verifyWith([goodIssuer([signer.jwk])], issue(signer, goodClaims()));
    expect(facts.kid).toBe('signer');
  });

  it('verifies with a shared secret, and then no key has a name that could be revoked', async () => {
    const secret = 'a secret of at least 32 bytes of text';
    const issuer: IssuerInput = { issuer: ISSUER, audience: 'orders', secret };
    const { facts } = await verifyWith([issuer], issue(secretSigner(secret), goodClaims()));
    expect(facts.kid).toBeUndefined();
    expect(facts.thumbprint).toBeUndefined();
    await expect(
      verifyWith([issuer], issue(secretSigner(secret), goodClaims(), { kid: 'any' })),
    ).resolves.toBeDefined();
  });

  it('is named by the hash of its signing input', async () => {
    const token = issue(key, goodClaims());
    const signingInput = token.slice(0, token.lastIndexOf('.'));
    const expected = createHash('sha256').update(signingInput).digest('base64url');
    expect((await factsOf(token)).signingInputHash()).toBe(expected);
  });

  it('of an alias counts as the issuer itself', async () => {
    const token = issue(key, goodClaims({ iss: `${ISSUER}/` }));
    expect((await factsOf(token, { aliases: [`${ISSUER}/`] })).issuer).toBe(ISSUER);
    await expectRefused(verify(token), 'ERR_TOKEN_ISSUER_UNKNOWN');
  });

  it('without iss counts only as the issuer that says so', async () => {
    const token = issue(key, goodClaims({ iss: undefined }));
    expect((await factsOf(token, { assumeIssuer: true })).issuer).toBe(ISSUER);
    await expectRefused(verify(token), 'ERR_TOKEN_ISSUER_UNKNOWN');
  });

  it('may name several audiences, ours among them', async () => {
    await expect(verify(issue(key, goodClaims({ aud: ['profile', 'orders'] })))).resolves.toBeDefined();
  });

  it('may carry its type as a media type in any case', async () => {
    await expect(verify(issue(key, goodClaims(), { typ: 'application/AT+JWT' }))).resolves.toBeDefined();
  });
});

describe('a token of another kind', () => {
  it.each(['logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'statuslist+jwt', 'dpop+jwt', 'JOSE', ' at+jwt'])(
    'is refused by its type %s',
    async (typ) => {
      await expectRefused(verify(issue(key, goodClaims(), { typ })), 'ERR_TOKEN_TYPE');
      await expectRefused(verify(issue(key, goodClaims(), { typ: `application/${typ}` })), 'ERR_TOKEN_TYPE');
    },
  );

  it.each([[7], [null], [['JWT']]])('is refused when its type is %j', async (typ) => {
    await expectRefused(verify(issue(key, goodClaims(), { typ })), 'ERR_TOKEN_TYPE');
  });

  it.each([
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['an introspection answer', { token_introspection: { active: true } }],
    ['an ID token by at_hash', { at_hash: 'x' }],
    ['an ID token by nonce', { nonce: 'x' }],
    ['an ID token of Keycloak', { typ: 'ID' }],
    ['a refresh token of Keycloak', { typ: 'Refresh' }],
    ['an offline token of Keycloak', { typ: 'Offline' }],
    ['a refresh token by token_use', { token_use: 'refresh' }],
    ['a refresh token by token_type', { token_type: 'refresh' }],
  ])('is refused although it is typed JWT: %s', async (_title, claims) => {
    await expectRefused(verify(issue(key, goodClaims(claims), { typ: 'JWT' })), 'ERR_TOKEN_TYPE');
  });

  it('is not suspected for a nonce when it has a scope: some issuers copy it into access tokens', async () => {
    await expect(verify(issue(key, goodClaims({ nonce: 'x', scope: 'read' })))).resolves.toBeDefined();
  });

  it.each([[undefined], ['profile'], [['profile']], [[['orders']]], [{ orders: true }], [7], ['']])(
    'is refused when it is meant for the audience %j',
    async (aud) => {
      await expectRefused(verify(issue(key, goodClaims({ aud }))), 'ERR_TOKEN_AUDIENCE');
    },
  );

  it('is refused without the value that the issuer requires of a claim', async () => {
    const settings = { require: { token_use: 'access' } };
    await expectRefused(verify(issue(key, goodClaims()), settings), 'ERR_TOKEN_CLAIMS');
    await expectRefused(verify(issue(key, goodClaims({ token_use: ['access'] })), settings), 'ERR_TOKEN_CLAIMS');
    await expect(verify(issue(key, goodClaims({ token_use: 'access' })), settings)).resolves.toBeDefined();
  });
});

describe('times', () => {
  it.each([
    ['exactly at exp plus skew', { exp: NOW_SECONDS - 60 }, 'ERR_TOKEN_EXPIRED'],
    ['issued in the future', { iat: NOW_SECONDS + 61 }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['valid in the future', { nbf: NOW_SECONDS + 61 }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['nbf as text', { nbf: '1' }, 'ERR_TOKEN_CLAIMS'],
    ['longer than the lifetime', { exp: NOW_SECONDS + 86_400 }, 'ERR_TOKEN_LIFETIME'],
  ] as const)('refuse a token: %s', async (_title, claims, code) => {
    await expectRefused(verify(issue(key, goodClaims(claims))), code);
  });

  it.each([
    ['just before exp plus skew', { exp: NOW_SECONDS - 59 }],
    ['issued ahead within skew', { iat: NOW_SECONDS + 60 }],
    ['valid ahead within skew', { nbf: NOW_SECONDS + 60 }],
  ])('let a token pass: %s', async (_title, claims) => {
    await expect(verify(issue(key, goodClaims(claims)))).resolves.toBeDefined();
  });

  it('D3: refuse a token without iat or exp, and one whose times are no finite numbers', async () => {
    for (const claim of ['iat', 'exp']) {
      for (const value of [undefined, null, '1800000000', [NOW_SECONDS], {}]) {
        await expectRefused(verify(issue(key, goodClaims({ [claim]: value }))), 'ERR_TOKEN_CLAIMS');
      }
    }
    const endless = JSON.stringify(goodClaims({ exp: 0 })).replace('"exp":0', '"exp":1e999');
    await expectRefused(verify(signExactly(key, { alg: 'ES256', kid: 'k1' }, endless)), 'ERR_TOKEN_CLAIMS');
  });

  it('D9: let a token of 30 days pass where its issuer may give that long', async () => {
    const month = 30 * 86_400;
    const token = issue(key, goodClaims({ iat: NOW_SECONDS, exp: NOW_SECONDS + month }));
    await expect(verify(token, { maxLifetimeSeconds: month })).resolves.toBeDefined();
  });

  it('of an expired token are ignored on request, but nothing else about it', async () => {
    const expired = goodClaims({ iat: NOW_SECONDS - 7200, exp: NOW_SECONDS - 3600 });
    const issuers = [goodIssuer([key.jwk])];
    const { facts } = await verifyWith(issuers, issue(key, expired), { ignoreExpiry: true });
    expect(facts.expiresAt).toBe(NOW_SECONDS - 3600);
    await expectRefused(
      verifyWith(issuers, issue(strangersKey, expired), { ignoreExpiry: true }),
      'ERR_TOKEN_SIGNATURE',
    );
  });
});

describe('D3: a claim that a revocation could be keyed by', () => {
  it('is read as decimal text when the subject is a number', async () => {
    expect((await factsOf(issue(key, goodClaims({ sub: 42 })))).sub).toBe('42');
  });

  it('refuses a subject beyond the safe integers: two users would be one', async () => {
    const text = JSON.stringify(goodClaims({ sub: 0 })).replace('"sub":0', '"sub":9007199254740993');
    await expectRefused(verify(signExactly(key, { alg: 'ES256', kid: 'k1' }, text)), 'ERR_TOKEN_CLAIMS');
  });

  it.each([
    ['an array as sub', { sub: ['alice'] }],
    ['an object as sub', { sub: { name: 'alice' } }],
    ['a fraction as sub', { sub: 1.5 }],
    ['an empty jti', { jti: '' }],
    ['an array as jti', { jti: ['token-1'] }],
    ['an array as sid', { sid: ['session-1'] }],
    ['null as client_id', { client_id: null }],
    ['a jti of 1,025 bytes', { jti: 'x'.repeat(1025) }],
    ['no sub where one is required', { sub: undefined }],
  ])('is never passed over: %s', async (_title, claims) => {
    await expectRefused(verify(issue(key, goodClaims(claims))), 'ERR_TOKEN_CLAIMS');
  });

  it('is compared byte for byte: a look-alike is another subject', async () => {
    expect((await factsOf(issue(key, goodClaims({ sub: 'аlice' })))).sub).not.toBe('alice');
  });

  it('is not looked for in the prototype of an object', async () => {
    const settings = { claims: { device: 'constructor' } };
    expect((await factsOf(issue(key, goodClaims()), settings)).deviceId).toBeUndefined();
  });
});
