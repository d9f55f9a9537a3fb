import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ASYMMETRIC_ALGORITHMS, SYMMETRIC_ALGORITHMS } from '@revocast/gate';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const positive = expect.any(Number);
const ratios = { throughput: positive, cpu: positive };
const load = { requestsPerSecond: positive, cpuMicrosPerRequest: positive, serverUtilization: positive };
const watched = {
  ...{ seconds: positive, checksPerSecond: positive },
  delayMs: { p50: positive, p99: positive, max: positive },
};

describe('npm run bench:gate -- --quick --json', () => {
  let result: Record<'node' | 'nest' | 'arrivals' | 'algorithms', unknown>;
  beforeAll(async () => {
    const { stdout } = await run('npm', ['run', '-s', 'bench:gate', '--', '--quick', '--json'], { cwd: root });
    result = JSON.parse(stdout) as typeof result;
  }, 300_000);

  it('says that it is no measurement', () => {
    expect(result).toMatchObject({ node: process.version, quick: true });
  });

  it('compares Nest with and without the guard', () => {
    expect(result.nest).toEqual({
      ...{ open: load, emptyGuard: load, guarded: load, guardedUncached: load },
      ...{ emptyToOpen: ratios, guardedToOpen: ratios, uncachedToOpen: ratios },
    });
  });

  it('watches the event loop while revocations arrive, all of which arrive', () => {
    const expected = { revocations: 2_000, recordsPerSecond: 2_400, idle: watched, arriving: watched };
    expect(result.arrivals).toEqual(expected);
  });

  it('compares jose, the gate and the gate with its cache for every algorithm', () => {
    const each = {
      ...{ joseMicros: positive, gateUncachedMicros: positive, gateCachedMicros: positive },
      ...{ revocationCheckMicros: positive, joseToUncached: positive, joseToCached: positive, joseToCheck: positive },
    };
    const algorithms = [...ASYMMETRIC_ALGORITHMS, ...SYMMETRIC_ALGORITHMS];
    expect(result.algorithms).toEqual(Object.fromEntries(algorithms.map((name) => [name, each])));
  });
});
