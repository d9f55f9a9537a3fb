import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callGo, goModule } from './go-module.js';
import { findGo, type GoToolchain } from './go-toolchain.js';

const module = goModule('.');

/** Breaks one line of the client, each a rule of docs/protocol.md; imports stay in use, so that it compiles. */
const MUTANTS = [
  ['a cut-off that is inclusive', 'index/index.go', '*cutoffTime < reach', '*cutoffTime <= reach'],
  ['a key whose parts have no lengths', 'record/key.go', 'int64(len(part)), 10', '1, 10'],
  ['an exception for tokens without a client', 'index/wave.go', 'token.ClientID != "" &&', 'token.ClientID == "" ||'],
  ['a wave that anybody can compute', 'index/wave.go', 'waveOf(*x.hashKey,', 'waveOf([16]byte{},'],
  ['a text with half a surrogate', 'record/fields.go', 'utf8.ValidString(text)', 'utf8.ValidString("")'],
  ['a follower that never reads what it missed', 'follow/plan.go', 'if !missing {', 'if !missing || m.ever {'],
  [
    'the highest sequence as its watermark',
    'follow/progress.go',
    'for p.has(p.watermark + 1) {',
    'for p.watermark < p.target {',
  ],
  ['tokens called active before it was ever current', 'follow/view.go', 'return verdict.NeverCurrent', 'return ""'],
  ['proofs that are dated by their answer', 'follow/machine.go', 'head(head, ask.startedAt,', 'head(head, now,'],
  [
    'a leader believed that lost its followers',
    'follow/cursor.go',
    'head.QuorumAgeMs <= quorumAgeMsMax',
    'head.QuorumAgeMs >= 0',
  ],
  [
    'what it held forgotten with the log',
    'follow/machine.go',
    '\tm.proof = nil\n\tm.dropWork()\n',
    '\tm.proof = nil\n\tm.dropWork()\n\tm.applier.index = index.New()\n',
  ],
] as const;

describe('the Go client', () => {
  let go: GoToolchain;
  let scratch: string;
  const call = (program: 'go' | 'gofmt', ...args: readonly string[]): Promise<string> =>
    callGo(go, module, program, ...args);

  beforeAll(async () => {
    go = await findGo();
    scratch = await mkdtemp(join(tmpdir(), 'revocast-go-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it('is written as gofmt would, and vet finds nothing', async () => {
    expect(await call('gofmt', '-l', '.')).toBe('');
    for (const name of ['.', 'revocast', 'example'] as const) await callGo(go, goModule(name), 'go', 'vet', './...');
    // The first time, two libraries are fetched and all of it compiled.
  }, 300_000);

  it('reads, follows and judges as the TypeScript node does, by the golden vectors', async () => {
    expect(await call('go', 'test', '-count=1', './...')).toContain('/record\t');
  });

  it.each(MUTANTS)('is found out with %s', async (_what, file, from, to) => {
    const original = await readFile(join(module, file), 'utf8');
    expect(original).toContain(from);
    const [mutant, overlay] = [join(scratch, 'mutant.go'), join(scratch, 'overlay.json')];
    await writeFile(mutant, original.replace(from, to));
    await writeFile(overlay, JSON.stringify({ Replace: { [join(module, file)]: mutant } }));
    const tested = file.startsWith('follow/') ? './follow' : './...';
    const test = ['test', '-count=1', '-vet=off', `-overlay=${overlay}`, tested];
    await expect(call('go', ...test)).rejects.toThrow('--- FAIL');
  });
});
