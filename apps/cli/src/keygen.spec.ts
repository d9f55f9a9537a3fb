import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSigner, createVerifier } from '@revocast/jetstream';
import { stage } from '../test/stage.js';

describe('keygen', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'revocast-keygen-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const read = (file: string): string => readFileSync(join(dir, file), 'utf8');
  const all = ['api-key', 'api-keys.json', 'hash-key', 'record-keys.jwks.json', 'record-signing.jwk.json'];

  it('makes keys that fit each other, for their owner alone, and prints none', async () => {
    const { said, run } = stage([]);
    expect(await run('keygen', dir)).toBe(0);
    expect(readdirSync(dir).sort()).toEqual(all);
    for (const file of all) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    const bytes = new TextEncoder().encode('record');
    const signature = createSigner(JSON.parse(read('record-signing.jwk.json'))).sign(bytes);
    expect(createVerifier(JSON.parse(read('record-keys.jwks.json'))).verify(bytes, signature)).toBe('ours');
    expect(read('hash-key')).toMatch(/^[0-9a-f]{32}\n$/);
    const key = read('api-key').trim();
    expect(JSON.parse(read('api-keys.json'))).toMatchObject([
      { sha256: createHash('sha256').update(key).digest('hex') },
    ]);
    const { d } = JSON.parse(read('record-signing.jwk.json')) as { d: string };
    for (const secret of [key, d, read('hash-key').trim()]) expect(said.out + said.err).not.toContain(secret);
    expect(read('record-keys.jwks.json')).not.toContain(d);
  });

  it.each(['api-key', 'hash-key', 'record-signing.jwk.json'])('leaves all as it is where %s exists', async (file) => {
    writeFileSync(join(dir, file), 'old');
    const { said, run } = stage([]);
    expect(await run('keygen', dir)).toBe(2);
    expect(said.err).toContain(file);
    expect(readdirSync(dir)).toEqual([file]);
    expect(read(file)).toBe('old');
  });

  it('does not follow a link out of the folder, not even with --force', async () => {
    const victim = join(dir, 'victim');
    writeFileSync(victim, 'old');
    symlinkSync(victim, join(dir, 'hash-key'));
    expect(await stage([]).run('keygen', dir)).toBe(2);
    expect(await stage([]).run('keygen', dir, '--force', '--yes')).toBe(0);
    expect(read('victim')).toBe('old');
  });

  it('replaces with --force only after a yes, and only the part that is named', async () => {
    await stage([]).run('keygen', dir);
    const [hash, key] = [read('hash-key'), read('api-key')];
    expect(await stage([]).run('keygen', dir, '--force')).toBe(2);
    expect(await stage([], { confirm: () => Promise.resolve(false) }).run('keygen', dir, '--force')).toBe(2);
    expect(read('api-key')).toBe(key);
    const { said, run } = stage([]);
    expect(await run('keygen', dir, '--force', '--yes', '--only', 'api', '--print', '--json')).toBe(0);
    expect(read('api-key')).not.toBe(key);
    expect(read('hash-key')).toBe(hash);
    expect(JSON.parse(said.out)).toMatchObject({ written: true, apiKey: read('api-key').trim() });
  });

  it('makes nothing in a dry run, and refuses what is no part', async () => {
    const { said, run } = stage([]);
    expect(await run('keygen', dir, '--dry-run')).toBe(0);
    expect(said.out).toContain('Nothing was written');
    expect(await run('keygen', dir, '--only', 'nonsense')).toBe(2);
    expect(await run('keygen', dir, '--kid', 'a b')).toBe(2);
    expect(readdirSync(dir)).toEqual([]);
  });
});
