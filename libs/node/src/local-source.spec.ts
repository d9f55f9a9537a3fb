import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LocalOverrides } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { LOCAL_FILE_BYTES_MAX, localFile } from './local-source.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'revocast-local-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const NOTHING = '{"version":1}';

describe('the local file on disk', () => {
  it('is absent where its folder can be read and does not hold it', async () => {
    expect(await localFile(join(folder, 'local.json')).look()).toEqual({ kind: 'absent' });
  });

  it('is read anew only when its content has changed', async () => {
    const path = join(folder, 'local.json');
    const source = localFile(path);
    await writeFile(path, NOTHING);
    const [first, second] = [await source.look(), await source.look()];
    expect(first).toEqual({ kind: 'document', document: { version: 1 } });
    expect(second).toBe(first);
    await writeFile(path, '{"version":1,"revocations":[]}');
    expect(await source.look()).toEqual({ kind: 'document', document: { version: 1, revocations: [] } });
  });

  it('is seen through the links that Kubernetes swaps', async () => {
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'local.json'), text);
      await symlink(version, join(folder, '..new'));
      await rename(join(folder, '..new'), join(folder, '..data'));
    };
    const path = join(folder, 'local.json');
    const source = localFile(path);
    await publish('..v1', NOTHING);
    await symlink('..data/local.json', path);
    expect(await source.look()).toMatchObject({ kind: 'document' });
    await publish('..v2', '{"version":1,"mode":{}}');
    expect(await source.look()).toEqual({ kind: 'document', document: { version: 1, mode: {} } });
    // The volume is torn away: that is not what "deleted" looks like.
    await unlink(join(folder, '..data'));
    expect(await source.look()).toEqual({ kind: 'unreadable', because: 'is a link that leads nowhere' });
  });

  it.each<[string, string, string]>([
    ['that is empty, as while it is written', '', 'is no JSON object'],
    ['of which half is written', '{"version":1,"revocations":[', 'is no JSON object'],
    ['that is a list', '[]', 'is no JSON object'],
    ['that names a member twice', '{"version":1,"revocations":[1],"revocations":[]}', 'names a member twice'],
  ])('%s is no document', async (_, text, because) => {
    const path = join(folder, 'local.json');
    await writeFile(path, text);
    expect(await localFile(path).look()).toEqual({ kind: 'unreadable', because: expect.stringContaining(because) });
  });

  it('is no document when it is a folder, a device, too large, or in a folder that is not there', async () => {
    const large = join(folder, 'large.json');
    await writeFile(large, ' '.repeat(LOCAL_FILE_BYTES_MAX + 1));
    const becauses = await Promise.all(
      [folder, '/dev/zero', large, join(folder, 'gone', 'local.json')].map((path) => localFile(path).look()),
    );
    expect(becauses).toEqual([
      { kind: 'unreadable', because: 'is no file' },
      { kind: 'unreadable', because: 'is no file' },
      { kind: 'unreadable', because: `is larger than ${LOCAL_FILE_BYTES_MAX} bytes` },
      { kind: 'unreadable', because: 'its folder cannot be read: ENOENT' },
    ]);
  });
});

describe('docs/local-file.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/local-file.md'), 'utf8');
  const examples = [...text.matchAll(/```json\n([^]*?)```/g)].map(([, json]) => json ?? '');

  it.each(examples)('shows files that are in force as they stand there: %#', async (example) => {
    const path = join(folder, 'local.json');
    await writeFile(path, example);
    const clock = new ManualTime(Date.UTC(2026, 10, 25, 2, 50));
    const overrides = new LocalOverrides({ clock, mode: 'strict', issuers: [] });
    overrides.take(await localFile(path).look());
    const { broken, entries, modeOverride } = overrides.status();
    expect(broken).toBeUndefined();
    expect(entries + Number(modeOverride !== undefined)).toBeGreaterThan(0);
  });

  it('shows two', () => expect(examples).toHaveLength(2));
});
