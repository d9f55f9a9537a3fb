import { describe, expect, it } from '@jest/globals';
import { tally } from './test.mjs';

const phase = (code, numPassedTests, numFailedTests = 0, numRuntimeErrorTestSuites = 0) => ({
  code,
  result: { numPassedTests, numFailedTests, numRuntimeErrorTestSuites },
});

describe('the count at the end of a test run', () => {
  it('adds up the phases', () => {
    expect(tally([phase(0, 3), phase(0, 2)])).toEqual({ passed: 5, failed: 0, exitCode: 0 });
    expect(tally([phase(1, 3, 1), phase(1, 2, 2)])).toEqual({ passed: 5, failed: 3, exitCode: 1 });
  });

  it('counts a file that does not load, and an exit that no test explains, as failed', () => {
    expect(tally([phase(1, 3, 0, 1)])).toEqual({ passed: 3, failed: 1, exitCode: 1 });
    expect(tally([phase(1, 3)])).toEqual({ passed: 3, failed: 1, exitCode: 1 });
  });

  it('adds what broke before the tests', () => {
    expect(tally([phase(0, 3)], 2)).toEqual({ passed: 3, failed: 2, exitCode: 1 });
  });

  it('does not call a run without tests a success', () => {
    expect(tally([phase(0, 0), phase(0, 0)]).exitCode).toBe(1);
  });
});
