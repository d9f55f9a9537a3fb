import { describe, expect, it } from '@jest/globals';
import { createSigner, createVerifier, generateSigningKey, publicRecordKey } from './keys.js';

const bytes = new TextEncoder().encode('what is signed');

describe('record keys', () => {
  it('verify what the private half signed', () => {
    const key = generateSigningKey('k1');
    const verifier = createVerifier({ keys: [publicRecordKey(key)] });
    expect(verifier.verify(bytes, createSigner(key).sign(bytes))).toBe('ours');
  });

  it('rotate by overlap: during a rotation both keys count', () => {
    const [before, after] = [generateSigningKey('before'), generateSigningKey('after')];
    const verifier = createVerifier({ keys: [publicRecordKey(before), publicRecordKey(after)] });
    expect([before, after].map((key) => verifier.verify(bytes, createSigner(key).sign(bytes)))).toEqual([
      'ours',
      'ours',
    ]);
  });

  it('tell another key, another key under our kid, and changed bytes from ours', () => {
    const key = generateSigningKey('k1');
    const verifier = createVerifier({ keys: [publicRecordKey(key)] });
    const signature = createSigner(key).sign(bytes);
    expect(verifier.verify(bytes, createSigner(generateSigningKey('k2')).sign(bytes))).toBe('wrongKey');
    expect(verifier.verify(bytes, createSigner(generateSigningKey('k1')).sign(bytes))).toBe('wrongKey');
    expect(
      verifier.verify(
        bytes.map((byte) => byte ^ 1),
        signature,
      ),
    ).toBe('wrongKey');
  });

  it.each(['', 'k1', 'k1.', '.AAAA', `k1.${'A'.repeat(85)}`, `k1.${'A'.repeat(87)}`, `k1.${'='.repeat(86)}`])(
    'take %j for no signature at all',
    (signature) => {
      const verifier = createVerifier({ keys: [publicRecordKey(generateSigningKey('k1'))] });
      expect(verifier.verify(bytes, signature)).toBe('unsigned');
    },
  );

  it('are named by their thumbprint when nobody names them', () => {
    expect(generateSigningKey().kid).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(generateSigningKey().kid).not.toBe(generateSigningKey().kid);
  });

  it('give nodes the public half only', () => {
    expect(Object.keys(publicRecordKey(generateSigningKey('k1')))).toEqual(['kty', 'crv', 'kid', 'x']);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['another kind of key', { kty: 'EC', crv: 'P-256' }],
    ['a key without kid', { ...generateSigningKey(), kid: undefined }],
    ['a kid that would break a header', { ...generateSigningKey(), kid: 'a b\r\n' }],
    ['a key without its private half', publicRecordKey(generateSigningKey())],
    ['two halves that do not belong together', { ...generateSigningKey(), x: generateSigningKey().x }],
  ])('refuse %s for signing', (_, jwk) => {
    expect(() => createSigner(jwk)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty set', { keys: [] }],
    ['a list that is no set', [publicRecordKey(generateSigningKey())]],
    ['two keys with one kid', { keys: [generateSigningKey('k1'), generateSigningKey('k1')].map(publicRecordKey) }],
    ['a bad key among good ones', { keys: [publicRecordKey(generateSigningKey()), { kty: 'RSA' }] }],
  ])('refuse %s for verifying', (_, jwks) => {
    expect(() => createVerifier(jwks)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });

  it('never put key material into a message', () => {
    const key = { ...generateSigningKey('k1'), x: generateSigningKey().x };
    expect(() => createSigner(key)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(key.d) }));
  });
});
