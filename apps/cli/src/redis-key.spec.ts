import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type FoundKey } from './blacklist.js';
import { type KeyRules, keyTemplate, readKey, templateOf } from './redis-key.js';

const NOW_MS = 1_800_000_000_000;
const RULES: KeyRules = {
  ...{ template: keyTemplate('bl:{jti}'), issuer: 'https://id.example', noTtl: undefined },
  ...{ timeIsValue: false, reason: 'r' },
};
const found = (key: string, more: Partial<FoundKey> = {}): FoundKey => ({ key, ends: NOW_MS + 60_500, ...more });
const read = (key: FoundKey, rules: Partial<KeyRules> = {}) => readKey(key, { ...RULES, ...rules }, NOW_MS);
const lineOf = (key: FoundKey, rules: Partial<KeyRules> = {}) => {
  const reading = read(key, rules);
  if (reading.kind !== 'line') throw new Error(reading.why);
  return reading.line;
};

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (claims: object): string => `${part({ alg: 'ES256' })}.${part(claims)}.c2lnbmF0dXJl`;
const hashOf = (token: string): string =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');

describe('a key of a Redis blacklist', () => {
  it('becomes the revocation of a token that ends with the key', () => {
    expect(lineOf(found('bl:a:b'))).toEqual({
      ...{ issuer: 'https://id.example', scope: 'token', jti: 'a:b', expiresAt: 1_800_000_061, reason: 'r' },
      idempotencyKey: expect.stringMatching(/^redis-[\w-]{43}$/),
    });
  });

  it.each([
    ['bl:{session}', 'bl:s', { scope: 'session', sid: 's' }],
    ['bl:{sub}:{client}', 'bl:alice:app:1', { scope: 'grant', sub: 'alice', clientId: 'app:1' }],
    ['{*}:device:{device}.x', 'prod:device:d/1.x', { scope: 'device', deviceId: 'd/1' }],
    [
      'bl:{hash}',
      `bl:${'ab'.repeat(32)}`,
      { signingInputHash: Buffer.from('ab'.repeat(32), 'hex').toString('base64url') },
    ],
  ])('is read by the template %s', (template, key, members) => {
    expect(lineOf(found(key), { template: keyTemplate(template) })).toMatchObject(members);
  });

  it.each(['bl:', 'bl:{jti}{sub}', 'bl:{jti}:{sub}', 'bl:{jti}:{jti}', 'bl:{name}', 'bl:{*}'])(
    'has no template %j',
    (template) => {
      expect(() => keyTemplate(template)).toThrow('--redis-key is to have');
    },
  );

  it('is read by the pattern alone where that has one star', () => {
    expect(templateOf('bl:*')).toBe('bl:{jti}');
    for (const pattern of ['bl', '*:*', 'bl:[ab]*']) expect(() => templateOf(pattern)).toThrow('--redis-key');
  });

  it('that is a whole token is named by its hash alone, and ends with the token', () => {
    const token = tokenOf({ iss: 'https://id.example', jti: 'of somebody else', exp: 1_800_000_900 });
    const rules = { template: keyTemplate('bl:{token}'), issuer: undefined };
    const line = lineOf(found(`bl:${token}`, { ends: 'never' }), rules);
    expect(line).toMatchObject({ signingInputHash: hashOf(token), expiresAt: 1_800_000_900 });
    const text = JSON.stringify(line);
    for (const secret of [...token.split('.'), 'somebody else']) expect(text).not.toContain(secret);
  });

  it.each([
    ['an expired one', tokenOf({ iss: 'https://id.example', exp: 1_799_990_000 }), 'ended'],
    ['one of another issuer', tokenOf({ iss: 'https://other.example', exp: 1_800_000_900 }), 'issuer'],
    ['what is no token', 'abc', 'token'],
  ])('that is a whole token is left for %s', (_, token, why) => {
    expect(read(found(`bl:${token}`), { template: keyTemplate('bl:{token}') })).toEqual({ kind: 'left', why });
  });

  it.each([
    [undefined, undefined],
    ['issuer', {}],
    ['lifted', { until: 'lifted' }],
    [1_900_000_000, { expiresAt: 1_900_000_000 }],
  ] as const)('without a TTL ends as %j says', (noTtl, members) => {
    const due = members === undefined ? { kind: 'left', why: 'end' } : { line: { jti: 'a', ...members } };
    expect(read(found('bl:a', { ends: 'never' }), { noTtl })).toMatchObject(due);
  });

  it.each([
    ['1799999000', 1_799_999_000],
    ['1799999000123', 1_799_999_000.123],
    ['2027-01-15T08:00:00Z', 1_800_000_000],
  ])('has the time of its event in its value %j', (value, at) => {
    const rules = { template: keyTemplate('out:{sub}'), timeIsValue: true };
    expect(lineOf(found('out:alice', { value }), rules)).toMatchObject({ scope: 'subject', sub: 'alice', at });
    expect(read(found('out:alice', { value: 'true' }), rules)).toEqual({ kind: 'left', why: 'time' });
  });

  it('has one effect however often it is found, and another one once it is set again', () => {
    const ids = [found('bl:a'), found('bl:a'), found('bl:a', { ends: NOW_MS + 90_000 }), found('bl:b')].map(
      (key) => lineOf(key)['idempotencyKey'],
    );
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  it('is never mended: one that is no UTF-8, or has another form, is left', () => {
    for (const key of ['bl:\ufffd', 'other:a', 'xbl:a'])
      expect(read(found(key))).toEqual({ kind: 'left', why: 'form' });
  });
});
