import { describe, expect, it } from '@jest/globals';
import { someFacts } from '@revocast/testing';
import fc from 'fast-check';
import { type ErrorCode, RevocationError } from './errors.js';
import { KEY_KINDS, keyFields, type KeyKind, keyOf, kindOf, parseKey, tokenKey } from './key.js';
import { KEY_FIELD_BYTES_MAX, type RevocationKey, type Scope, SCOPES } from './scope.js';

const A_HASH = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg';

/** Texts that would run into each other without lengths: digits, colons, the names of kinds, and any Unicode. */
const aText = fc.oneof(
  fc
    .array(fc.constantFrom('1', '2', ':', 'a', 'jti', 'grant', 'é', '💥'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
);

const aKey: fc.Arbitrary<RevocationKey> = fc.oneof(
  aText.map((jti) => ({ scope: 'token' as const, jti })),
  fc.constant({ scope: 'token' as const, signingInputHash: A_HASH }),
  aText.map((sid) => ({ scope: 'session' as const, sid })),
  aText.map((sub) => ({ scope: 'subject' as const, sub })),
  aText.map((clientId) => ({ scope: 'client' as const, clientId })),
  fc.tuple(aText, aText).map(([sub, clientId]) => ({ scope: 'grant' as const, sub, clientId })),
  aText.map((deviceId) => ({ scope: 'device' as const, deviceId })),
  fc.constant({ scope: 'issuer' as const }),
  aText.map((kid) => ({ scope: 'key' as const, kid })),
  fc.constant({ scope: 'key' as const, thumbprint: A_HASH }),
);

const aNamedKey = fc.record({ issuer: aText, key: aKey });

const codeOf = (act: () => unknown): ErrorCode | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof RevocationError) return error.code;
    throw error;
  }
  return undefined;
};

describe('the text of a key', () => {
  type Named = Readonly<{ issuer: string; key: RevocationKey }>;
  const plain = ({ issuer, key }: Named): string => JSON.stringify([issuer, Object.entries(key).sort()]);
  /** Whether two keys have one text exactly if they are one key. */
  const isInjective =
    (textOf: (issuer: string, key: RevocationKey) => string) =>
    (one: Named, other: Named): boolean =>
      (textOf(one.issuer, one.key) === textOf(other.issuer, other.key)) === (plain(one) === plain(other));
  /** Two keys, often with the same characters divided otherwise. */
  const twoKeys = fc.oneof(
    fc.tuple(aNamedKey, aNamedKey),
    fc.tuple(aText, aText, aText).map(([a, b, c]): [Named, Named] => [
      { issuer: a, key: { scope: 'grant', sub: b, clientId: c } },
      { issuer: a, key: { scope: 'grant', sub: b + c.slice(0, 1), clientId: c.slice(1) } },
    ]),
  );

  it('is the same for two keys exactly if issuer, scope and fields are', () => {
    fc.assert(
      fc.property(twoKeys, ([one, other]) => isInjective(keyOf)(one, other)),
      { numRuns: 2000 },
    );
  });

  it.each<[string, (issuer: string, key: RevocationKey) => string]>([
    [
      'joins the parts without lengths',
      (issuer, key) => [kindOf(key), issuer, ...Object.values(keyFields(key))].join(''),
    ],
    ['leaves the issuer out', (_issuer, key) => keyOf('', key)],
    ['folds Unicode', (issuer, key) => keyOf(issuer.normalize('NFKD').replace(/[^\x20-\x7e]/gu, ''), key)],
  ])('finds out a text that %s', (_what, textOf) => {
    const property = fc.property(twoKeys, ([one, other]) => isInjective(textOf)(one, other));
    expect(fc.check(property, { numRuns: 5000, endOnFailure: true }).failed).toBe(true);
  });

  it('compares byte for byte: look-alikes and other normal forms are other keys', () => {
    const texts = ['é', 'e\u0301', 'е', 'e', 'E', 'ｅ', 'e\u200b', ' e', 'e '].map((sub) =>
      keyOf('https://issuer.example', { scope: 'subject', sub }),
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('has lengths in UTF-8 bytes', () => {
    expect(keyOf('iss', { scope: 'grant', sub: 'é', clientId: '💥' })).toBe('grant3:iss2:é4:💥');
  });
});

describe('parsing a key', () => {
  it('gives back the key whose fields it is given', () => {
    fc.assert(
      fc.property(aKey, (key) => {
        expect(parseKey(key.scope, keyFields(key))).toEqual(key);
      }),
    );
  });

  it('refuses an unknown scope', () => {
    expect(codeOf(() => parseKey('user', { sub: 'a' }))).toBe('ERR_SCOPE_UNKNOWN');
    expect(codeOf(() => parseKey('constructor', {}))).toBe('ERR_SCOPE_UNKNOWN');
  });

  const max = 'a'.repeat(KEY_FIELD_BYTES_MAX);
  it.each<[string, Scope, Record<string, unknown>]>([
    ['a missing field', 'grant', { sub: 'a' }],
    ['no field at all', 'session', {}],
    ['a field of another scope', 'subject', { sub: 'a', deviceId: 'd' }],
    ['both names of a token', 'token', { jti: 'a', signingInputHash: A_HASH }],
    ['both names of a key', 'key', { kid: 'a', thumbprint: A_HASH }],
    ['a field where there is none', 'issuer', { sub: 'a' }],
    ['an empty field', 'subject', { sub: '' }],
    ['a number', 'subject', { sub: 7 }],
    ['a list', 'subject', { sub: ['a'] }],
    ['null', 'subject', { sub: null }],
    ['a field that is too long', 'subject', { sub: `${max}a` }],
    ['a field that is too long in bytes', 'subject', { sub: 'é'.repeat(513) }],
    ['a surrogate that stands alone', 'subject', { sub: 'a\ud800' }],
    ['a hash that is too short', 'token', { signingInputHash: A_HASH.slice(1) }],
    ['a hash with padding', 'token', { signingInputHash: `${A_HASH}=` }],
    ['a hash in plain base64', 'token', { signingInputHash: A_HASH.replace('-', '+') }],
    ['another spelling of a hash', 'key', { thumbprint: `${A_HASH.slice(0, -1)}h` }],
  ])('refuses %s', (_what, scope, fields) => {
    expect(codeOf(() => parseKey(scope, fields))).toBe('ERR_REVOCATION_INVALID');
  });

  it('takes the longest field there may be, and looks at nothing but key fields', () => {
    const fields = { sub: max, reason: 'lost', scope: 'issuer' };
    expect(parseKey('subject', fields)).toEqual({ scope: 'subject', sub: max });
    expect(parseKey('subject', { sub: 'é'.repeat(512) })).toEqual({ scope: 'subject', sub: 'é'.repeat(512) });
  });
});

describe('the keys of a token', () => {
  it('are one per kind, each of which a revocation can have', () => {
    const token = someFacts({ thumbprint: A_HASH, signingInputHash: () => A_HASH });
    for (const kind of KEY_KINDS) {
      const key = tokenKey(kind, token)!;
      expect(kindOf(key)).toBe(kind);
      expect(parseKey(key.scope, keyFields(key))).toEqual(key);
    }
    expect(new Set(KEY_KINDS.map((kind) => tokenKey(kind, token)?.scope))).toEqual(new Set(SCOPES));
  });

  it('lack those whose claims the token lacks, of which a grant has two', () => {
    const { sub: _sub, ...token } = someFacts();
    const has = (kind: KeyKind): boolean => tokenKey(kind, token) !== undefined;
    expect(KEY_KINDS.filter((kind) => !has(kind))).toEqual(['subject', 'grant', 'thumbprint']);
  });
});
