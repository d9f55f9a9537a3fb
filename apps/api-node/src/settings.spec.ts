import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { type Environment } from '@revocast/node';
import { readSettings } from './settings.js';

const recordKeys = JSON.stringify({ keys: [publicRecordKey(generateSigningKey('records-1'))] });
const issuers = JSON.stringify([{ issuer: 'https://issuer.example', audience: 'orders' }]);
const COMPLETE: Environment = {
  NATS_URL: 'nats://127.0.0.1:4222',
  REVOCAST_MODE: 'strict',
  REVOCAST_RECORD_KEYS: recordKeys,
  REVOCAST_ISSUERS: issuers,
};

const read = (more: Environment = {}) => readSettings({ ...COMPLETE, ...more }, () => undefined);

function problemsOf(environment: Environment): readonly string[] {
  try {
    readSettings(environment, () => undefined);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_CONFIG' });
    return (error as Error).message.split('\n');
  }
}

describe('the settings of a node', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'revocast-settings-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  it('have defaults for what nobody needs to choose, and listen on the loopback only', () => {
    const { host, port, issuersFile, revocation } = read();
    expect({ host, port, issuersFile }).toEqual({ host: '127.0.0.1', port: 3001, issuersFile: undefined });
    expect(revocation).toMatchObject({ mode: 'strict', service: 'api-node', stalenessMsMax: 300_000 });
    expect(revocation.nodeId).toBeTruthy();
    expect(revocation.issuers).toEqual(JSON.parse(issuers));
  });

  it('name a local file only where one is set; it need not exist yet', () => {
    expect(read().revocation).not.toHaveProperty('localFile');
    expect(read({ REVOCAST_LOCAL_FILE: '' }).revocation).not.toHaveProperty('localFile');
    expect(read({ REVOCAST_LOCAL_FILE: '/none/local.json' }).revocation.localFile).toBe('/none/local.json');
  });

  it('are all named at once when they are wrong', () => {
    const problems = problemsOf({
      ...{ PORT: '70000', REVOCAST_STALENESS_MS_MAX: '5 minutes', REVOCAST_MODE: 'lax', REVOCAST_SERVICE: 'a.b' },
      ...{ REVOCAST_NAMESPACE: 'rev.*', NATS_URL: 'http://nats', REVOCAST_RECORD_KEYS: '{}', REVOCAST_ISSUERS: '[{}]' },
    });
    for (const name of [
      'PORT',
      'REVOCAST_STALENESS_MS_MAX',
      'REVOCAST_MODE',
      'REVOCAST_SERVICE',
      'REVOCAST_NAMESPACE',
    ]) {
      expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^${name}: `)));
    }
    for (const name of ['NATS_URL', 'REVOCAST_RECORD_KEYS', 'REVOCAST_ISSUERS']) {
      expect(problems).toContainEqual(expect.stringContaining(name));
    }
  });

  it('include a mode, the broker, record keys and issuers, for which there is no default', () => {
    const problems = problemsOf({});
    expect(problems).toHaveLength(4);
    for (const name of ['REVOCAST_MODE', 'NATS_URL', 'REVOCAST_RECORD_KEYS', 'REVOCAST_ISSUERS']) {
      expect(problems.join('\n')).toContain(name);
    }
  });

  it('take documents from a file, named by the setting itself or by its _FILE twin', () => {
    const path = file('issuers.json', issuers);
    expect(read({ REVOCAST_ISSUERS: path }).issuersFile).toBe(path);
    const { issuersFile, revocation } = read({ REVOCAST_ISSUERS: undefined, REVOCAST_ISSUERS_FILE: path });
    expect([issuersFile, revocation.issuers]).toEqual([path, JSON.parse(issuers)]);
    const keys = file('keys.json', recordKeys);
    expect(() => read({ REVOCAST_RECORD_KEYS: undefined, REVOCAST_RECORD_KEYS_FILE: keys })).not.toThrow();
  });

  it('bound the cache of verified tokens, or switch it off', () => {
    const bounds = { entriesMax: 20_000, bytesMax: 67_108_864 };
    expect(read().revocation.tokenCache).toEqual(bounds);
    expect(read({ REVOCAST_TOKEN_CACHE: 'off' }).revocation.tokenCache).toBe(false);
    const entriesMax = read({ REVOCAST_TOKEN_CACHE_ENTRIES_MAX: '7' }).revocation.tokenCache;
    expect(entriesMax).toEqual({ ...bounds, entriesMax: 7 });
    const wrong = { REVOCAST_TOKEN_CACHE: 'perhaps', REVOCAST_TOKEN_CACHE_ENTRIES_MAX: '0' };
    const problems = problemsOf({ ...COMPLETE, ...wrong, REVOCAST_TOKEN_CACHE_BYTES_MAX: '64MB' });
    expect(problems).toHaveLength(3);
  });

  it('name the hub of a leaf only by what is a JetStream domain', () => {
    expect(() => read({ REVOCAST_HUB_DOMAIN: 'hub' })).not.toThrow();
    const problems = problemsOf({ ...COMPLETE, REVOCAST_HUB_DOMAIN: 'hub.API.>' });
    expect(problems).toEqual([expect.stringMatching(/^REVOCAST_HUB_DOMAIN: /)]);
  });

  it('take an empty variable for none', () => {
    expect(read({ PORT: '', HOST: '', REVOCAST_SERVICE: '' })).toMatchObject({ host: '127.0.0.1', port: 3001 });
  });

  it('never show a secret in what they object to', () => {
    const secret = 'correct-horse-battery-staple-0123456789';
    const problems = problemsOf({
      ...COMPLETE,
      NATS_URL: `nats://user:${secret}@127.0.0.1`,
      REVOCAST_ISSUERS: `[{"issuer":"local","secret":"${secret}","nonsense":`,
      REVOCAST_RECORD_KEYS: `{"keys":[{"d":"${secret}"`,
    });
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).not.toContain(secret);
  });

  it('say which file cannot be read', () => {
    const problems = problemsOf({ ...COMPLETE, REVOCAST_ISSUERS: join(directory, 'missing.json') });
    expect(problems).toEqual([expect.stringMatching(/^REVOCAST_ISSUERS: .*missing\.json/)]);
  });

  it('make a feed that reports under the names of the node', () => {
    const { feed } = read().revocation;
    expect(() => (feed as (identity: object) => unknown)({ service: 'api-node', instance: 'i-1' })).not.toThrow();
  });
});
