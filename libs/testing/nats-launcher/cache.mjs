import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BINARY_NAME, sha256OfFile } from './binary.mjs';
import { platformKey } from './releases.mjs';

/**
 * @typedef {{ path: string, version: string, origin: string, sha256: string }} Binary
 */

/**
 * `.cache/nats-server` of the project we run in: beside its lockfile, so that every workspace shares one.
 * @param {string} from
 */
export async function defaultCacheDirectory(from = process.cwd()) {
  for (let directory = from; ; directory = dirname(directory)) {
    const isRoot = await stat(join(directory, 'package-lock.json')).catch(() => undefined);
    if (isRoot !== undefined) return join(directory, '.cache', 'nats-server');
    if (directory === dirname(directory)) return join(from, '.cache', 'nats-server');
  }
}

/** @param {string} cache @param {string} version */
const slotOf = (cache, version) => join(cache, version, platformKey());

/**
 * A binary kept from before, if it still has the checksum it was stored with.
 * @param {string} cache @param {string} version
 * @returns {Promise<Binary | undefined>}
 */
export async function readCache(cache, version) {
  const slot = slotOf(cache, version);
  const path = join(slot, BINARY_NAME);
  try {
    const kept = JSON.parse(await readFile(join(slot, 'origin.json'), 'utf8'));
    if ((await sha256OfFile(path)) !== kept.sha256) return undefined;
    return { path, version, origin: kept.origin, sha256: kept.sha256 };
  } catch {
    return undefined;
  }
}

/**
 * Takes a verified file into the cache. Callers may race, also from several processes: each prepares its own folder
 * and renames it into place as a whole, so nobody ever sees half a binary.
 *
 * @param {string} cache
 * @param {{ file: string, version: string, origin: string, sha256: string }} verified
 * @returns {Promise<Binary>}
 */
export async function storeInCache(cache, { file, version, origin, sha256 }) {
  const slot = slotOf(cache, version);
  await mkdir(dirname(slot), { recursive: true });
  const draft = await mkdtemp(join(cache, '.draft-'));
  try {
    await rename(file, join(draft, BINARY_NAME));
    await chmod(join(draft, BINARY_NAME), 0o755);
    await writeFile(join(draft, 'origin.json'), `${JSON.stringify({ origin, sha256 })}\n`);
    await publishDraft(draft, slot, () => readCache(cache, version));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  const stored = await readCache(cache, version);
  if (stored === undefined) throw new Error(`the cache ${slot} cannot be read back`);
  return stored;
}

/** @param {string} draft @param {string} slot @param {() => Promise<Binary | undefined>} readWinner */
async function publishDraft(draft, slot, readWinner) {
  try {
    await rename(draft, slot);
  } catch {
    // Somebody was faster, and theirs is as good; or what stands there is damaged, and goes.
    if ((await readWinner()) !== undefined) return;
    await rm(slot, { recursive: true, force: true });
    await rename(draft, slot);
  }
}

/**
 * A folder on the cache's own disk for a download, gone afterwards.
 * @template T
 * @param {string} cache
 * @param {(directory: string) => Promise<T>} use
 */
export async function withScratch(cache, use) {
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, '.scratch-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
