import { describe, expect, it } from '@jest/globals';
import { type ClusterInfo, type StreamInfo } from '@nats-io/jetstream';
import { headFrom } from './log-access.js';

const ms = (value: number): number => value * 1e6;

/** The answer of a server to STREAM.INFO, as far as the head needs it. */
const anInfo = (replicas: number, cluster?: Partial<ClusterInfo>): StreamInfo =>
  ({
    config: { name: 'REVOCAST_LOG_e1', num_replicas: replicas },
    created: '2026-01-01T00:00:00Z',
    state: { first_seq: 3, last_seq: 9 },
    ...(cluster === undefined ? {} : { cluster }),
  }) as StreamInfo;

const heardAgo = (...ages: readonly number[]): ClusterInfo['replicas'] =>
  ages.map((age, n) => ({ name: `n${n}`, current: true, offline: false, active: ms(age), lag: 0 }));

describe('the head of a log', () => {
  it('of a single server is proven as it is', () => {
    expect(headFrom('e1', anInfo(1))).toEqual({
      log: { name: 'REVOCAST_LOG_e1', epoch: 'e1', created: '2026-01-01T00:00:00Z' },
      first: 3,
      last: 9,
      quorumAgeMs: 0,
    });
  });

  it('of one copy in a cluster needs its leader and nobody else', () => {
    expect(headFrom('e1', anInfo(1, { leader: 'n0' })).quorumAgeMs).toBe(0);
  });

  it.each([
    [3, [20, 90_000], 20],
    [3, [800, 30], 30],
    [5, [10, 40, 90_000, 90_000], 40],
    [5, [700, 20, 10, 500], 20],
  ])('of %i copies is as old as the majority, with followers heard %j ms ago: %i ms', (copies, ages, age) => {
    expect(headFrom('e1', anInfo(copies, { leader: 'n9', replicas: heardAgo(...ages)! })).quorumAgeMs).toBe(age);
  });

  it('counts the copies that ought to be there, not only those that are listed', () => {
    expect(headFrom('e1', anInfo(5, { leader: 'n9', replicas: heardAgo(10, 900, 950)! })).quorumAgeMs).toBe(900);
  });

  it.each<[string, StreamInfo]>([
    ['nobody leads', anInfo(3, { replicas: heardAgo(10, 10)! })],
    ['the leader has no name', anInfo(3, { leader: '', replicas: heardAgo(10, 10)! })],
    ['the leader knows of no other copy', anInfo(3, { leader: 'n9' })],
    ['the leader knows of too few copies', anInfo(5, { leader: 'n9', replicas: heardAgo(10)! })],
  ])('is not proven when %s', (_, info) => {
    expect(() => headFrom('e1', info)).toThrow(expect.objectContaining({ code: 'ERR_LOG_UNAVAILABLE' }));
  });
});
