import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Comparison, tableOf } from './table.js';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const positive = expect.any(Number);

describe('npm run compare:redis -- --quick --json', () => {
  let result: Required<Pick<Comparison, 'speed' | 'missed' | 'restart'>>;
  beforeAll(async () => {
    const wanted = ['--quick', '--json', '--only', 'speed,missed,restart'];
    const { stdout } = await run('npm', ['run', '-s', 'compare:redis', '--', ...wanted], { cwd: root });
    result = JSON.parse(stdout) as typeof result;
  }, 300_000);

  it('says that it is no measurement, and on what it ran', () => {
    const versions = { node: process.version, redis: expect.any(String), nats: expect.any(String) };
    expect(result).toMatchObject({ quick: true, processors: positive, ...versions });
  });

  it('measures the same for every side', () => {
    const each = {
      ...{ perSecond: positive, perSecondAwake: positive, perSecondAsleep: positive, toUnchecked: positive },
      ...{ cpuMicros: positive, p50Ms: positive, p99Ms: positive },
      // Only Linux says what another process has used.
      brokerMicros: process.platform === 'linux' ? positive : null,
    };
    const sides = { unchecked: each, get: each, pubsub: each, revocast: each, revocastUncached: each };
    expect(result.speed).toEqual(sides);
  });

  it('shows a revocation that pub/sub lost for good, and that a second SCAN and our log bring after all', () => {
    const { pubsub, pubsubRescan, revocast } = result.missed;
    expect(pubsub).toMatchObject({ whileCut: 200, refusedAfterMs: null, inTheEnd: 200 });
    expect([pubsubRescan.inTheEnd, revocast.inTheEnd]).toEqual([401, 401]);
  });

  it('shows that a node of ours passes as well what was revoked while its line is cut', () => {
    expect(result.missed.revocast.whileCut).toBe(200);
  });

  it('lets a revoked token pass on no node that starts', () => {
    for (const { revokedBefore } of Object.values(result.restart)) expect(revokedBefore).not.toHaveProperty('200');
  });

  it('shows what a node without its broker answers: nothing, or 503', () => {
    const { get, pubsub, revocast } = result.restart;
    expect(pubsub.withoutBroker.listens).toBe(false);
    for (const { withoutBroker } of [get, revocast]) {
      expect(Object.keys(withoutBroker.good)).toEqual(['503']);
      expect(Object.keys(withoutBroker.revoked)).toEqual(['503']);
    }
  });

  it('makes a table of it', () => {
    expect(tableOf(result).split('\n')).toHaveLength(2 + 3 + 1 + 2);
  });
});
