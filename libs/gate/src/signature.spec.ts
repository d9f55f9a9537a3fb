import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { issue, malleated, secretSigner, signExactly, signingKey } from '../test/signing.js';
import { expectRefused, verifyWith } from '../test/verifying.js';
import { goodClaims, goodIssuer } from '../test/world.js';
import { type IssuerInput, type Verified } from './index.js';

const key = signingKey('ES256', { kid: 'k1' });
const rsaKey = signingKey('RS256', { kid: 'rsa' });
const strangersKey = signingKey('ES256', { kid: 'k1' });

const verify = (token: string, settings: Partial<IssuerInput> = {}): Promise<Verified> =>
  verifyWith([goodIssuer([key.jwk, rsaKey.jwk], settings)], token);

describe('a token with a wrong signature', () => {
  it('is refused when another key of the same name signed it', async () => {
    await expectRefused(verify(issue(strangersKey, goodClaims())), 'ERR_TOKEN_SIGNATURE');
  });

  it('is refused when its payload was changed', async () => {
    const [header, , signature] = issue(key, goodClaims()).split('.') as [string, string, string];
    const forged = Buffer.from(JSON.stringify(goodClaims({ sub: 'admin' }))).toString('base64url');
    await expectRefused(verify(`${header}.${forged}.${signature}`), 'ERR_TOKEN_SIGNATURE');
  });

  it('is refused when its algorithm is none, whatever the case', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const unsigned = signExactly({ signatureOf: () => Buffer.from('x') }, { alg }, goodClaims());
      await expectRefused(verify(unsigned), 'ERR_TOKEN_SIGNATURE');
    }
  });

  it('is refused when its algorithm is not on the list', async () => {
    const token = issue(rsaKey, goodClaims());
    await expect(verify(token)).resolves.toBeDefined();
    await expectRefused(verify(token, { algorithms: ['ES256'] }), 'ERR_TOKEN_SIGNATURE');
  });

  it('is refused when a public RSA key was taken for a shared secret', async () => {
    const spellings = [rsaKey.jwk.n!, JSON.stringify(rsaKey.jwk), Buffer.from(rsaKey.jwk.n!, 'base64url')];
    for (const secret of spellings) {
      const token = issue(secretSigner(secret), goodClaims(), { kid: 'rsa' });
      await expectRefused(verify(token), 'ERR_TOKEN_SIGNATURE');
    }
  });

  it('is refused when the key is of the type that another algorithm needs', async () => {
    await expectRefused(verify(issue(rsaKey, goodClaims(), { alg: 'ES256' })), 'ERR_TOKEN_SIGNATURE');
  });

  it('is refused when it names another key of its issuer than the one that signed it', async () => {
    await expectRefused(verify(issue(key, goodClaims(), { kid: 'rsa' })), 'ERR_TOKEN_SIGNATURE');
    await expectRefused(verify(issue(key, goodClaims(), { kid: 'K1' })), 'ERR_TOKEN_SIGNATURE');
  });

  it('is refused when it brings its own key along', async () => {
    const { jwk } = strangersKey;
    const places = [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/x5u' },
      { x5c: ['MII'] },
    ];
    for (const header of places) {
      await expectRefused(verify(issue(strangersKey, goodClaims(), header)), 'ERR_TOKEN_SIGNATURE');
    }
  });

  it.each([[['exp']], [['b64']], [['https://id.example/ext']], [[]], ['b64']])(
    'is refused with the critical header %j',
    async (crit) => {
      await expectRefused(verify(issue(key, goodClaims(), { crit, b64: true })), 'ERR_TOKEN_SIGNATURE');
    },
  );

  it('is refused when its kid is no text', async () => {
    await expectRefused(verify(issue(key, goodClaims(), { kid: ['k1'] })), 'ERR_TOKEN_SIGNATURE');
  });
});

describe('several issuers', () => {
  const OTHER = 'https://other.example';
  const otherKey = signingKey('ES256', { kid: 'other' });
  const issuers = [goodIssuer([key.jwk]), goodIssuer([otherKey.jwk], { issuer: OTHER })];

  it("do not verify each other's tokens, whichever kid is named", async () => {
    const token = issue(otherKey, goodClaims());
    await expectRefused(verifyWith(issuers, token), 'ERR_TOKEN_SIGNATURE');
    await expectRefused(verifyWith(issuers, issue(otherKey, goodClaims(), { kid: 'k1' })), 'ERR_TOKEN_SIGNATURE');
    await expectRefused(verifyWith(issuers, issue(otherKey, goodClaims(), { kid: undefined })), 'ERR_TOKEN_SIGNATURE');
    await expect(verifyWith(issuers, issue(otherKey, goodClaims({ iss: OTHER })))).resolves.toBeDefined();
  });

  it.each([
    ['upper case', 'https://ID.example'],
    ['a trailing slash', 'https://id.example/'],
    ['a Cyrillic look-alike', 'https://іd.example'],
    ['a fullwidth look-alike', 'https://id.example'.replace('i', 'ｉ')],
    ['a trailing blank', 'https://id.example '],
  ])('are told apart byte for byte: %s', async (_title, iss) => {
    await expectRefused(verifyWith(issuers, issue(key, goodClaims({ iss }))), 'ERR_TOKEN_ISSUER_UNKNOWN');
  });

  it.each([[['https://id.example']], [{ iss: 'https://id.example' }], [7], [null]])(
    'are never named by %j',
    async (iss) => {
      await expectRefused(verifyWith(issuers, issue(key, goodClaims({ iss }))), 'ERR_TOKEN_ISSUER_UNKNOWN');
    },
  );
});

describe('the key that verified', () => {
  const named = signingKey('ES256', { kid: 'leaked' });

  it('is named by its own kid and thumbprint, also when the token names none', async () => {
    const issuers = [goodIssuer([key.jwk, named.jwk])];
    const { facts } = await verifyWith(issuers, issue(named, goodClaims(), { kid: undefined }));
    const members = JSON.stringify({ crv: named.jwk.crv, kty: 'EC', x: named.jwk.x, y: named.jwk.y });
    expect(facts.kid).toBe('leaked');
    expect(facts.thumbprint).toBe(createHash('sha256').update(members).digest('base64url'));
  });

  it('is not one that is meant for encryption, another algorithm or other operations', async () => {
    for (const members of [{ use: 'enc' }, { alg: 'ES384' }, { key_ops: ['sign'] }]) {
      const issuers = [goodIssuer([{ ...named.jwk, ...members }])];
      await expectRefused(verifyWith(issuers, issue(named, goodClaims())), 'ERR_TOKEN_SIGNATURE');
    }
  });

  it('is found among several of one name', async () => {
    const twin = signingKey('ES256', { kid: 'leaked' });
    const { facts } = await verifyWith([goodIssuer([twin.jwk, named.jwk])], issue(named, goodClaims()));
    expect(facts.kid).toBe('leaked');
  });

  it('is found although another key of the set has bad material', async () => {
    const broken = { ...named.jwk, x: 'AA', y: 'AA' };
    await expect(verifyWith([goodIssuer([broken, named.jwk])], issue(named, goodClaims()))).resolves.toBeDefined();
  });

  it('is tried for only so many keys when the token names none', async () => {
    const others = Array.from({ length: 16 }, () => signingKey('ES256').jwk);
    const unnamed = issue(named, goodClaims(), { kid: undefined });
    await expectRefused(verifyWith([goodIssuer([...others, named.jwk])], unnamed), 'ERR_TOKEN_SIGNATURE');
    await expect(verifyWith([goodIssuer([...others.slice(1), named.jwk])], unnamed)).resolves.toBeDefined();
  });
});

describe('a malleated ECDSA signature', () => {
  it('makes another text of the same token: its facts are the same', async () => {
    const token = issue(key, goodClaims({ jti: undefined }));
    const twin = malleated(token);
    expect(twin).not.toBe(token);
    const [facts, twinFacts] = [(await verify(token)).facts, (await verify(twin)).facts];
    expect(twinFacts.signingInputHash()).toBe(facts.signingInputHash());
  });
});
