import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { functionsOf, leftoversOf, tidy } from './tidy.mjs';

const lines = (count) => 'work();\n'.repeat(count);
const functionOf = (count) => `export function long() {\n${lines(count - 2)}}\n`;

describe('tidy', () => {
  let root = '';
  const put = async (path, text) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const allow = (longFunctions, longFiles) =>
    put('tools/tidy.ratchet.json', JSON.stringify({ longFunctions, longFiles }));
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tidy-'));
    execFileSync('git', ['init', '-q'], { cwd: root });
    await allow(0, 0);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('passes a function of 50 lines and counts one of 51 as long', async () => {
    await put('a.ts', functionOf(50));
    expect(tidy(root).problems).toEqual([]);
    await put('a.ts', functionOf(51));
    expect(tidy(root).problems[0]).toContain('a.ts:1 long has 51 lines');
  });

  it('lets the ratchet allow what is long, and nothing allow more than 70 lines', async () => {
    await allow(1, 0);
    await put('a.ts', functionOf(70));
    expect(tidy(root).problems).toEqual([]);
    await put('a.ts', functionOf(71));
    expect(tidy(root).problems[0]).toContain('a.ts:1 long has 71 lines');
  });

  it('counts a file of 401 lines as long and refuses 501', async () => {
    await put('a.ts', lines(401));
    expect(tidy(root).problems[0]).toContain('a.ts has 401 lines');
    await allow(0, 1);
    expect(tidy(root).problems).toEqual([]);
    await put('a.ts', lines(501));
    expect(tidy(root).problems[0]).toContain('a.ts has 501 lines');
  });

  it('moves the ratchet down, never up', async () => {
    await allow(3, 0);
    expect(tidy(root).problems[0]).toContain('only 0 long functions left of 3');
    await put('a.ts', lines(450));
    expect(tidy(root, { update: true }).problems).not.toEqual([]);
    const ratchet = JSON.parse(await readFile(join(root, 'tools/tidy.ratchet.json'), 'utf8'));
    expect(ratchet).toEqual({ longFunctions: 0, longFiles: 0 });
  });

  it('measures the tests inside a describe, not the describe itself', () => {
    const text = `describe('x', () => {\nit('y', () => {\n${lines(10)}});\n${lines(60)}});`;
    expect(functionsOf('a.spec.ts', text)).toEqual([{ name: 'callback', line: 2, lines: 12 }]);
  });

  it('does not count the folder of tests inside a contract suite', () => {
    const text = `export function contract() {\ndescribe('x', () => {\n${lines(100)}});\n}`;
    expect(functionsOf('contract.ts', text)).toEqual([{ name: 'contract', line: 1, lines: 3 }]);
  });

  it.each([
    ['a.ts', '// TODO later'],
    ['a.spec.ts', "it.only('x', () => {});"],
    ['a.md', 'see /home/somebody/file'],
    ['a.ts', '// as requested'],
  ])('finds a leftover in %s: %s', (path, text) => {
    expect(leftoversOf(path, text)).toHaveLength(1);
  });

  it('accepts a TODO that names its number', () => {
    expect(leftoversOf('a.ts', '// TODO(#12): widen')).toEqual([]);
  });
});
