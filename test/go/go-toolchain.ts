import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { download, type Download, packagesIn, unpackPackages } from '../debian/packages.js';
import { firstUsable, fromMachine, fromSetting } from '../debian/places.js';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../.cache/go');

/** What clients/go/go.mod asks for: what Debian 12 has. */
const OLDEST_MINOR = 19;

export interface GoToolchain {
  /** Where `go` and `gofmt` are. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A Go to test with: `GO_BIN`, the one in PATH or in its usual place, or Debian's package, unpacked into our cache. */
export const findGo = (): Promise<GoToolchain> =>
  firstUsable(
    {
      setting: () => fromSetting('GO_BIN', usable),
      machine: () => fromMachine(['go', '/usr/local/go/bin/go', '/opt/homebrew/bin/go'], usable),
      cache: fromCache,
      debian: async () => {
        await unpackPackages(cache, downloadGo);
        return fromCache();
      },
    },
    `No Go 1.${OLDEST_MINOR} or later. Install it (Debian: golang-go), or set GO_BIN to its program.`,
  );

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

async function fromCache(): Promise<GoToolchain> {
  const libraries = join(cache, 'root/usr/lib');
  const name = (await readdir(libraries)).find((entry) => entry.startsWith('go-1.'));
  if (name === undefined) throw new Error('nothing there');
  const root = join(libraries, name);
  await stat(join(root, 'src/fmt'));
  return usable(join(root, 'bin/go'), { GOROOT: root });
}

/** `golang-go` holds links alone, and names the packages of the version that this Debian has. */
const downloadGo: Download = async (cwd, options) => {
  await download(['golang-go'])(cwd, options);
  const [links = ''] = await packagesIn(cwd);
  const { stdout } = await run('dpkg-deb', ['-f', join(cwd, links), 'Depends'], { cwd });
  const version = /golang-(1\.\d+)-go/.exec(stdout)?.[1];
  if (version === undefined) throw new Error('golang-go names no version of Go');
  await download([`golang-${version}-go`, `golang-${version}-src`])(cwd, options);
};
