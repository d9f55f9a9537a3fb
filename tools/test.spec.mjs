import { describe, expect, it } from '@jest/globals';
import { runBounded, tally } from './test.mjs';

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

describe('a process that may not hang', () => {
  const run = (code, options) =>
    runBounded({
      args: ['-e', code],
      env: process.env,
      limitMs: 60_000,
      lingerMs: 60_000,
      done: async () => false,
      ...options,
    });
  const forEver = 'setInterval(() => undefined, 1000)';

  it('has its own exit code when it ends by itself', async () => {
    expect(await run('process.exitCode = 3')).toBe(3);
  });

  it('is ended, and counts as failed, when it takes too long', async () => {
    expect(await run(forEver, { limitMs: 200 })).toBe(1);
  });

  it('is ended, and counts as failed, when it stays after its work is done', async () => {
    expect(await run(forEver, { lingerMs: 50, done: async () => true })).toBe(1);
  });

  it('takes what it started with it', async () => {
    const child = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(forEver)}], { stdio: 'inherit' })`;
    // `close` comes only once nobody holds its output any more, so this would never end with a child left behind.
    expect(await run(child, { limitMs: 1_000 })).toBe(1);
  });
});
