import { describe, expect, it } from '@jest/globals';
import { ENV, stage } from '../test/stage.js';
import { type Blacklist, type BlacklistOptions, type FoundKey, type Heard } from './blacklist.js';
import { EXIT, Failure } from './failure.js';
import { redisSettings } from './redis-settings.js';
import { type World } from './world.js';

const PASSWORD = 'a-password-that-nobody-may-see';
const IMPORT = ['import', '--redis', 'bl:*', '--issuer', 'i', '--redis-url', 'redis://r.test'];
const keys = (...names: string[]): FoundKey[] => names.map((name) => ({ key: `bl:${name}`, ends: 60_000 }));

interface Line {
  readonly jti: string;
  readonly idempotencyKey: string;
}

/** A service that takes what `refuses` does not name, and remembers what it took. */
function serviceOf(refuses: (line: Line, path: string) => object | undefined = () => undefined) {
  const requests: { readonly path: string; readonly lines: readonly Line[] }[] = [];
  const fetch: World['fetch'] = (url, options) => {
    const lines = (options?.body as string)
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Line);
    const path = (url as URL).pathname;
    requests.push({ path, lines });
    const results = lines.map((line, at) => ({
      ...{ line: at + 1, issuer: 'i', scope: 'token', effect: 'always' },
      ...refuses(line, path),
    }));
    return Promise.resolve(new Response([...results, { done: true }].map((one) => JSON.stringify(one)).join('\n')));
  };
  return { requests, fetch, jtis: () => requests.flatMap(({ lines }) => lines.map(({ jti }) => jti)) };
}

/** A Redis of some pages of keys; `onScan` says what happens while it is scanned for the nth time. */
function redisOf(pages: FoundKey[][], onScan: (scan: number, heard?: Heard) => void = () => undefined) {
  const opened: BlacklistOptions[] = [];
  let heard: Heard | undefined;
  let scans = 0;
  const blacklist: Blacklist = {
    scan: async function* () {
      scans += 1;
      onScan(scans, heard);
      for (const page of pages) yield await Promise.resolve(page);
    },
    read: (names) => Promise.resolve(names.map((key) => ({ key, ends: 60_000 }))),
    follow: (to) => Promise.resolve(((heard = to), 'on' as const)),
    close: () => undefined,
  };
  const openBlacklist: World['openBlacklist'] = (options) => Promise.resolve((opened.push(options), blacklist));
  return { openBlacklist, opened };
}

describe('an import from Redis', () => {
  it('revokes each key once, also one that a scan brings twice, and names none', async () => {
    const service = serviceOf();
    const redis = redisOf([keys('a', 'b'), keys('b', 'c')]);
    const { said, run } = stage([], { ...service, ...redis });
    expect(await run(...IMPORT)).toBe(EXIT.ok);
    expect(service.jtis()).toEqual(['a', 'b', 'c']);
    expect(service.requests.map(({ path }) => path)).toEqual(['/base/v1/revocations/batch']);
    expect(said.out).toBe('done: 3 accepted, 0 failed\n');
    expect(redis.opened).toMatchObject([
      { pattern: 'bl:*', withValues: false, settings: { host: 'r.test', port: 6379 } },
    ]);
  });

  it('only looks with --dry-run, and says what would be revoked', async () => {
    const service = serviceOf();
    const { said, run } = stage([], { ...service, ...redisOf([keys('a', 'b')]) });
    expect(await run(...IMPORT, '--dry-run')).toBe(EXIT.ok);
    expect(service.requests.map(({ path }) => path)).toEqual(['/base/v1/revocations/batch/preview']);
    expect(said.out).toMatch(/^Nothing was revoked\. 2 keys would be, 0 fail:\nISSUER[^]*i +token +always +2\n$/);
  });

  it('fails for keys that nobody said the end of, and says how many', async () => {
    const service = serviceOf();
    const endless: FoundKey = { key: 'bl:endless', ends: 'never' };
    const { said, run } = stage([], { ...service, ...redisOf([[...keys('a'), endless]]) });
    expect(await run(...IMPORT)).toBe(EXIT.failed);
    expect(said.out).toContain('1 left: they have no TTL: say with --no-ttl when they end');
    expect(said.out + said.err).not.toContain('endless');
    const ended = stage([], { ...serviceOf(), ...redisOf([[...keys('a'), endless]]) });
    expect(await ended.run(...IMPORT, '--no-ttl', 'issuer')).toBe(EXIT.ok);
  });

  it('sends again what the service could not carry out now, and counts what it refuses', async () => {
    let tries = 0;
    const service = serviceOf(({ jti }) => {
      if (jti === 'bad') return { code: 'ERR_REVOCATION_INVALID', status: 400, detail: 'no' };
      return jti === 'later' && tries++ === 0 ? { code: 'ERR_PUBLISH_UNKNOWN', status: 503 } : undefined;
    });
    const { said, run } = stage([], { ...service, ...redisOf([keys('bad', 'later')]) });
    expect(await run(...IMPORT, '--json')).toBe(EXIT.failed);
    expect(service.jtis()).toEqual(['bad', 'later', 'later']);
    expect(JSON.parse(said.out)).toMatchObject({
      ...{ done: true, accepted: 1, failed: 1, failures: { 'ERR_REVOCATION_INVALID: no': 1 }, left: {} },
    });
  });

  it('follows: hears keys, scans again after a gap, outlives an outage, and ends with a summary', async () => {
    const interrupt = new AbortController();
    const service = serviceOf();
    const redis = redisOf([keys('a')], (scan, heard) => {
      if (scan === 2) heard?.key('bl:heard');
      if (scan === 2) heard?.gap();
      if (scan === 3) interrupt.abort();
    });
    // Three tries are one outage.
    let tries = 0;
    const away: World['fetch'] = (...call) =>
      tries++ < 3 ? Promise.reject(new TypeError('away')) : service.fetch(...call);
    const { said, run } = stage([], { ...service, ...redis, fetch: away, signal: interrupt.signal });
    expect(await run(...IMPORT, '--follow')).toBe(EXIT.interrupted);
    expect(service.jtis()).toEqual(['a', 'heard']);
    expect(said.err).toContain('It is tried again.');
    expect(said.out).toBe('done: 2 accepted, 0 failed\n');
  });

  it('stops following for a key of the API that is wrong', async () => {
    const fetch: World['fetch'] = () =>
      Promise.resolve(new Response(JSON.stringify({ code: 'ERR_UNAUTHENTICATED' }), { status: 401 }));
    const { said, run } = stage([], { ...redisOf([keys('a')]), fetch });
    expect(await run(...IMPORT, '--follow')).toBe(EXIT.refused);
    expect(said.out).toBe('done: 0 accepted, 0 failed\n');
  });

  it.each([
    [['--redis', 'bl:*', '--redis-url', 'redis://r']],
    [['--redis', 'bl:[ab]', '--issuer', 'i']],
    [['--redis', 'out:*', '--redis-key', 'out:{sub}', '--issuer', 'i']],
    [[...IMPORT.slice(1), '--cut-off', 'now']],
    [[...IMPORT.slice(1), '--no-ttl', 'soon']],
    [[...IMPORT.slice(1), '--rescan', '5']],
    [[...IMPORT.slice(1), '--follow', '--dry-run']],
    [[...IMPORT.slice(1), 'file']],
    [['file', '--follow']],
  ])('refuses %j before anything is opened', async (argv) => {
    const redis = redisOf([]);
    const { said, run } = stage([], redis);
    expect(await run('import', ...argv)).toBe(EXIT.usage);
    expect(redis.opened).toEqual([]);
    expect(said.out).toBe('');
  });

  it('ends with 5 when Redis is away', async () => {
    const gone = new Failure(EXIT.unreachable, 'Redis gives no answer (ECONNREFUSED).');
    const { run } = stage([], { openBlacklist: () => Promise.reject(gone) });
    expect(await run(...IMPORT)).toBe(EXIT.unreachable);
  });
});

describe('the settings of Redis', () => {
  it('come from the environment, with a password from there alone', () => {
    const env = { REVOCAST_REDIS_URL: `rediss://user:${PASSWORD}@[::1]:6380/3` };
    expect(redisSettings(env, undefined)).toEqual({
      ...{ host: '::1', port: 6380, tls: true, database: 3, username: 'user', password: PASSWORD },
    });
    expect(redisSettings({ REVOCAST_REDIS_PASSWORD: PASSWORD }, 'redis://r')).toMatchObject({ password: PASSWORD });
  });

  it.each([
    [{}, undefined],
    [{}, `redis://:${PASSWORD}@r`],
    [{}, 'http://r'],
    [{}, 'redis://r/x'],
    [{ REVOCAST_REDIS_URL: 'a', REVOCAST_REDIS_URL_FILE: 'b' }, undefined],
    [{ REVOCAST_REDIS_PASSWORD_FILE: '/nowhere' }, 'redis://r'],
  ])('are refused for %j and %j, and no password is repeated', async (env, url) => {
    const { said, run } = stage([], { env: { ...ENV, ...env } });
    const given = url === undefined ? [] : ['--redis-url', url];
    expect(await run('import', '--redis', 'bl:*', '--issuer', 'i', ...given)).toBe(EXIT.usage);
    expect(said.err).not.toContain(PASSWORD);
  });
});
