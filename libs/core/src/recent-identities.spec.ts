import { describe, expect, it } from '@jest/globals';
import { IDENTITIES_MAX } from './follower-limits.js';
import { RecentIdentities } from './recent-identities.js';
import { sequence } from './units.js';

describe('Recent identities', () => {
  it('tell what stands at a sequence and where a record stands', () => {
    const identities = new RecentIdentities();
    identities.remember(sequence(7), 'seven');
    expect(identities.at(sequence(7))).toBe('seven');
    expect(identities.sequenceOf('seven')).toBe(7);
    identities.remember(sequence(7), 'another');
    expect(identities.at(sequence(7))).toBe('another');
    expect(identities.sequenceOf('seven')).toBeUndefined();
  });

  it('are those of the newest sequences, and of no more than the limit', () => {
    const identities = new RecentIdentities();
    const newer = sequence(7 + IDENTITIES_MAX);
    identities.remember(sequence(7), 'seven');
    identities.remember(newer, 'newer');
    expect(identities.at(sequence(7))).toBeUndefined();
    expect(identities.sequenceOf('seven')).toBeUndefined();
    identities.remember(sequence(7), 'seven');
    expect(identities.at(newer)).toBe('newer');
  });

  it('follow a record that was stored twice', () => {
    const identities = new RecentIdentities();
    identities.remember(sequence(1), 'twice');
    identities.remember(sequence(2), 'twice');
    identities.remember(sequence(1 + IDENTITIES_MAX), 'newer');
    expect(identities.sequenceOf('twice')).toBe(2);
  });
});
