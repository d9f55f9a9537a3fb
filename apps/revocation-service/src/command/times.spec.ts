import { describe, expect, it } from '@jest/globals';
import { epochMs } from '@revocast/core';
import { rfc3339 } from './times.js';

describe('A time of ours', () => {
  it('is written with milliseconds, in UTC', () => {
    expect(rfc3339(epochMs(1_700_000_000_123))).toBe('2023-11-14T22:13:20.123Z');
  });

  it.each([8.64e15 + 1, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Infinity])(
    'that follows from a bound without end (%p) is the last one there is, and breaks no answer',
    (at) => {
      expect(rfc3339(epochMs(at))).toBe('9999-12-31T23:59:59.999Z');
    },
  );
});
