import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyHash, kindNumber } from './key-hash.js';
import { KEY_KINDS } from './key.js';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

const hashOf = (kind: number, issuer: string, fields: readonly string[], hash = new KeyHash(KEY)): string => {
  if (fields.length === 1) hash.first(kind, issuer, fields[0]!);
  else hash.firstOf(kind, issuer, ...fields);
  hash.second();
  return Buffer.from(hash.words.buffer).toString('hex');
};

/** The canonical bytes as the documentation of `KeyHash` words them, and HalfSipHash over them, written anew. */
const slowHash = (kind: number, parts: readonly string[]): string => {
  const bytes = [...wordBytes(kind)];
  for (const part of parts) {
    const utf8 = [...Buffer.from(part)];
    bytes.push(...wordBytes(utf8.length), ...utf8, ...new Array<number>((4 - (utf8.length % 4)) % 4).fill(0));
  }
  const input = new Uint32Array(Uint8Array.from(bytes).buffer);
  const key = new Uint32Array(KEY.slice().buffer);
  let v = [0x70736575, 0x6e646f6d, 0x6c796765, 0x74656462].map((word, i) => (word ^ key[i]!) >>> 0);
  for (const word of input) {
    v[3]! ^= word;
    v = round(v);
    v[0]! ^= word;
  }
  const out: number[] = [];
  for (const mark of [0xee, 0xdd]) {
    v[2]! ^= mark;
    v = round(round(round(v)));
    out.push((v[1]! ^ v[3]!) >>> 0, (v[0]! ^ v[2]!) >>> 0);
  }
  return Buffer.from(Uint32Array.from(out).buffer).toString('hex');
};

const wordBytes = (word: number): Uint8Array => new Uint8Array(Uint32Array.of(word).buffer);
const turn = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0;

/** SipRound of HalfSipHash (https://github.com/veorq/SipHash, halfsiphash.c). */
const round = ([v0 = 0, v1 = 0, v2 = 0, v3 = 0]: number[]): number[] => {
  v0 = (v0 + v1) >>> 0;
  v1 = (turn(v1, 5) ^ v0) >>> 0;
  v0 = turn(v0, 16);
  v2 = (v2 + v3) >>> 0;
  v3 = (turn(v3, 8) ^ v2) >>> 0;
  v0 = (v0 + v3) >>> 0;
  v3 = (turn(v3, 7) ^ v0) >>> 0;
  v2 = (v2 + v1) >>> 0;
  v1 = (turn(v1, 13) ^ v2) >>> 0;
  v2 = turn(v2, 16);
  return [v0, v1, v2, v3];
};

const aText = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }));

describe('The hash of a key', () => {
  it('is HalfSipHash-1-3, lengthened to 128 bits, over the canonical bytes', () => {
    const property = fc.property(
      fc.nat(KEY_KINDS.length - 1),
      aText,
      fc.array(aText, { maxLength: 2 }),
      (kind, issuer, fields) => {
        expect(hashOf(kind, issuer, fields)).toBe(slowHash(kind, [issuer, ...fields]));
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('is frozen: images and other languages rely on it', () => {
    expect([
      hashOf(kindNumber('jti'), 'https://id.example', ['token-1']),
      hashOf(kindNumber('grant'), 'https://id.example', ['grüße 🔑', 'app']),
      hashOf(kindNumber('issuer'), 'https://id.example', []),
    ]).toEqual([
      'ac4a57af38450408e5053236710c0274',
      '1bfae49f89912b7c54c2d54144d8dd97',
      '074beb2b736020c06e311f730cd4fd0b',
    ]);
  });

  it('tells apart what joins to the same text', () => {
    const hashes = [['a', 'bc'], ['ab', 'c'], ['abc'], ['abc\0'], ['abc\0\0'], ['']].map((fields) =>
      hashOf(5, 'i', fields),
    );
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashOf(0, 'i', ['x'])).not.toBe(hashOf(1, 'i', ['x']));
    expect(hashOf(0, 'i', ['x'])).not.toBe(hashOf(0, 'j', ['x']));
  });

  it('forgets no issuer and confuses none when there are more than it remembers', () => {
    const hash = new KeyHash(KEY);
    for (let i = 0; i < 1_000; i++) {
      const issuer = `https://${i % 400}.example`;
      expect(hashOf(0, issuer, ['x'], hash)).toBe(slowHash(0, [issuer, 'x']));
    }
  });

  it('depends on the key, so that whoever chooses ids offline meets no more collisions than chance', () => {
    // Ids whose first words agree under a key that somebody guessed, found by trying.
    const [guessed, secret] = [new KeyHash(KEY), new KeyHash(KEY.map((byte) => byte ^ 0x5a))];
    const crafted = Array.from({ length: 400_000 }, (_, i) => `id-${i}`).filter((id) => {
      guessed.first(0, 'i', id);
      return guessed.words[0]! >>> 22 === 0;
    });
    expect(crafted.length).toBeGreaterThan(300);
    const beginnings = crafted.map((id) => {
      secret.first(0, 'i', id);
      return secret.words[0]! >>> 22;
    });
    // As many different beginnings as that many random ones have: 1,024 * (1 - e^(-n/1024)).
    const expected = 1_024 * (1 - Math.exp(-crafted.length / 1_024));
    expect(Math.abs(new Set(beginnings).size - expected)).toBeLessThan(0.15 * expected);
  });

  it('refuses a key that is not 16 bytes long', () => {
    expect(() => new KeyHash(new Uint8Array(15))).toThrow('16 bytes');
  });
});
