import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RevocationError } from '@revocast/core';
import { natsSettingsFrom, textOf } from './nats-settings.js';

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    natsSettingsFrom(env);
    return [];
  } catch (error) {
    if (!(error instanceof RevocationError) || error.code !== 'ERR_CONFIG') throw error;
    return error.message.split('; ');
  }
};

describe('NATS settings from the environment', () => {
  let directory: string;
  const file = (name: string): string => join(directory, name);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'revocast-settings-'));
    writeFileSync(file('password'), 'from a file\n');
    writeFileSync(file('ca.pem'), '-----BEGIN CERTIFICATE-----\n');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('need an address and nothing else', () => {
    expect(natsSettingsFrom({ NATS_URL: 'nats://127.0.0.1:4222' })).toEqual({ servers: ['nats://127.0.0.1:4222'] });
  });

  it('take a comma list of addresses, with or without scheme, and ignore empty settings', () => {
    expect(natsSettingsFrom({ NATS_URL: 'n1:4222, tls://n2:4222,', NATS_USER: '', NATS_CREDS: '' })).toEqual({
      servers: ['n1:4222', 'tls://n2:4222'],
    });
  });

  it('take user and password, the password also from a file', () => {
    const env = { NATS_URL: 'n1', NATS_USER: 'svc' };
    expect(natsSettingsFrom({ ...env, NATS_PASSWORD: 'secret' })).toMatchObject({
      user: 'svc',
      password: { text: 'secret' },
    });
    const { password } = natsSettingsFrom({ ...env, NATS_PASSWORD_FILE: file('password') });
    expect(textOf(password!)).toBe('from a file');
  });

  it('take credentials and certificates as text or as path', () => {
    const text = '-----BEGIN CERTIFICATE-----\nabc';
    expect(natsSettingsFrom({ NATS_URL: 'n1', NATS_CA: text }).tls).toEqual({ ca: { text } });
    expect(natsSettingsFrom({ NATS_URL: 'n1', NATS_CA: file('ca.pem') }).tls).toEqual({ ca: { file: file('ca.pem') } });
    expect(natsSettingsFrom({ NATS_URL: 'n1', NATS_CREDS_FILE: file('ca.pem') }).credentials).toEqual({
      file: file('ca.pem'),
    });
  });

  it('list every problem at once', () => {
    const problems = problemsOf({
      NATS_CREDS: file('absent'),
      NATS_USER: 'svc',
      NATS_CERT: file('ca.pem'),
      NATS_NKEY_SEED: 'SU1',
      NATS_NKEY_SEED_FILE: file('password'),
    });
    expect(problems).toEqual([
      'NATS_URL is not set',
      'the file of NATS_CREDS cannot be read',
      'NATS_NKEY_SEED and NATS_NKEY_SEED_FILE exclude each other',
      'NATS_CERT and NATS_KEY go together',
      'only one of NATS_CREDS, NATS_NKEY_SEED and NATS_USER can be used',
      'NATS_USER and NATS_PASSWORD go together',
    ]);
  });

  it.each([
    ['http://n1', 'is neither nats:// nor tls://'],
    ['nats://', 'names no host'],
    ['nats://user:secret@n1:4222', 'holds credentials'],
    ['nats://n1:notaport', 'is no URL'],
  ])('refuse the address %s', (url, problem) => {
    expect(problemsOf({ NATS_URL: `n0,${url}` })).toEqual([expect.stringContaining(problem)]);
  });

  it('never repeat a value in a problem', () => {
    const env = { NATS_URL: 'nats://u:s3cret@n1', NATS_USER: 's3cret', NATS_CREDS: '/s3cret' };
    expect(problemsOf(env).join()).not.toContain('s3cret');
  });
});
