import { describe, expect, it } from '@jest/globals';
import { stage } from '../test/stage.js';

const AT = '1970-01-01T00:00:00.000Z';
const finding = (level: string) => ({
  code: `code.${level}`,
  level,
  seen: 'seen',
  todo: level === 'ok' ? '' : 'do it',
});
const answer = (levels: readonly string[], at = AT) => ({ status: 200, body: { at, findings: levels.map(finding) } });

describe('doctor', () => {
  it.each([
    [['ok'], 0],
    [['ok', 'warning'], 6],
    [['failure', 'warning'], 1],
    [['ok', 'something new'], 1],
    [[], 0],
  ])('ends for %j with %d', async (levels, code) => {
    const { said, run } = stage([answer(levels)]);
    expect(await run('doctor')).toBe(code);
    expect(said.out).toContain('ok       clocks.cli');
  });

  it('takes a warning for a failure with --strict, and shows the worst first, with what to do', async () => {
    const { said, run } = stage([answer(['ok', 'warning', 'failure'])]);
    expect(await run('doctor', '--strict')).toBe(1);
    expect(said.out).toMatch(/^failure {2}code\.failure: seen\n {9}-> do it\nwarning/);
    expect(await stage([answer(['warning'])]).run('doctor', '--strict')).toBe(1);
  });

  it('warns of a clock of its own that is off, and not of the time that the answer took', async () => {
    const times = [0, 60_000];
    const slow = stage([answer(['ok'], '1970-01-01T00:00:30.000Z')], { now: () => times.shift() ?? 0 });
    expect(await slow.run('doctor')).toBe(0);
    const off = stage([answer(['ok'], '1970-01-01T00:00:30.000Z')]);
    expect(await off.run('doctor', '--json')).toBe(6);
    expect(JSON.parse(off.said.out)).toMatchObject({ worst: 'warning', findings: [{}, { code: 'clocks.cli' }] });
  });
});
