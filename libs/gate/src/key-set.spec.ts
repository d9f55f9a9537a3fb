import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startKeyServer, type KeyServer } from '../test/key-server.js';
import { issue, signingKey, type SigningKey } from '../test/signing.js';
import { expectRefused } from '../test/verifying.js';
import { goodClaims, handClock, ISSUER, type HandClock } from '../test/world.js';
import { createTokenVerifier, parseIssuers, type TokenVerifier } from './index.js';
import { KEYS_AGE_MS_MAX, KEYS_COOLDOWN_MS, KEYS_REFRESH_MS, KEYS_RETRY_MS } from './key-set.js';

const old = signingKey('ES256', { kid: 'old' });
const next = signingKey('ES256', { kid: 'next' });
const forged = signingKey('ES256', { kid: 'forged' });

let server: KeyServer;
let clock: HandClock;
let verifier: TokenVerifier;

const serve = (...keys: readonly SigningKey[]): void => server.answer('/keys', { keys: keys.map(({ jwk }) => jwk) });
/** Tokens live for a day, so that only keys age in these tests. */
const tokenOf = (key: SigningKey, header: object = {}): string => {
  const iat = Math.floor(clock.wall() / 1000);
  return issue(key, goodClaims({ iat, exp: iat + 3600 }), header);
};
const verify = (key: SigningKey, header?: object): Promise<unknown> => verifier.verify(tokenOf(key, header));

beforeEach(async () => {
  server = await startKeyServer();
  clock = handClock();
  const issuers = parseIssuers([{ issuer: ISSUER, audience: 'orders', jwksUri: `${server.url}/keys` }]);
  verifier = createTokenVerifier({ issuers, clock, prng: () => 1 });
  serve(old);
});
afterEach(() => server.close());

describe('keys of an issuer', () => {
  it('are fetched by the first token that needs them, once for all that wait', async () => {
    expect(server.asked).toHaveLength(0);
    await Promise.all(Array.from({ length: 20 }, () => verify(old)));
    expect(server.asked).toHaveLength(1);
  });

  it('are not fetched for a token that is refused by its looks', async () => {
    await expectRefused(verifier.verify('x.y.z'), 'ERR_TOKEN_MALFORMED');
    await expectRefused(
      verifier.verify(issue(old, goodClaims({ iss: 'https://evil.example' }))),
      'ERR_TOKEN_ISSUER_UNKNOWN',
    );
    await expectRefused(verify(old, { alg: 'HS256' }), 'ERR_TOKEN_SIGNATURE');
    expect(server.asked).toHaveLength(0);
  });

  it('are fetched again for an unknown kid, so that a rotation is noticed', async () => {
    await verify(old);
    serve(old, next);
    clock.advance(KEYS_COOLDOWN_MS);
    await expect(verify(next)).resolves.toBeDefined();
    await expect(verify(old)).resolves.toBeDefined();
    expect(server.asked).toHaveLength(2);
  });

  it('are fetched again for a token without kid that none of them verifies', async () => {
    await verify(old);
    serve(next);
    clock.advance(KEYS_COOLDOWN_MS);
    await expect(verify(next, { kid: undefined })).resolves.toBeDefined();
  });

  it('are fetched for forged kids only once per cool-down', async () => {
    await verify(old);
    clock.advance(KEYS_COOLDOWN_MS);
    for (let forgery = 0; forgery < 10; forgery++) {
      await expectRefused(verify(forged, { kid: `forged-${forgery}` }), 'ERR_TOKEN_SIGNATURE');
    }
    expect(server.asked).toHaveLength(2);
  });

  it('are not fetched for a wrong signature under a known kid', async () => {
    await verify(old);
    clock.advance(KEYS_COOLDOWN_MS);
    await expectRefused(verify(forged, { kid: 'old' }), 'ERR_TOKEN_SIGNATURE');
    expect(server.asked).toHaveLength(1);
  });

  it('of kinds that we cannot use are passed over', async () => {
    server.answer('/keys', { keys: [{ kty: 'oct', k: 'c2VjcmV0' }, null, 7, { kty: 'RSA' }, old.jwk] });
    await expect(verify(old)).resolves.toBeDefined();
    await expectRefused(verify(next), 'ERR_TOKEN_SIGNATURE');
  });
});

describe('an outage of the issuer', () => {
  it('at the start is said to be one, and ends when the keys can be had', async () => {
    const port = Number(new URL(server.url).port);
    await server.close();
    await expectRefused(verify(old), 'ERR_KEYS_UNAVAILABLE');
    server = await startKeyServer(port);
    serve(old);
    clock.advance(KEYS_RETRY_MS.min);
    await expect(verify(old)).resolves.toBeDefined();
  });

  it('does not touch tokens of known keys', async () => {
    await verify(old);
    server.answer('/keys', 'out of order');
    clock.advance(KEYS_AGE_MS_MAX * 10);
    await expect(verify(old)).resolves.toBeDefined();
  });

  it('makes a token of an unknown key neither good nor bad', async () => {
    await verify(old);
    server.answer('/keys', 'out of order');
    clock.advance(KEYS_COOLDOWN_MS);
    await expectRefused(verify(next), 'ERR_KEYS_UNAVAILABLE');
    serve(old, next);
    clock.advance(KEYS_RETRY_MS.min);
    await expect(verify(next)).resolves.toBeDefined();
  });

  it('is asked about less and less often, and never more seldom than the longest wait', async () => {
    server.answer('/keys', 'out of order');
    const asked: number[] = [];
    for (let second = 0; second < 120; second++) {
      const before = server.asked.length;
      await expectRefused(verify(old), 'ERR_KEYS_UNAVAILABLE');
      if (server.asked.length > before) asked.push(second);
      clock.advance(1000);
    }
    expect(asked).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
  });

  it('is asked about soon again after an earlier one ended', async () => {
    server.answer('/keys', 'out of order');
    await expectRefused(verify(old), 'ERR_KEYS_UNAVAILABLE');
    clock.advance(KEYS_RETRY_MS.min);
    serve(old);
    await expect(verify(old)).resolves.toBeDefined();
    clock.advance(KEYS_COOLDOWN_MS);
    server.answer('/keys', 'out of order');
    await expectRefused(verify(next), 'ERR_KEYS_UNAVAILABLE');
    clock.advance(KEYS_RETRY_MS.min);
    serve(next);
    await expect(verify(next)).resolves.toBeDefined();
  });

  it('does not cost the keys when settings change that have nothing to do with them', async () => {
    await verify(old);
    server.answer('/keys', 'out of order');
    const issuer = { issuer: ISSUER, audience: 'orders', jwksUri: `${server.url}/keys` };
    verifier = verifier.withIssuers(parseIssuers([{ ...issuer, clockSkewSeconds: 30 }]));
    await expect(verify(old)).resolves.toBeDefined();
    verifier = verifier.withIssuers(parseIssuers([{ ...issuer, jwksUri: `${server.url}/other` }]));
    await expectRefused(verify(old), 'ERR_KEYS_UNAVAILABLE');
  });

  it('that shows as an empty set is not believed', async () => {
    await verify(old);
    server.answer('/keys', { keys: [] });
    clock.advance(KEYS_AGE_MS_MAX);
    await expect(verify(old)).resolves.toBeDefined();
  });
});

describe('a key that the issuer took out', () => {
  it('ends once the keys are refreshed behind a request', async () => {
    await verify(old);
    serve(next);
    clock.advance(KEYS_REFRESH_MS);
    await expect(verify(old)).resolves.toBeDefined();
    // The refresh runs behind that request; a token of the new key waits for the same fetch.
    await expect(verify(next)).resolves.toBeDefined();
    await expectRefused(verify(old), 'ERR_TOKEN_SIGNATURE');
    expect(server.asked).toHaveLength(2);
  });

  it('verifies no first token after a long idle time', async () => {
    await verify(old);
    serve(next);
    clock.advance(KEYS_AGE_MS_MAX);
    await expectRefused(verify(old), 'ERR_TOKEN_SIGNATURE');
  });
});
