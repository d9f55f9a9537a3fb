// Binaries whose checksum we do not pin, because somebody else vouches for them: Debian's archive key, Go's checksum
// database. Neither way installs anything: the binary goes into our cache.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BINARY_NAME, inspectBinary } from './binary.mjs';
import { run } from './process.mjs';

const APT_TIMEOUT_MS = 120_000;
/** nats-server compiles in one to three minutes on two cores. */
const GO_TIMEOUT_MS = 600_000;

/**
 * Debian's package, unpacked beside the cache: apt checks its signature, nothing is installed, no root is needed.
 * @param {string | undefined} version the wanted one; undefined = what this Debian has
 * @param {string} directory @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./download.mjs').Fetched>}
 */
export async function fetchDebianPackage(version, directory, env) {
  const name = version === undefined ? 'nats-server' : `nats-server=${version}-*`;
  const options = { cwd: directory, env, timeoutMs: APT_TIMEOUT_MS };
  const first = await run('apt-get', ['download', name], options);
  if (first.missing) throw new Error(first.why);
  if (!first.ok) await downloadWithOwnLists(name, directory, options);
  const packed = (await readdir(directory)).find((entry) => entry.endsWith('.deb'));
  if (packed === undefined) throw new Error('apt-get left no package');
  const unpacked = join(directory, 'unpacked');
  const { ok, why } = await run('dpkg-deb', ['-x', join(directory, packed), unpacked], options);
  if (!ok) throw new Error(why);
  const binary = await inspectBinary(join(unpacked, 'usr', 'sbin', BINARY_NAME));
  return fetched(binary, version, `Debian package ${packed}`);
}

/**
 * On a machine whose package lists were never loaded, or are too old to match the mirror.
 * @param {string} name @param {string} directory @param {{ cwd: string, env: NodeJS.ProcessEnv, timeoutMs: number }} options
 */
async function downloadWithOwnLists(name, directory, options) {
  const lists = join(directory, 'lists');
  const cache = join(directory, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  await run('apt-get', [...own, 'update', '-qq'], options);
  const { ok, why } = await run('apt-get', [...own, 'download', name], options);
  if (!ok) throw new Error(why);
}

/**
 * Built by the Go toolchain, which checks the module against Go's checksum database.
 * @param {string} version @param {string} directory @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./download.mjs').Fetched>}
 */
export async function buildWithGo(version, directory, env) {
  const goEnv = { ...env, GOBIN: directory, CGO_ENABLED: '0' };
  const module = `github.com/nats-io/nats-server/v2@v${version}`;
  const { ok, why } = await run('go', ['install', '-trimpath', module], { env: goEnv, timeoutMs: GO_TIMEOUT_MS });
  if (!ok) throw new Error(why);
  return fetched(await inspectBinary(join(directory, BINARY_NAME)), version, `go install ${module}`);
}

/**
 * @param {{ path: string, version: string, sha256: string }} binary
 * @param {string | undefined} wanted @param {string} origin
 */
function fetched({ path: file, version, sha256 }, wanted, origin) {
  if (wanted !== undefined && version !== wanted) throw new Error(`${origin} is ${version}, not ${wanted}`);
  return { file, version, origin, sha256 };
}
