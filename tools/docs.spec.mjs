import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adrIndex } from './adr.mjs';
import { adrProblems, anchorsOf, errorCodeProblems, linkProblems } from './docs.mjs';

describe('the check of the documents', () => {
  let root = '';
  const put = async (path, text) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const decision = (number, title) => `# ${number}: ${title}\n\n- Status: accepted\n- Date: 2026-11-20\n`;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'docs-'));
    execFileSync('git', ['init', '-q'], { cwd: root });
    await put('docs/guide.md', '# The guide\n\n## What it `does`, twice\n');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('finds a link to a file or heading that does not exist', async () => {
    await put('README.md', '[a](docs/gone.md) [b](docs/guide.md#nowhere) [c](#also-nowhere)\n\n[d]: docs/lost.md\n');
    expect(linkProblems(root)).toEqual([
      'README.md: docs/gone.md leads nowhere',
      'README.md: docs/guide.md#nowhere names no heading of docs/guide.md',
      'README.md: #also-nowhere names no heading of README.md',
      'README.md: docs/lost.md leads nowhere',
    ]);
  });

  it('accepts existing files, headings and folders, other sites, and links inside code', async () => {
    const links = '[a](docs/guide.md#what-it-does-twice) [b](docs) [c](https://example.com/x) `[d](gone.md)`';
    await put('README.md', `${links}\n\n\`\`\`md\n[e](gone.md)\n\`\`\`\n`);
    expect(linkProblems(root)).toEqual([]);
  });

  it('numbers the second heading of the same name as GitHub does', () => {
    expect([...anchorsOf('# One\n\n## Two: 2\n\n## Two: 2\n')]).toEqual(['one', 'two-2', 'two-2-1']);
  });

  it('finds an error code without explanation and an explanation without code', async () => {
    await put('libs/core/src/errors.ts', `export type ErrorCode = 'ERR_A' | 'ERR_B';`);
    await put('docs/errors.md', '`ERR_B` and `ERR_C`');
    expect(errorCodeProblems(root)).toEqual([
      'docs/errors.md does not explain ERR_A',
      'docs/errors.md explains ERR_C, which no code uses',
    ]);
  });

  it('finds an index of decisions that lacks one, and one number used twice', async () => {
    await put('docs/adr/0001-first.md', decision('0001', 'First'));
    await put('docs/adr/README.md', adrIndex(join(root, 'docs/adr')));
    expect(adrProblems(root)).toEqual([]);
    await put('docs/adr/0002-second.md', decision('0002', 'Second'));
    expect(adrProblems(root)).toEqual(['docs/adr/README.md is not current: npm run adr renews it']);
    await put('docs/adr/0002-other.md', decision('0002', 'Other'));
    expect(() => adrProblems(root)).toThrow('number 0002 is used twice');
  });
});
