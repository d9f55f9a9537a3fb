import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { compareVersions, OLDEST_VERSION } from './releases.mjs';
import { run } from './process.mjs';

const VERSION_TIMEOUT_MS = 10_000;

/** Debian puts nats-server where a user's PATH does not look. */
const SYSTEM_DIRECTORIES = process.platform === 'win32' ? [] : ['/usr/sbin', '/usr/local/sbin'];

export const BINARY_NAME = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

/** @param {string} path @returns {Promise<string>} hex */
export async function sha256OfFile(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * Asks a binary for its version by running it: only for files that are trusted already.
 * @param {string} path
 * @returns {Promise<{ path: string, version: string, sha256: string }>} rejects with why it is not usable
 */
export async function inspectBinary(path) {
  const result = await run(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  if (!result.ok) throw new Error(result.missing ? `${path} does not exist` : `${path} does not run: ${result.why}`);
  const version = /^nats-server: v(\d+\.\d+\.\d+\S*)/m.exec(result.stdout)?.[1];
  if (version === undefined) throw new Error(`${path} is not a nats-server`);
  if (compareVersions(version, OLDEST_VERSION) < 0) {
    throw new Error(`${path} is ${version}, older than ${OLDEST_VERSION}`);
  }
  return { path, version, sha256: await sha256OfFile(path) };
}

/**
 * Every nats-server in PATH, in its order, then in the system's directories.
 * @param {NodeJS.ProcessEnv} env
 */
export async function findInPath(env) {
  const directories = [...(env['PATH'] ?? env['Path'] ?? '').split(delimiter), ...SYSTEM_DIRECTORIES];
  const candidates = [...new Set(directories.filter(Boolean))].map((directory) => join(directory, BINARY_NAME));
  const executable = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => executable[index]);
}

/** @param {string} path */
async function isExecutable(path) {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
