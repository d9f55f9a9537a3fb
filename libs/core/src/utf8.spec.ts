import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeUtf8, isWellFormed, utf8Length } from './utf8.js';

/** Any UTF-16, with surrogates that stand alone. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));

describe('UTF-8 by hand', () => {
  it('encodes and measures every text as TextEncoder does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const expected = new TextEncoder().encode(text);
        const into = new Uint8Array(3 * text.length);
        const length = encodeUtf8(text, into);
        expect(into.subarray(0, length)).toEqual(expected);
        expect(utf8Length(text)).toBe(expected.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('calls well-formed exactly what survives a round trip', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(isWellFormed(text)).toBe(Buffer.from(text, 'utf8').toString('utf8') === text);
      }),
      { numRuns: 1000 },
    );
  });
});
