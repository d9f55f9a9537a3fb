import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Downloads packages into `cwd`, by apt-get with `options`. */
export type Download = (cwd: string, options: readonly string[]) => Promise<void>;

export const download =
  (packages: readonly string[]): Download =>
  async (cwd, options) => {
    await run('apt-get', [...options, 'download', ...packages], { cwd });
  };

export const packagesIn = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.deb'));

/** Unpacks Debian's packages into `<cache>/root`. Nothing is installed and no root is needed; apt checks the signature. */
export async function unpackPackages(cache: string, fetch: Download): Promise<void> {
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, '.scratch-'));
  try {
    await fetch(scratch, []).catch(async () => fetch(scratch, await freshLists(scratch)));
    const unpacked = join(scratch, 'root');
    for (const file of await packagesIn(scratch)) await run('dpkg-deb', ['-x', join(scratch, file), unpacked]);
    // Somebody who was faster has the same one.
    await rename(unpacked, join(cache, 'root')).catch(() => undefined);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** For package lists that were never loaded, or are too old to match the mirror. */
async function freshLists(cwd: string): Promise<readonly string[]> {
  const lists = join(cwd, 'lists');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cwd, 'cache/archives/partial'), { recursive: true });
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(cwd, 'cache')}`];
  await run('apt-get', [...own, 'update', '-qq'], { cwd });
  return own;
}
