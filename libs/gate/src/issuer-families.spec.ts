import { describe, expect, it } from '@jest/globals';
import { issue, signingKey } from '../test/signing.js';
import { FRESH, goodClaims, handClock, handSource } from '../test/world.js';
import {
  createGate,
  FAMILY_UNPROVEN_MAX,
  NEW_ISSUERS_AT_ONCE,
  NEW_ISSUERS_PER_SECOND,
  parseIssuers,
  type GateAnswer,
  type IssuerInput,
} from './index.js';

const PATTERN = 'https://id.example/realms/{realm}';
const issuerOf = (realm: string): string => `https://id.example/realms/${realm}`;
const key = signingKey('ES256', { kid: 'k1' });
const tokenOf = (realm: string, signer = key): string => issue(signer, goodClaims({ iss: issuerOf(realm) }));

/** A provider of the realms named; of others it knows nothing. */
function aWorld(
  input: Partial<IssuerInput> = {},
  realms: readonly string[] = ['a', 'b'],
  more: readonly IssuerInput[] = [],
) {
  const asked: string[] = [];
  const clock = handClock();
  const fetch = (url: unknown): Promise<Response> => {
    asked.push(String(url));
    const realm = /^https:\/\/id\.example\/realms\/([^/]+)\//.exec(String(url))?.[1];
    if (realm === undefined || !realms.includes(realm)) return Promise.resolve(new Response('', { status: 404 }));
    const isMetadata = String(url).endsWith('openid-configuration');
    const metadata = { issuer: issuerOf(realm), jwks_uri: `${issuerOf(realm)}/keys` };
    return Promise.resolve(Response.json(isMetadata ? metadata : { keys: [key.jwk] }));
  };
  const families: { issuer: string; family: string | undefined }[] = [];
  const source = {
    ...handSource(clock),
    freshness: (issuer: string, _boundMs: number, family?: string) => {
      families.push({ issuer, family });
      return FRESH;
    },
  };
  const issuers = (with_: Partial<IssuerInput> = {}) =>
    parseIssuers([{ issuer: PATTERN, allow: 'any', audience: 'orders', ...input, ...with_ }, ...more]);
  const gate = createGate({ issuers: issuers(), source, mode: 'strict', clock, fetch, prng: () => 0.5 });
  return { gate, asked, clock, families, issuers, source };
}

const codeOf = (answer: GateAnswer): string => (answer.outcome === 'refuse' ? answer.code : answer.outcome);

describe('Issuers of one pattern', () => {
  it('are told apart in keys and facts, and counted together', async () => {
    const { gate, asked, families } = aWorld();
    const answers = [await gate.check(tokenOf('a')), await gate.check(tokenOf('b')), await gate.check(tokenOf('a'))];
    expect(answers.map(codeOf)).toEqual(['pass', 'pass', 'pass']);
    expect(families.map(({ issuer }) => issuer)).toEqual([issuerOf('a'), issuerOf('b'), issuerOf('a')]);
    expect(new Set(families.map(({ family }) => family))).toEqual(new Set([PATTERN]));
    expect(asked).toHaveLength(4);
    expect(gate.coverage()).toMatchObject([{ issuer: PATTERN, tokens: 3 }]);
  });

  it('are not fetched for when no pattern or rule allows them', async () => {
    const { gate, asked } = aWorld({ allow: { realm: ['a'] } });
    const elsewhere = issue(key, goodClaims({ iss: 'https://id.example.evil.example/realms/a' }));
    const answers = [await gate.check(tokenOf('b')), await gate.check(elsewhere), await gate.check(tokenOf('a'))];
    expect(answers.map(codeOf)).toEqual(['ERR_TOKEN_ISSUER_UNKNOWN', 'ERR_TOKEN_ISSUER_UNKNOWN', 'pass']);
    expect(asked.every((url) => url.startsWith(issuerOf('a')))).toBe(true);
  });

  it('are judged by a function in code, which only a plain yes lets through', async () => {
    const later = (): boolean => Promise.resolve(true) as unknown as boolean;
    const answers = [
      await aWorld({ allow: ({ realm }) => realm === 'a' }).gate.check(tokenOf('a')),
      await aWorld({ allow: ({ realm }) => realm === 'a' }).gate.check(tokenOf('b')),
      await aWorld({ allow: later }).gate.check(tokenOf('a')),
    ];
    expect(answers.map(codeOf)).toEqual(['pass', 'ERR_TOKEN_ISSUER_UNKNOWN', 'ERR_TOKEN_ISSUER_UNKNOWN']);
  });

  it('never verify each other’s tokens', async () => {
    const { gate } = aWorld({}, ['a', 'b']);
    await gate.check(tokenOf('a'));
    const other = signingKey('ES256', { kid: 'k1' });
    expect(codeOf(await gate.check(tokenOf('b', other)))).toBe('ERR_TOKEN_SIGNATURE');
  });

  it('that are made up in any number cause a bounded number of fetches, and nobody known waits for them', async () => {
    const { gate, asked, clock } = aWorld();
    await gate.check(tokenOf('a'));
    const before = asked.length;
    const flood = NEW_ISSUERS_AT_ONCE + 300;
    const codes: string[] = [];
    for (let n = 0; n < flood; n++) codes.push(codeOf(await gate.check(tokenOf(`made-up-${n}`))));
    // Two well-known places for each that was let in; one went to the issuer that is real.
    expect(asked.length - before).toBe(2 * (NEW_ISSUERS_AT_ONCE - 1));
    expect(new Set(codes)).toEqual(new Set(['ERR_KEYS_UNAVAILABLE']));
    expect(codeOf(await gate.check(tokenOf('a')))).toBe('pass');
    clock.advance(1_000);
    const after = asked.length;
    for (let n = 0; n < 200; n++) await gate.check(tokenOf(`later-${n}`));
    expect(asked.length - after).toBe(2 * NEW_ISSUERS_PER_SECOND);
  });

  it('that failed are not asked again at once, and drive out none whose tokens were verified', async () => {
    const { gate, asked, clock } = aWorld();
    await gate.check(tokenOf('a'));
    await gate.check(tokenOf('made-up'));
    const before = asked.length;
    await gate.check(tokenOf('made-up'));
    expect(asked).toHaveLength(before);
    for (let n = 0; n < 2 * FAMILY_UNPROVEN_MAX; n++) {
      clock.advance(1_000 / NEW_ISSUERS_PER_SECOND);
      await gate.check(tokenOf(`made-up-${n}`));
    }
    const asked2 = asked.length;
    const fresh = issue(key, goodClaims({ iss: issuerOf('a'), jti: 'another' }));
    expect(codeOf(await gate.check(fresh))).toBe('pass');
    expect(asked).toHaveLength(asked2);
  });

  it('keep their keys over a reload, and lose them with their rule', async () => {
    const { gate, asked, issuers } = aWorld();
    await gate.check(tokenOf('a'));
    const before = asked.length;
    const same = gate.withIssuers(issuers());
    expect(codeOf(await same.check(issue(key, goodClaims({ iss: issuerOf('a'), jti: 'another' }))))).toBe('pass');
    expect(asked).toHaveLength(before);
    const narrower = same.withIssuers(issuers({ allow: { realm: ['b'] } }));
    expect(codeOf(await narrower.check(tokenOf('a')))).toBe('ERR_TOKEN_ISSUER_UNKNOWN');
  });

  it('give way to a single issuer of that name, also for tokens that were verified before', async () => {
    const { gate, issuers, families } = aWorld();
    await gate.check(tokenOf('a'));
    const single = parseIssuers([{ issuer: issuerOf('a'), audience: 'payments', jwks: { keys: [key.jwk] } }]);
    const after = gate.withIssuers([...issuers(), ...single]);
    expect(codeOf(await after.check(tokenOf('a')))).toBe('ERR_TOKEN_AUDIENCE');
    expect(codeOf(await after.check(issue(key, goodClaims({ iss: issuerOf('a'), aud: 'payments' }))))).toBe('pass');
    expect(families.at(-1)).toEqual({ issuer: issuerOf('a'), family: undefined });
  });

  it('let a live connection of an issuer that nothing is kept of be asked about', async () => {
    const { gate } = aWorld();
    const answer = await gate.check(tokenOf('a'));
    if (answer.outcome !== 'pass') throw new Error('refused');
    const made = aWorld();
    expect(made.gate.recheck(answer.facts).outcome).toBe('pass');
    expect(aWorld({ allow: { realm: ['b'] } }).gate.recheck(answer.facts)).toMatchObject({ outcome: 'refuse' });
  });

  it('may share one key set, which is then fetched once', async () => {
    const { gate, asked } = aWorld({ jwksUri: 'https://id.example/realms/b/keys' });
    const answers = [await gate.check(tokenOf('a')), await gate.check(tokenOf('b')), await gate.check(tokenOf('c'))];
    expect(answers.map(codeOf)).toEqual(['pass', 'pass', 'pass']);
    expect(asked).toEqual(['https://id.example/realms/b/keys']);
  });

  it('may have key sets at a place that names them', async () => {
    const { gate, asked } = aWorld({ jwksUri: 'https://id.example/realms/{realm}/certs' });
    expect(codeOf(await gate.check(tokenOf('a')))).toBe('pass');
    expect(asked).toEqual(['https://id.example/realms/a/certs']);
  });
});

describe('Settings of a pattern', () => {
  const problemsOf = (input: object): string => {
    try {
      parseIssuers([{ issuer: PATTERN, allow: 'any', audience: 'orders', ...input }]);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    [{ allow: undefined }, 'issuers[0].allow: goes with a pattern'],
    [{ issuer: 'https://id.example' }, 'issuers[0].allow: goes with a pattern'],
    [{ allow: { tenant: ['a'] } }, 'issuers[0].allow: must name placeholders'],
    [{ allow: { realm: [] } }, 'issuers[0].allow'],
    [{ secret: 'x'.repeat(32) }, 'issuers[0].secret: cannot be shared'],
    [{ aliases: ['https://other.example'] }, 'issuers[0].aliases'],
    [{ assumeIssuer: true }, 'issuers[0].assumeIssuer'],
    [{ jwksUri: 'https://id.example/{tenant}/keys' }, 'issuers[0].jwksUri: may name only placeholders'],
    // A segment is no host: the token would choose whom we ask for its keys.
    [{ jwksUri: 'https://{realm}/keys' }, 'issuers[0].jwksUri: may name only placeholders'],
    [{ jwksUri: 'https://{realm}.example.com/keys' }, 'issuers[0].jwksUri: may name only placeholders'],
    [{ discovery: 'https://{realm}/metadata' }, 'issuers[0].discovery: may name only placeholders'],
    [{ issuer: 'https://*.com' }, 'issuers[0].issuer: must spell out'],
    [{ issuer: 'http://id.example/{realm}' }, 'https'],
  ])('%j is refused', (input, problem) => {
    expect(problemsOf(input)).toContain(problem);
  });

  it('must not overlap those of another pattern', () => {
    const issuers = [PATTERN, 'https://{host}.example.com/a', 'https://x.example.com/{path}'].map((issuer) => ({
      ...{ issuer, allow: 'any' as const, audience: 'orders' },
    }));
    expect(() => parseIssuers(issuers)).toThrow(/match the same issuers/);
    expect(() => parseIssuers(issuers.slice(0, 2))).not.toThrow();
  });
});
