import { describe, expect, it } from '@jest/globals';
import { createKeyedHash } from './keyed-hash.js';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

const hex = (words: Uint32Array): string =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('hex');
const hash = (text: string): string => hex(createKeyedHash(KEY)(text));
const bytesUpTo = (length: number): string => String.fromCharCode(...Array.from({ length }, (_, i) => i));

describe('the keyed hash', () => {
  // Made with `openssl mac -macopt size:16 -macopt hexkey:000102030405060708090a0b0c0d0e0f SIPHASH` (OpenSSL 3.0).
  it.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [8, '3b62a9ba6258f5610f83e264f31497b4'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
  ])('is SipHash-2-4-128 of %i bytes', (length, expected) => {
    expect(hash(bytesUpTo(length))).toBe(expected);
  });

  it('hashes the UTF-8 bytes of a text', () => {
    expect(hash('grüße 🔑 alice@example')).toBe('fe3bed34cc4d0b062254114294d14725');
  });

  it('depends on the key', () => {
    expect(hex(createKeyedHash(new Uint8Array(16))('alice'))).not.toBe(hash('alice'));
  });

  it('gives the same words for a text after a longer one', () => {
    const keyed = createKeyedHash(KEY);
    const before = hex(keyed('short'));
    keyed('x'.repeat(5000));
    expect(hex(keyed('short'))).toBe(before);
  });

  it('refuses a key that is not 16 bytes long', () => {
    expect(() => createKeyedHash(new Uint8Array(15))).toThrow('16 bytes');
  });
});
