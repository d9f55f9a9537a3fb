import { describe, expect, it } from '@jest/globals';
import { AN_ISSUER, anIssuer } from '@revocast/testing';
import fc from 'fast-check';
import { type Claims, factsFrom, type VerifiedKey } from './claims.js';
import { type ErrorCode, RevocationError } from './errors.js';
import { type IssuerSettings } from './issuer-settings.js';
import { parseKey } from './key.js';
import { type TokenFacts } from './token.js';
import { epochMs } from './units.js';

const IAT = 1_790_000_000;
const NOW = epochMs((IAT + 10) * 1000);
const GOOD: Claims = { iss: AN_ISSUER, iat: IAT, exp: IAT + 3600 };

const facts = (
  claims: Claims = {},
  settings: Partial<IssuerSettings> = {},
  key: VerifiedKey = {},
  now = NOW,
): TokenFacts => factsFrom({ ...GOOD, ...claims }, anIssuer(settings), key, () => 'hash', now);

const codeOf = (act: () => unknown): ErrorCode | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof RevocationError) return error.code;
    throw error;
  }
  return undefined;
};

const without = (name: string): Claims => Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name));
const factsWithout = (name: string): TokenFacts => factsFrom(without(name), anIssuer(), {}, () => 'hash', NOW);

describe('the facts of a token', () => {
  it('are its mapped claims, its times and the key that verified it', () => {
    const claims = { jti: 'j', sid: 's', sub: 'a', azp: 'app', device_id: 'd', other: ['x'] };
    const { signingInputHash, ...rest } = facts(claims, {}, { kid: 'k', thumbprint: 't' });
    expect(signingInputHash()).toBe('hash');
    expect(rest).toEqual({
      ...{ issuer: AN_ISSUER, issuedAt: IAT, expiresAt: IAT + 3600, cutoffTime: IAT },
      ...{ jti: 'j', sid: 's', sub: 'a', clientId: 'app', deviceId: 'd', kid: 'k', thumbprint: 't' },
    });
  });

  it('do not hash the signing input', () => {
    const hashes: string[] = [];
    factsFrom(GOOD, anIssuer(), {}, () => (hashes.push('asked'), 'hash'), NOW);
    expect(hashes).toEqual([]);
  });

  it('lack what is not mapped, and what the token lacks', () => {
    expect(facts({ sid: 's', sub: 'a' }, { claims: { session: ['sid'] } })).not.toHaveProperty('sub');
    expect(facts({ sid: 's' })).not.toHaveProperty('sub');
    expect(facts({}, {}, { kid: '' })).not.toHaveProperty('kid');
  });

  it('read the first claim that is present of several', () => {
    expect(facts({ client_id: 'one', azp: 'two' }).clientId).toBe('one');
    expect(facts({ azp: 'two' }).clientId).toBe('two');
  });

  it('do not fall back to the next claim when the first is improper', () => {
    expect(codeOf(() => facts({ client_id: '', azp: 'two' }))).toBe('ERR_TOKEN_CLAIMS');
    expect(codeOf(() => facts({ client_id: null, azp: 'two' }))).toBe('ERR_TOKEN_CLAIMS');
  });

  it('are of the issuer whose settings apply, byte for byte', () => {
    expect(codeOf(() => facts({ iss: `${AN_ISSUER}/` }))).toBe('ERR_TOKEN_CLAIMS');
    expect(codeOf(() => facts({ iss: AN_ISSUER.toUpperCase() }))).toBe('ERR_TOKEN_CLAIMS');
    expect(codeOf(() => factsWithout('iss'))).toBe('ERR_TOKEN_CLAIMS');
  });
});

describe('claims that carry a key (D3)', () => {
  const improper: readonly (readonly [string, unknown])[] = [
    ['an empty text', ''],
    ['null', null],
    ['a list', ['a']],
    ['an object', { a: 1 }],
    ['true', true],
    ['a fraction', 1.5],
    ['a number beyond the safe integers', 2 ** 53],
    ['a surrogate that stands alone', 'a\udc00'],
    ['a text of 1,025 bytes', 'é'.repeat(512) + 'a'],
  ];
  const fields = ['jti', 'sid', 'sub', 'client_id', 'device_id'];
  const cases = fields.flatMap((name) => improper.map(([what, value]) => [name, what, value] as const));

  it.each(cases)('refuse the token when %s is %s', (name, _what, value) => {
    expect(codeOf(() => facts({ [name]: value }))).toBe('ERR_TOKEN_CLAIMS');
  });

  it('take a safe integer as subject by its digits, and in no other claim', () => {
    expect(facts({ sub: 42 }).sub).toBe('42');
    expect(facts({ sub: -7 }).sub).toBe('-7');
    expect(facts({ sub: Number.MAX_SAFE_INTEGER }).sub).toBe('9007199254740991');
    expect(codeOf(() => facts({ sid: 42 }))).toBe('ERR_TOKEN_CLAIMS');
  });

  it('refuse or give a key that a revocation can have: nothing slips between', () => {
    fc.assert(
      fc.property(fc.anything(), (sub) => {
        const outcome = codeOf(() => facts({ sub }));
        const accepted = outcome === undefined ? facts({ sub }).sub : undefined;
        expect([undefined, 'ERR_TOKEN_CLAIMS']).toContain(outcome);
        // Absent is the one other way to be accepted without a subject.
        expect(
          accepted === undefined ? outcome !== undefined || sub === undefined : parseKey('subject', { sub: accepted }),
        ).toBeTruthy();
      }),
    );
  });

  it('refuse a key id that no revocation can name', () => {
    expect(codeOf(() => facts({}, {}, { kid: 'k'.repeat(1025) }))).toBe('ERR_TOKEN_CLAIMS');
  });

  it('are read from the token itself, not from what every object has', () => {
    expect(facts({}, { claims: { subject: ['constructor'] } })).not.toHaveProperty('sub');
    expect(codeOf(() => facts({}, { require: ['toString'] }))).toBe('ERR_TOKEN_CLAIMS');
  });
});

describe('required claims', () => {
  it.each<[string, Claims]>([
    ['absent', {}],
    ['null', { sid: null }],
    ['empty', { sid: '' }],
  ])('refuse the token when one is %s', (_what, claims) => {
    expect(codeOf(() => facts(claims, { require: ['sid'] }))).toBe('ERR_TOKEN_CLAIMS');
  });

  it('pass when they are all there', () => {
    expect(facts({ sid: 's', roles: [] }, { require: ['sid', 'roles'] }).sid).toBe('s');
  });
});

describe('the times of a token', () => {
  it.each(['iat', 'exp'])('are required: %s', (name) => {
    expect(codeOf(() => factsWithout(name))).toBe('ERR_TOKEN_CLAIMS');
    for (const value of ['1790000000', null, [IAT], Number.NaN, Infinity]) {
      expect(codeOf(() => facts({ [name]: value }))).toBe('ERR_TOKEN_CLAIMS');
    }
  });

  it('may be ahead by the skew, to the millisecond (D13)', () => {
    const iat = NOW / 1000 + 60;
    expect(codeOf(() => facts({ iat, exp: iat + 1 }))).toBeUndefined();
    expect(codeOf(() => facts({ iat: iat + 0.001, exp: iat + 1 }))).toBe('ERR_TOKEN_NOT_YET_VALID');
  });

  it('refuse milliseconds as from the future', () => {
    expect(codeOf(() => facts({ iat: IAT * 1000, exp: IAT * 1000 + 60 }))).toBe('ERR_TOKEN_NOT_YET_VALID');
  });

  it('are at most the longest lifetime apart (D8)', () => {
    expect(codeOf(() => facts({ exp: IAT + 60 }, { maxLifetimeSeconds: 60 }))).toBeUndefined();
    expect(codeOf(() => facts({ exp: IAT + 60.5 }, { maxLifetimeSeconds: 60 }))).toBe('ERR_TOKEN_LIFETIME');
    expect(codeOf(() => facts({ iat: 0, exp: IAT }))).toBe('ERR_TOKEN_LIFETIME');
  });
});

describe('the time a cut-off is compared with', () => {
  const byAuthTime = { cutoffClaim: 'auth_time' } as const;

  it('is iat with the offset of an issuer that back-dates it', () => {
    expect(facts({}, { issuedAtOffsetSeconds: 300 }).cutoffTime).toBe(IAT + 300);
    expect(facts({}, { issuedAtOffsetSeconds: 300 }).issuedAt).toBe(IAT);
  });

  it('is auth_time, without that offset, where the issuer is set so', () => {
    expect(facts({ auth_time: IAT - 500 }, { ...byAuthTime, issuedAtOffsetSeconds: 300 }).cutoffTime).toBe(IAT - 500);
  });

  it.each([{}, { auth_time: 0 }])('is unknown, which counts as hit, with %j', (claims) => {
    expect(facts(claims, byAuthTime).cutoffTime).toBeUndefined();
  });

  it('is unknown for a token issued at 0', () => {
    expect(facts({ iat: 0, exp: 60 }).cutoffTime).toBeUndefined();
  });

  it.each([
    ['text', `${IAT}`],
    ['null', null],
    ['a list', [IAT]],
    ['milliseconds', IAT * 1000],
    ['the future', IAT + 71],
  ])('refuses a token whose auth_time is %s', (_what, value) => {
    expect(codeOf(() => facts({ auth_time: value }, byAuthTime))).toBe('ERR_TOKEN_CLAIMS');
  });
});

describe('a refusal', () => {
  it('names the claim and never its value', () => {
    expect(() => facts({ sub: ['secret-value'] })).toThrow(/^sub must be text/u);
    expect(() => facts({ sub: ['secret-value'] })).not.toThrow(/secret-value/u);
  });
});
