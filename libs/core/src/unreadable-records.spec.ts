import { describe, expect, it } from '@jest/globals';
import { UNREADABLE_MAX, VOIDS_MAX } from './follower-limits.js';
import { UnreadableRecords } from './unreadable-records.js';

describe('Unreadable records', () => {
  it('end with their void, whichever came first', () => {
    const before = new UnreadableRecords();
    before.add('r-1', 'iss', 'epoch-1');
    expect(before.covers('iss')).toBe(true);
    before.void('r-1');
    const after = new UnreadableRecords();
    after.void('r-1');
    after.add('r-1', 'iss', 'epoch-1');
    expect([before.covers('iss'), after.covers('iss')]).toEqual([false, false]);
  });

  it('cover their issuer alone, and all issuers when nobody knows whose they are', () => {
    const records = new UnreadableRecords();
    records.add('r-1', 'iss', 'epoch-1');
    expect([records.covers('iss'), records.covers('other')]).toEqual([true, false]);
    records.add('r-2', undefined, 'epoch-1');
    expect(records.covers('other')).toBe(true);
    expect(records.issuers()).toEqual(['iss', undefined]);
  });

  it('cover all issuers when there are too many to remember, until the next epoch', () => {
    const records = new UnreadableRecords();
    for (let at = 0; at <= UNREADABLE_MAX; at += 1) records.add(`r-${at}`, 'iss', 'epoch-1');
    expect(records.covers('other')).toBe(true);
    records.keepOnly('epoch-2');
    expect([records.covers('other'), records.covers('iss')]).toEqual([false, false]);
  });

  it('stay when their void found no room', () => {
    const records = new UnreadableRecords();
    for (let at = 0; at < VOIDS_MAX; at += 1) records.void(`v-${at}`);
    records.void('r-1');
    records.add('r-1', 'iss', 'epoch-1');
    expect(records.covers('iss')).toBe(true);
  });
});
