import { describe, expect, it } from '@jest/globals';
import { firstDifference } from './installed.mjs';

describe('the comparison of node_modules with the lockfile', () => {
  const wanted = {
    '': { name: 'root' },
    'libs/a': { version: '0.1.0' },
    'node_modules/a': { link: true },
    'node_modules/b': { version: '1.0.0' },
    'node_modules/b-darwin': { version: '1.0.0', optional: true },
  };

  it('finds nothing when only binaries of other platforms are missing', () => {
    expect(firstDifference(wanted, { 'node_modules/b': { version: '1.0.0' } })).toBeUndefined();
  });

  it('finds a package that is missing or has another version', () => {
    expect(firstDifference(wanted, {})).toBe('node_modules/b');
    expect(firstDifference(wanted, { 'node_modules/b': { version: '1.0.1' } })).toBe('node_modules/b');
  });
});
