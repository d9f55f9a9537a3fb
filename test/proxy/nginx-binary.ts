import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstUsable } from './find-binary.js';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../.cache/nginx');

export interface NginxBinary {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * An nginx to test with: `NGINX_BIN`, the one in PATH, or Debian's package, unpacked into our cache. Nothing is installed and
 * no root is needed; apt checks the signature.
 */
export async function findNginx(): Promise<NginxBinary> {
  return firstUsable(
    [fromSetting, fromPath, fromCache, fromDebian],
    'No nginx with auth_request. Install the package nginx, or set NGINX_BIN.',
  );
}

/** Rejects for what does not start, or lacks the module. */
async function usable(path: string, env: Readonly<Record<string, string>> = {}): Promise<NginxBinary> {
  const { stderr } = await run(path, ['-V'], { env: { ...process.env, ...env } });
  if (!stderr.includes('http_auth_request_module')) throw new Error(`${path} has no auth_request`);
  return { path, env };
}

async function fromSetting(): Promise<NginxBinary> {
  const path = process.env['NGINX_BIN'];
  if (path === undefined || path === '') throw new Error('not set');
  return usable(path);
}

async function fromPath(): Promise<NginxBinary> {
  const reasons: unknown[] = [];
  for (const path of ['nginx', '/usr/sbin/nginx', '/opt/homebrew/bin/nginx']) {
    try {
      return await usable(path);
    } catch (error) {
      reasons.push(error);
    }
  }
  throw reasons[0];
}

async function fromCache(): Promise<NginxBinary> {
  const root = join(cache, 'root');
  await stat(join(root, 'usr/sbin/nginx'));
  return usable(join(root, 'usr/sbin/nginx'), { LD_LIBRARY_PATH: await librariesBelow(root) });
}

/** With the libraries it is linked to: a small machine has not all of them. */
const PACKAGES = ['nginx', 'libpcre2-8-0', 'libssl3', 'libcrypt1', 'zlib1g'];

async function fromDebian(): Promise<NginxBinary> {
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, '.scratch-'));
  try {
    await download(scratch);
    const root = join(scratch, 'root');
    for (const file of (await readdir(scratch)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(scratch, file), root]);
    }
    // Somebody who was faster has the same one.
    await rename(root, join(cache, 'root')).catch(() => undefined);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return fromCache();
}

async function download(cwd: string): Promise<void> {
  try {
    await run('apt-get', ['download', ...PACKAGES], { cwd });
  } catch {
    // Package lists that were never loaded, or are too old to match the mirror.
    const lists = join(cwd, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    await mkdir(join(cwd, 'cache/archives/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(cwd, 'cache')}`];
    await run('apt-get', [...own, 'update', '-qq'], { cwd });
    await run('apt-get', [...own, 'download', ...PACKAGES], { cwd });
  }
}

async function librariesBelow(root: string): Promise<string> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const folders = entries.filter(({ name }) => /\.so(?:\.|$)/.test(name)).map(({ parentPath }) => parentPath);
  return [...new Set(folders)].join(':');
}
