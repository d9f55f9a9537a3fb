import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../.cache/go');

/** What clients/go/go.mod asks for: what Debian 12 has. */
const OLDEST_MINOR = 19;

export interface GoToolchain {
  /** Where `go` and `gofmt` are. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A Go to test with: `GO_BIN`, the one in PATH or in its usual place, or Debian's package, unpacked into our cache. Nothing is
 * installed and no root is needed; apt checks the signature.
 */
export async function findGo(): Promise<GoToolchain> {
  const tried: string[] = [];
  for (const place of [fromSetting, fromPath, fromCache, fromDebian]) {
    try {
      return await place();
    } catch (error) {
      tried.push(`${place.name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
    }
  }
  throw new Error(
    `No Go 1.${OLDEST_MINOR} or later. Install it (Debian: golang-go), or set GO_BIN to its program. Tried:\n${tried.join('\n')}`,
  );
}

/** Rejects for what does not start, or is too old. `local`: the toolchain that go.mod names is never fetched by itself. */
async function usable(path: string, env: Readonly<Record<string, string>> = {}): Promise<GoToolchain> {
  const whole = { ...env, GOTOOLCHAIN: 'local' };
  const options = { env: { ...process.env, ...whole } };
  const { stdout } = await run(path, ['env', 'GOROOT', 'GOVERSION'], options);
  const [root = '', version = ''] = stdout.trim().split('\n');
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < OLDEST_MINOR) throw new Error(`${path} is ${version}`);
  return { directory: join(root, 'bin'), env: whole };
}

async function fromSetting(): Promise<GoToolchain> {
  const path = process.env['GO_BIN'];
  if (path === undefined || path === '') throw new Error('not set');
  return usable(path);
}

async function fromPath(): Promise<GoToolchain> {
  const reasons: unknown[] = [];
  for (const path of ['go', '/usr/local/go/bin/go', '/opt/homebrew/bin/go']) {
    try {
      return await usable(path);
    } catch (error) {
      reasons.push(error);
    }
  }
  throw reasons[0];
}

async function fromCache(): Promise<GoToolchain> {
  const libraries = join(cache, 'root/usr/lib');
  const name = (await readdir(libraries)).find((entry) => entry.startsWith('go-1.'));
  if (name === undefined) throw new Error('nothing there');
  const root = join(libraries, name);
  await stat(join(root, 'src/fmt'));
  return usable(join(root, 'bin/go'), { GOROOT: root });
}

async function fromDebian(): Promise<GoToolchain> {
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, '.scratch-'));
  try {
    await download(scratch);
    const root = join(scratch, 'root');
    for (const file of await packagesIn(scratch)) await run('dpkg-deb', ['-x', join(scratch, file), root]);
    // Somebody who was faster has the same one.
    await rename(root, join(cache, 'root')).catch(() => undefined);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return fromCache();
}

const packagesIn = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory)).filter((name) => name.endsWith('.deb'));

async function download(cwd: string): Promise<void> {
  try {
    await downloadWith([], cwd);
  } catch {
    // Package lists that were never loaded, or are too old to match the mirror.
    const lists = join(cwd, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    await mkdir(join(cwd, 'cache/archives/partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(cwd, 'cache')}`];
    await run('apt-get', [...own, 'update', '-qq'], { cwd });
    await downloadWith(own, cwd);
  }
}

/** `golang-go` holds links alone, and names the packages of the version that this Debian has. */
async function downloadWith(own: readonly string[], cwd: string): Promise<void> {
  await run('apt-get', [...own, 'download', 'golang-go'], { cwd });
  const [links = ''] = await packagesIn(cwd);
  const { stdout } = await run('dpkg-deb', ['-f', links, 'Depends'], { cwd });
  const version = /golang-(1\.\d+)-go/.exec(stdout)?.[1];
  if (version === undefined) throw new Error('golang-go names no version of Go');
  await run('apt-get', [...own, 'download', `golang-${version}-go`, `golang-${version}-src`], { cwd });
}
