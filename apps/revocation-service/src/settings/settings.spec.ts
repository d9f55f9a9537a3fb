import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RevocationError } from '@revocast/core';
import { generateSigningKey } from '@revocast/jetstream';
import { readSettings } from './settings.js';

const SECRET = 'a shared secret that nobody may read in a log';
const signingKey = generateSigningKey('records-1');
const GOOD = {
  NATS_URL: 'nats://127.0.0.1:4222',
  REVOCAST_ISSUERS: JSON.stringify([
    { issuer: 'https://login.example', audience: false, secret: SECRET, algorithms: ['HS256'] },
  ]),
  REVOCAST_API_KEYS: JSON.stringify([{ name: 'writer', sha256: 'a'.repeat(64), verbs: ['read', 'write'] }]),
  REVOCAST_SIGNING_KEY: JSON.stringify(signingKey),
  REVOCAST_HASH_KEY: '0'.repeat(32),
  REVOCAST_DATA_DIR: '/var/lib/revocast',
};

const problemsOf = (environment: Readonly<Record<string, string | undefined>>): readonly string[] => {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof RevocationError && error.code === 'ERR_CONFIG') return error.message.split('\n');
    throw error;
  }
};
const file = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'revocast-settings-')), 'setting');
  writeFileSync(path, text);
  return path;
};

describe('The settings of the service', () => {
  it('have safe defaults for all that is not required', () => {
    expect(readSettings(GOOD)).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      namespace: 'revocast',
      init: false,
      expected: {},
      expectedIsExact: false,
      fleetBoundMs: 300_000,
      replicas: 1,
      issuersPath: undefined,
    });
  });

  it('are refused with all problems at once', () => {
    const problems = problemsOf({
      PORT: '70000',
      REVOCAST_NAMESPACE: 'a.b',
      REVOCAST_ISSUERS: '{',
      REVOCAST_API_KEYS: '[{"name":"x","sha256":"short","verbs":[]}]',
      REVOCAST_SIGNING_KEY: '{"kty":"RSA"}',
      REVOCAST_INIT: 'yes',
      REVOCAST_EXPECTED: '{"payments":0}',
      REVOCAST_REPLICAS: 'three',
    }).join('\n');
    for (const name of [
      'PORT',
      'NATS',
      'REVOCAST_NAMESPACE',
      'REVOCAST_ISSUERS',
      'REVOCAST_API_KEYS',
      'REVOCAST_SIGNING_KEY',
    ]) {
      expect(problems).toContain(name);
    }
    for (const name of [
      'REVOCAST_HASH_KEY',
      'REVOCAST_INIT',
      'REVOCAST_EXPECTED',
      'REVOCAST_REPLICAS',
      'REVOCAST_DATA_DIR',
    ]) {
      expect(problems).toContain(name);
    }
  });

  it.each(Object.keys(GOOD))('are refused without %s', (name) => {
    expect(problemsOf({ ...GOOD, [name]: undefined })).not.toEqual([]);
  });

  it('D15: are refused without an operator: nobody may command by default', () => {
    const problems = problemsOf({ ...GOOD, REVOCAST_API_KEYS: '[]' });
    expect(problems).toEqual([expect.stringContaining('no operator is configured')]);
  });

  it('may come from files, which win over nothing and conflict with a variable', () => {
    const { REVOCAST_ISSUERS, REVOCAST_HASH_KEY, REVOCAST_SIGNING_KEY, ...rest } = GOOD;
    const issuers = file(REVOCAST_ISSUERS);
    const settings = readSettings({
      ...rest,
      REVOCAST_ISSUERS: issuers,
      REVOCAST_HASH_KEY_FILE: file(`${REVOCAST_HASH_KEY}\n`),
      REVOCAST_SIGNING_KEY_FILE: file(REVOCAST_SIGNING_KEY),
    });
    expect(settings).toMatchObject({ issuersPath: issuers, hashKey: REVOCAST_HASH_KEY, signer: { kid: 'records-1' } });
    expect(problemsOf({ ...GOOD, REVOCAST_HASH_KEY_FILE: issuers })).toEqual(
      expect.arrayContaining([expect.stringContaining('both set')]),
    );
    expect(
      problemsOf({ ...rest, REVOCAST_SIGNING_KEY, REVOCAST_HASH_KEY, REVOCAST_ISSUERS: '/nowhere/issuers.json' }),
    ).toEqual(expect.arrayContaining([expect.stringContaining('cannot be read')]));
  });

  it('never repeat a secret in a problem', () => {
    const text = problemsOf({
      ...GOOD,
      REVOCAST_ISSUERS: `[{"issuer":"https://login.example","secret":"${SECRET}","color":1}]`,
      REVOCAST_SIGNING_KEY: JSON.stringify({ ...signingKey, x: 'wrong' }),
      REVOCAST_HASH_KEY: 'not-hex-but-secret',
    }).join('\n');
    expect(text).not.toBe('');
    for (const secret of [SECRET, signingKey.d, 'not-hex-but-secret']) expect(text).not.toContain(secret);
  });

  it('keep two API keys of one name apart by refusing them', () => {
    const key = { name: 'twice', sha256: 'a'.repeat(64), verbs: ['read'] };
    expect(problemsOf({ ...GOOD, REVOCAST_API_KEYS: JSON.stringify([key, key]) })).toEqual([
      expect.stringContaining('twice'),
    ]);
  });

  it('take further record keys while keys are rotated', () => {
    const older = generateSigningKey('records-0');
    const { verifier } = readSettings({ ...GOOD, REVOCAST_RECORD_KEYS: JSON.stringify({ keys: [older] }) });
    expect(verifier.verify(new Uint8Array([1]), 'records-0.' + 'A'.repeat(86))).toBe('wrongKey');
    expect(verifier.verify(new Uint8Array([1]), '')).toBe('unsigned');
  });
});
