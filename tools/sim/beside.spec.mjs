import { describe, expect, it, jest } from '@jest/globals';
import { simulateBeside } from './beside.mjs';

describe('the simulation beside the tests', () => {
  it('counts as one test, passed when every run kept the guarantees', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    expect(await simulateBeside(1)()).toMatchObject({ code: 0, result: { numPassedTests: 1, numFailedTests: 0 } });
    expect(log.mock.calls.flat().join('')).toContain('1 runs in');
    log.mockRestore();
  });

  it('counts as failed when it did not play', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    expect(await simulateBeside(0.5)()).toMatchObject({ code: 2, result: { numPassedTests: 0, numFailedTests: 1 } });
    log.mockRestore();
  });
});
