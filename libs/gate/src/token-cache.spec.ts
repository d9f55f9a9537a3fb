import { describe, expect, it } from '@jest/globals';
import { LAWS } from '../test/token-cache-laws.js';
import { MUTANTS } from '../test/token-cache-mutants.js';
import { cacheWorld, check, entries, KEY, makeReal, tokenOf } from '../test/token-cache-world.js';
import { goodClaims, goodIssuer, handClock, handSource } from '../test/world.js';
import { issue, signExactly } from '../test/signing.js';
import { CLAIMS_DEPTH_MAX } from './claims-copy.js';
import { createGate, parseIssuers, type GateOptions } from './index.js';

describe('the verified-token cache', () => {
  it.each(Object.entries(LAWS))('keeps the law: %s', async (_law, holds) => {
    await expect(holds(makeReal)).resolves.toBeUndefined();
  });

  it.each(MUTANTS)('%s is caught', async (_mutant, make, law) => {
    await expect(LAWS[law]?.(make)).rejects.toThrow();
  });
});

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('the bounds of the cache', () => {
  it('let the token go that was not seen for longest', async () => {
    const world = cacheWorld(makeReal, { entriesMax: 2 });
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => tokenOf({ jti })) as [string, string, string];
    for (const token of [a, b, a, c]) await check(world, token);
    expect(world.gate.tokenCache()).toMatchObject({ entries: 2, hits: 1, misses: 3 });
    await check(world, a);
    expect(world.gate.tokenCache()).toMatchObject({ hits: 2 });
    await check(world, b);
    expect(world.gate.tokenCache()).toMatchObject({ entries: 2, misses: 4 });
  });

  it('count bytes, and give them back', async () => {
    const bytesMax = 20_000;
    const world = cacheWorld(makeReal, { bytesMax });
    for (let token = 0; token < 30; token++) {
      await check(world, tokenOf({ jti: `token-${token}`, text: 'x'.repeat(100 * (token % 10)) }));
      expect(world.gate.tokenCache()?.bytes).toBeLessThanOrEqual(bytesMax);
    }
    expect(entries(world)).toBeGreaterThan(5);
    world.gate = world.gate.withIssuers([]);
    expect(world.gate.tokenCache()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it.each([
    ['larger than the cache', JSON.stringify('x'.repeat(5000))],
    ['nested deeper than can be copied safely', nested(CLAIMS_DEPTH_MAX + 1)],
    ['nested as deep as a token can be', nested(5_500)],
  ])('keep out, but not away, a token that is %s', async (_what, json) => {
    const world = cacheWorld(makeReal, { bytesMax: 5_000 });
    const payload = JSON.stringify(goodClaims()).replace(/}$/, `,"more":${json}}`);
    const token = signExactly(KEY, { alg: 'ES256', kid: 'k1' }, payload);
    for (let request = 0; request < 2; request++) expect(await check(world, token)).toBe('pass');
    expect(world.gate.tokenCache()).toMatchObject({ entries: 0, hits: 0, misses: 2 });
  });
});

describe('the option tokenCache', () => {
  const gateWith = (tokenCache?: GateOptions['tokenCache']) => {
    const clock = handClock();
    const issuers = parseIssuers([goodIssuer([KEY.jwk])]);
    const rest = tokenCache === undefined ? {} : { tokenCache };
    return createGate({ issuers, source: handSource(clock), mode: 'strict', clock, ...rest });
  };

  it('is on when nothing is said', () => {
    expect(gateWith().tokenCache()).toEqual({ entries: 0, bytes: 0, hits: 0, misses: 0 });
  });

  it('switches the cache off: each check verifies the signature', async () => {
    const gate = gateWith(false);
    const token = issue(KEY, goodClaims());
    for (let request = 0; request < 2; request++) {
      const answer = gate.checkNow(token);
      expect(answer).toBeInstanceOf(Promise);
      expect(await answer).toMatchObject({ outcome: 'pass' });
    }
    expect(gate.tokenCache()).toBeUndefined();
  });

  it.each([
    [{ entriesMax: 0 }, 'entriesMax'],
    [{ entriesMax: 1e9 }, 'entriesMax'],
    [{ bytesMax: Number.NaN }, 'bytesMax'],
    [{ bytesMax: 0.5 }, 'bytesMax'],
  ])('is refused when it is %j', (bounds, name) => {
    expect(() => gateWith(bounds)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining(name) }),
    );
  });
});
