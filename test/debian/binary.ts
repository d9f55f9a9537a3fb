import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { download, unpackPackages } from './packages.js';
import { firstUsable, fromMachine, fromSetting } from './places.js';

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

/** A program to test with: the one of the setting, the one of the machine, or Debian's package, unpacked into our cache. */
export function findBinary(wanted: WantedBinary): Promise<Binary> {
  const { name, setting, paths, packages } = wanted;
  const cache = join(root, '.cache', name);
  const ofMachine = (path: string): Promise<Binary> => usable(wanted, { path, env: {} });
  const places = {
    setting: () => fromSetting(setting, ofMachine),
    machine: () => fromMachine(paths, ofMachine),
    cache: () => fromCache(wanted, cache),
    debian: async () => {
      await unpackPackages(cache, download(packages));
      return fromCache(wanted, cache);
    },
  };
  return firstUsable(places, `No usable ${name}. Install the package ${name}, or set ${setting}.`);
}

async function usable({ tryOut }: WantedBinary, binary: Binary): Promise<Binary> {
  await tryOut(binary);
  return binary;
}

async function fromCache(wanted: WantedBinary, cache: string): Promise<Binary> {
  const unpacked = join(cache, 'root');
  const path = join(unpacked, wanted.inPackages);
  await stat(path);
  return usable(wanted, { path, env: { LD_LIBRARY_PATH: await librariesBelow(unpacked) } });
}

async function librariesBelow(unpacked: string): Promise<string> {
  const entries = await readdir(unpacked, { recursive: true, withFileTypes: true });
  const folders = entries.filter(({ name }) => /\.so(?:\.|$)/.test(name)).map(({ parentPath }) => parentPath);
  return [...new Set(folders)].join(':');
}
