import { describe, expect, it } from '@jest/globals';
import { readIdempotencyKey, readPreference } from './prefer.js';

describe('The Prefer header', () => {
  it.each([
    [undefined, 2, undefined],
    ['wait=10', 10, 'wait=10'],
    ['wait=0', 0, 'wait=0'],
    ['wait=600', 60, 'wait=60'],
    ['wait = "7"', 7, 'wait=7'],
    ['WAIT=3', 3, 'wait=3'],
    ['respond-async', 0, 'respond-async'],
    ['respond-async, wait=5', 5, 'wait=5'],
    ['return=minimal; foo="a", wait=4', 4, 'wait=4'],
    ['wait=soon', 2, undefined],
    ['wait=-1', 2, undefined],
    ['', 2, undefined],
  ])('%p waits %p s and is answered with %p', (header, waitSeconds, applied) => {
    expect(readPreference(header)).toEqual({ waitSeconds, applied });
  });

  it('may come in several lines', () => {
    expect(readPreference(['respond-async', 'wait=9'])).toEqual({ waitSeconds: 9, applied: 'wait=9' });
  });
});

describe('The Idempotency-Key', () => {
  it('is taken as it is, or not at all', () => {
    expect(readIdempotencyKey(undefined)).toBeUndefined();
    expect(readIdempotencyKey('"8e03978e-40d5"')).toBe('"8e03978e-40d5"');
    for (const bad of ['', 'a b', 'x'.repeat(256), 'é', 'a\n', ['a', 'b']]) {
      expect(() => readIdempotencyKey(bad)).toThrow(expect.objectContaining({ code: 'ERR_REVOCATION_INVALID' }));
    }
  });
});
