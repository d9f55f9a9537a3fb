import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

export interface Binary {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program of others that a test needs beside us. */
export interface WantedBinary {
  /** For people, and its folder below `.cache`. */
  readonly name: string;
  /** The variable that names one of yours. */
  readonly setting: string;
  /** Where it lies on machines that have it. */
  readonly paths: readonly string[];
  /** Debian's packages, with the libraries it is linked to: a small machine has not all of them. */
  readonly packages: readonly string[];
  /** Where it lies in them. */
  readonly inPackages: string;
  /** Rejects for one that does not start, or lacks what is needed. */
  readonly tryOut: (binary: Binary) => Promise<void>;
}

/**
 * A program to test with: the one of the setting, the one of the machine, or Debian's package, unpacked into our cache.
 * Nothing is installed and no root is needed; apt checks the signature.
 */
export async function findBinary(wanted: WantedBinary): Promise<Binary> {
  const tried: string[] = [];
  for (const place of [fromSetting, fromMachine, fromCache, fromDebian]) {
    try {
      return await place(wanted);
    } catch (error) {
      tried.push(`${place.name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
    }
  }
  const { name, setting } = wanted;
  throw new Error(`No usable ${name}. Install the package ${name}, or set ${setting}. Tried:\n${tried.join('\n')}`);
}

async function usable({ tryOut }: WantedBinary, binary: Binary): Promise<Binary> {
  await tryOut(binary);
  return binary;
}

async function fromSetting(wanted: WantedBinary): Promise<Binary> {
  const path = process.env[wanted.setting];
  if (path === undefined || path === '') throw new Error('not set');
  return usable(wanted, { path, env: {} });
}

async function fromMachine(wanted: WantedBinary): Promise<Binary> {
  const reasons: unknown[] = [];
  for (const path of wanted.paths) {
    try {
      return await usable(wanted, { path, env: {} });
    } catch (error) {
      reasons.push(error);
    }
  }
  throw reasons[0];
}

const cacheOf = ({ name }: WantedBinary): string => join(root, '.cache', name);

async function fromCache(wanted: WantedBinary): Promise<Binary> {
  const unpacked = join(cacheOf(wanted), 'root');
  const path = join(unpacked, wanted.inPackages);
  await stat(path);
  return usable(wanted, { path, env: { LD_LIBRARY_PATH: await librariesBelow(unpacked) } });
}

async function fromDebian(wanted: WantedBinary): Promise<Binary> {
  const cache = cacheOf(wanted);
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, '.scratch-'));
  try {
    await download(scratch, wanted.packages);
    const unpacked = join(scratch, 'root');
    for (const file of (await readdir(scratch)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(scratch, file), unpacked]);
    }
    // Somebody who was faster has the same one.
    await rename(unpacked, join(cache, 'root')).catch(() => undefined);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return fromCache(wanted);
}

async function download(cwd: string, packages: readonly string[]): Promise<void> {
  try {
    await run('apt-get', ['download', ...packages], { cwd });
  } catch {
    // Package lists that were never loaded, or are too old to match the mirror.
    const lists = join(cwd, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    await mkdir(join(cwd, 'cache/archives/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(cwd, 'cache')}`];
    await run('apt-get', [...own, 'update', '-qq'], { cwd });
    await run('apt-get', [...own, 'download', ...packages], { cwd });
  }
}

async function librariesBelow(unpacked: string): Promise<string> {
  const entries = await readdir(unpacked, { recursive: true, withFileTypes: true });
  const folders = entries.filter(({ name }) => /\.so(?:\.|$)/.test(name)).map(({ parentPath }) => parentPath);
  return [...new Set(folders)].join(':');
}
