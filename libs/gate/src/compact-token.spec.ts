import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { issue, signExactly, signingKey } from '../test/signing.js';
import { expectRefused, verifyWith } from '../test/verifying.js';
import { goodClaims, goodIssuer, ISSUER } from '../test/world.js';
import { readCompactToken } from './compact-token.js';
import { type Verified } from './index.js';

const key = signingKey('ES256', { kid: 'k1' });
const verify = (token: string): Promise<Verified> => verifyWith([goodIssuer([key.jwk])], token);

describe('a token that is no token', () => {
  const good = issue(key, goodClaims());
  const [header, payload, signature] = good.split('.') as [string, string, string];

  it.each([
    ['empty', ''],
    ['words', 'not a token'],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.${signature}`],
    ['empty parts', '..'],
    ['no signature', `${header}.${payload}.`],
    ['a truncated payload', `${header}.${payload.slice(0, -5)}.${signature}`],
    ['padding', `${good}=`],
    ['a line feed', `${good}\n`],
    ['a blank inside', `${header}. ${payload}.${signature}`],
    ['the other base64 alphabet', good.replace(/[-_]/g, '+').replace('.', '.+')],
    ['an array as payload', signExactly(key, { alg: 'ES256' }, '[]')],
    ['null as payload', signExactly(key, { alg: 'ES256' }, 'null')],
    ['text that is no JSON', signExactly(key, { alg: 'ES256' }, '{"sub":')],
  ])('is refused: %s', async (_title, token) => {
    await expectRefused(verify(token), 'ERR_TOKEN_MALFORMED');
  });

  it('is refused at 1 MB before anything in it is read', async () => {
    await expectRefused(verify(issue(key, goodClaims({ filler: 'x'.repeat(1_000_000) }))), 'ERR_TOKEN_MALFORMED');
    await expectRefused(verify('x'.repeat(1_000_000)), 'ERR_TOKEN_MALFORMED');
  });

  it('is refused when its payload is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff]), Buffer.from('"}')]).toString(
      'base64url',
    );
    const input = `${header}.${bytes}`;
    const token = `${input}.${key.signatureOf(input).toString('base64url')}`;
    await expectRefused(verify(token), 'ERR_TOKEN_MALFORMED');
  });

  it.each([
    ['a claim named twice', `{"iss":"${ISSUER}","sub":"alice","sub":"bob"}`],
    ['a claim named twice, once escaped', `{"iss":"${ISSUER}","sub":"alice","\\u0073ub":"bob"}`],
    ['a member named twice deep inside', `{"iss":"${ISSUER}","act":{"list":[{"sub":"a","sub":"b"}]}}`],
  ])('is refused with %s', async (_title, text) => {
    await expectRefused(verify(signExactly(key, { alg: 'ES256', kid: 'k1' }, text)), 'ERR_TOKEN_MALFORMED');
  });

  it('is refused with a header member named twice', async () => {
    const token = signExactly(key, '{"alg":"ES256","alg":"none","kid":"k1"}', goodClaims());
    await expectRefused(verify(token), 'ERR_TOKEN_MALFORMED');
  });

  it('has one spelling of its signature: the other endings are refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const base = alphabet.indexOf(good.at(-1)!);
    const twins = [1, 2, 3].map((bits) => good.slice(0, -1) + alphabet[base + bits]!);
    for (const twin of twins) await expectRefused(verify(twin), 'ERR_TOKEN_MALFORMED');
  });
});

describe('reading a token', () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue());
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('gives back every header and payload that JSON can say', () => {
    fc.assert(
      fc.property(json, json, fc.uint8Array({ minLength: 1 }), (header, claims, signature) => {
        const token = `${encode(header)}.${encode(claims)}.${Buffer.from(signature).toString('base64url')}`;
        const read = readCompactToken(token);
        expect(JSON.stringify([read.header, read.claims])).toBe(JSON.stringify([header, claims]));
      }),
    );
  });

  it('knows one spelling of every run of bytes: the one without stray bits', () => {
    const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), (bytes) => {
        const signature = Buffer.from(bytes).toString('base64url');
        const endings = alphabet.filter((last) => {
          const spelling = signature.slice(0, -1) + last;
          return Buffer.from(spelling, 'base64url').equals(bytes);
        });
        const read = endings.filter((last) => {
          try {
            return readCompactToken(`e30.e30.${signature.slice(0, -1)}${last}`);
          } catch {
            return false;
          }
        });
        expect(read).toEqual([signature.at(-1)]);
      }),
    );
  });

  it('refuses every other spelling of the same bytes', () => {
    const good = issue(key, goodClaims());
    fc.assert(
      fc.property(fc.nat(good.length), fc.constantFrom(' ', '=', '\n', '\t', '\0', '+', '/', 'é', 'Ａ'), (at, odd) => {
        expect(() => readCompactToken(good.slice(0, at) + odd + good.slice(at))).toThrow('the token');
      }),
    );
  });
});
