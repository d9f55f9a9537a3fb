import { describe, expect, it } from '@jest/globals';
import { commandDigest, revocationId } from './identity.js';

describe('The id of a revocation', () => {
  it('is the same for the same operator and key, and another for any other pair', () => {
    expect(revocationId('ann', 'key-1')).toBe(revocationId('ann', 'key-1'));
    const ids = [
      revocationId('ann', 'key-1'),
      revocationId('ann', 'key-2'),
      revocationId('bob', 'key-1'),
      revocationId('an', 'nkey-1'),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  it('is random without a key', () => {
    expect(revocationId('ann', undefined)).not.toBe(revocationId('ann', undefined));
    expect(revocationId('ann', undefined)).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('The digest of a command', () => {
  it('looks through the order of members, and at everything else', () => {
    expect(commandDigest({ a: 1, b: { c: [1, 2], d: null } })).toBe(commandDigest({ b: { d: null, c: [1, 2] }, a: 1 }));
    const others = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: null }, { b: 1 }, {}];
    expect(new Set(others.map(commandDigest)).size).toBe(others.length);
  });
});
