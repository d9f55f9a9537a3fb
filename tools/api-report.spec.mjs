import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiReports } from './api-report.mjs';

describe('the report of the exported surface', () => {
  let root = '';
  const put = async (path, text) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const reportOf = async (source) => {
    await put('libs/one/src/index.ts', source);
    return apiReports(root).get(join(root, 'libs/one/api-report.md'));
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'api-'));
    const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, types: [], lib: ['es5'] };
    await put('tsconfig.json', JSON.stringify({ compilerOptions, include: ['libs'] }));
    const exports = { '.': { '@revocast/source': './src/index.ts' }, './package.json': './package.json' };
    await put('libs/one/package.json', JSON.stringify({ name: '@revocast/one', type: 'module', exports }));
    await put('libs/one/src/inner.ts', 'export interface Inner { a: number }\nexport const hidden = 1;\n');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('shows what another file declares and the index passes on', async () => {
    const report = await reportOf(`export { type Inner } from './inner.js';`);
    expect(report).toContain('interface Inner {\n    a: number;\n}');
    expect(report).not.toContain('hidden');
  });

  it('changes when a signature changes and stays when only a body or comment does', async () => {
    const before = await reportOf('export function f(a: number): number { return a; }');
    expect(await reportOf('/** Twice. */ export function f(a: number): number { return a * 2; }')).toBe(before);
    expect(await reportOf('export function f(a: string): number { return a.length; }')).not.toBe(before);
  });

  it('leaves private members out', async () => {
    const report = await reportOf(
      'export class A { private secret = 1; #own = 2; shown(): number { return this.secret + this.#own; } }',
    );
    expect(report).toContain('shown(): number;');
    expect(report).not.toMatch(/secret|own;|#private/);
  });
});
