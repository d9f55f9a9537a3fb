import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findGo, type GoToolchain } from './go-toolchain.js';

const run = promisify(execFile);
const module = join(import.meta.dirname, '../../clients/go');

/** Breaks one line of the client, each a rule of docs/protocol.md; imports stay in use, so that it compiles. */
const MUTANTS = [
  ['a cut-off that is inclusive', 'index/index.go', '*cutoffTime < reach', '*cutoffTime <= reach'],
  [
    'a key whose parts have no lengths',
    'record/key.go',
    'strconv.Itoa(len(part)) + ":" + part',
    'strconv.Itoa(1) + part',
  ],
  ['an exception for tokens without a client', 'index/wave.go', 'token.ClientID != "" &&', 'token.ClientID == "" ||'],
  ['a wave that anybody can compute', 'index/wave.go', 'waveOf(*x.hashKey,', 'waveOf([16]byte{},'],
  ['a text with half a surrogate', 'record/fields.go', 'utf8.ValidString(text)', 'utf8.ValidString("")'],
] as const;

describe('the Go client', () => {
  let go: GoToolchain;
  let scratch: string;
  const call = async (program: string, ...args: readonly string[]): Promise<string> => {
    // It has no dependencies, so it is built without asking anybody.
    const env = { ...process.env, ...go.env, GOFLAGS: '', GOPROXY: 'off', CGO_ENABLED: '0' };
    const { stdout } = await run(join(go.directory, program), args, { cwd: module, env }).catch((error: unknown) => {
      const { stdout: said = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
      throw new Error(`${program} ${args.join(' ')}:\n${said}${stderr}`);
    });
    return stdout;
  };

  beforeAll(async () => {
    go = await findGo();
    scratch = await mkdtemp(join(tmpdir(), 'revocast-go-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it('is written as gofmt would, and vet finds nothing', async () => {
    expect(await call('gofmt', '-l', '.')).toBe('');
    await call('go', 'vet', './...');
  });

  it('reads and judges the golden vectors as the TypeScript node does', async () => {
    expect(await call('go', 'test', '-count=1', './...')).toContain('/record\t');
  });

  it.each(MUTANTS)('is found out with %s', async (_what, file, from, to) => {
    const original = await readFile(join(module, file), 'utf8');
    expect(original).toContain(from);
    const [mutant, overlay] = [join(scratch, 'mutant.go'), join(scratch, 'overlay.json')];
    await writeFile(mutant, original.replace(from, to));
    await writeFile(overlay, JSON.stringify({ Replace: { [join(module, file)]: mutant } }));
    await expect(call('go', 'test', '-count=1', `-overlay=${overlay}`, './...')).rejects.toThrow('--- FAIL');
  });
});
