import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@revocast/testing';
import { Redis } from 'ioredis';
import {
  CLIENT_SECRET,
  type FakeProvider,
  keycloakAnswers,
  startFakeProvider,
} from '../../apps/revocation-service/test/support/fake-provider.js';
import { findRedis, RedisServer } from '../bench/redis/redis-server.js';
import { DEV_ISSUER, type LocalFleet, makeHome, removeHome, startFleet } from './local-fleet.js';

const MAIN = resolve(import.meta.dirname, '../../apps/cli/dist/main.js');
const LOST_DEVICE = resolve(import.meta.dirname, '../../examples/security/lost-device.sh');
const ON_ISSUER = ['--issuer', DEV_ISSUER];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the command line, against a real service with two nodes', () => {
  let dir: string;
  let fleet: LocalFleet;
  let keycloak: FakeProvider;
  const printed: string[] = [];

  /** The built command, which `startFleet` has just built with everything else. */
  const start = (args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess => {
    const { PATH } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, ...env }, stdio: 'pipe' });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
    return child;
  };
  const textOf = (stream: NodeJS.ReadableStream | null): (() => string) => {
    let text = '';
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return () => text;
  };
  const revocast = async (args: readonly string[], { stdin = '', env = {} } = {}): Promise<Ended> => {
    const known = { REVOCAST_URL: fleet.service, REVOCAST_API_KEY: fleet.apiKey };
    const child = start(args, { ...known, ...env });
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
    child.stdin?.end(stdin);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout: stdout(), stderr: stderr() };
  };
  /** The script of `examples/security`, with the built command on its PATH. */
  const lostDevice = async (devices: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> => {
    const bin = join(dir, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'revocast'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
    const known = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      REVOCAST_URL: fleet.service,
      REVOCAST_ISSUER: DEV_ISSUER,
    };
    const child = spawn('sh', [LOST_DEVICE, ...devices], {
      ...{ env: { ...known, REVOCAST_API_KEY: fleet.apiKey, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
    const [code] = (await once(child, 'close')) as [number | null];
    printed.push(stdout(), stderr());
    return { code, stdout: stdout(), stderr: stderr() };
  };
  const json = ({ stdout }: Ended): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

  beforeAll(async () => {
    dir = await makeHome();
    keycloak = await startFakeProvider(keycloakAnswers());
    const secretFile = join(dir, 'client-secret');
    await writeFile(secretFile, CLIENT_SECRET);
    const provider = {
      ...{ kind: 'keycloak', issuer: DEV_ISSUER, clientId: 'revocast', secretFile },
      adminUrl: `${keycloak.url}/admin/realms/shop`,
      tokenUrl: `${keycloak.url}/realms/shop/protocol/openid-connect/token`,
    };
    fleet = await startFleet(dir, ['--nodes', '2'], { REVOCAST_IDENTITY_PROVIDERS: JSON.stringify([provider]) });
  }, 120_000);
  afterAll(async () => {
    await fleet.stop();
    await keycloak.close();
    await removeHome(dir);
  });

  it('kills a device with a proof, shows it, and lifts it', async () => {
    const token = await fleet.token('--sub', 'alice', '--device', 'phone-1');
    const [node = ''] = fleet.nodes;
    expect(await fleet.ask(node, token)).toBe(200);
    const preview = await revocast(['kill', ...ON_ISSUER, '--device', 'phone-1', '--dry-run']);
    expect(preview.stdout).toMatch(/live tokens +1 live token in the last 10 minutes, on api-node\./);
    const killed = await revocast(['kill', ...ON_ISSUER, '--device', 'phone-1', '--reason', 'lost', '--wait']);
    expect(killed).toMatchObject({ code: 0, stdout: expect.stringContaining('enforced on 2 of 2') as unknown });
    expect(await fleet.ask(node, token)).toBe(401);
    const after = await revocast(['kill', ...ON_ISSUER, '--device', 'phone-1', '--dry-run']);
    expect(after.stdout).toMatch(/live tokens +0 live tokens/);

    const [id = ''] = killed.stdout.split(' ');
    const shown = await revocast(['show', id]);
    expect(shown.stdout).toMatch(/deviceId +phone-1[^]*reason +lost[^]*enforced on 2 of 2[^]*AFTER MS/);
    expect((await revocast(['list', '--device', 'phone-1'])).stdout).toContain(id);
    const explained = await revocast(['token', 'inspect', '--explain', '--json'], { stdin: token });
    expect(json(explained)).toMatchObject({ verified: false, explained: { hit: { revocationId: id } } });
    expect(await revocast(['lift', id, '--wait'])).toMatchObject({ code: 0 });
    expect(await fleet.ask(node, token)).toBe(200);
    await eventually(
      async () => {
        const counted = await revocast(['show', id]);
        expect(counted.stdout).toMatch(/refused +1 time since, last from service api-node at /);
      },
      { withinMs: 20_000 },
    );
    expect(printed.join('')).not.toContain(token.split('.')[2]);
  });

  it('revokes lost devices by the script of the examples, whose code is the worst one', async () => {
    const token = await fleet.token('--sub', 'carol', '--device', 'tablet-2');
    const ended = await lostDevice(['tablet-1', 'tablet-2']);
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/tablet-1: enforced[^]*tablet-2: enforced/) as unknown,
    });
    expect(await fleet.ask(fleet.nodes[0] ?? '', token)).toBe(401);
    const refused = await lostDevice(['tablet-3'], { REVOCAST_API_KEY: 'wrong' });
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('tablet-3: NOT KNOWN TO BE REVOKED') as unknown,
    });
  });

  it('kills a person by e-mail address, ends the sessions there, and writes the address nowhere', async () => {
    const address = 'alice@example.com';
    const token = await fleet.token('--sub', 'id-alice');
    const kill = ['kill', '--person', address];
    const looked = await revocast([...kill, '--dry-run']);
    expect(looked).toMatchObject({ code: 0, stdout: expect.stringMatching(/id-alice[^]*scope +subject/) as unknown });
    expect(await revocast(kill)).toMatchObject({ code: 2, stdout: '' });
    expect(await fleet.ask(fleet.nodes[0] ?? '', token)).toBe(200);
    const killed = await revocast([...kill, '--yes', '--wait', '--json']);
    expect(killed.code).toBe(0);
    expect(await fleet.ask(fleet.nodes[0] ?? '', token)).toBe(401);
    const { revocations } = json(killed) as { revocations: { id: string }[] };
    await eventually(async () => {
      const shown = await revocast(['show', revocations[0]?.id ?? '']);
      expect(shown.stdout).toMatch(/sessions there +ended at /);
    });
    expect(keycloak.calls()).toContain('POST /admin/realms/shop/users/id-alice/logout');
    // The log of the broker and the journal of the service are below.
    const names = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const holding = async (text: string): Promise<string[]> => {
      const all = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])));
      return all.flat();
    };
    expect((await holding('id-alice')).length).toBeGreaterThan(1);
    expect(await holding(address)).toEqual([]);
    expect(await revocast(['kill', '--person', 'nobody@example.org', '--yes'])).toMatchObject({ code: 4 });
  });

  it('makes one revocation of a kill that is repeated with its key', async () => {
    const kill = ['kill', ...ON_ISSUER, '--sub', 'repeated', '--json', '--idempotency-key', 'once'];
    const ids = [await revocast(kill), await revocast(kill)].map((ended) => json(ended)['id']);
    expect(ids[1]).toBe(ids[0]);
    const listed = json(await revocast(['list', '--sub', 'repeated', '--json']));
    expect(listed['items']).toHaveLength(1);
  });

  it('refuses a wide kill without --yes where nobody can be asked, and a dry run revokes nothing', async () => {
    const wide = ['kill', ...ON_ISSUER, '--scope', 'issuer'];
    expect(await revocast(wide)).toMatchObject({ code: 2, stdout: '' });
    expect(await revocast([...wide, '--dry-run'])).toMatchObject({ code: 0 });
    expect(json(await revocast(['list', '--scope', 'issuer', '--json']))).toMatchObject({ items: [] });
  });

  it('says by its code that a node is missing, and names it', async () => {
    const [pid = 0] = fleet.pids.nodes;
    process.kill(pid, 'SIGSTOP');
    try {
      const killed = await revocast(['kill', ...ON_ISSUER, '--sub', 'bob', '--wait', '--timeout', '1']);
      expect(killed).toMatchObject({ code: 3, stdout: expect.stringMatching(/on 1 of 2[^]*missing: /) as unknown });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('drills: each node shows that it refused the canary, and one that is stopped fails it', async () => {
    const drill = ['drill', ...ON_ISSUER, '--within', '20', '--json'];
    const shown = { nodes: [{ shown: 'refused' }, { shown: 'refused' }] };
    const passed = await revocast([...drill, '--every', '1', '--count', '2']);
    expect(passed.code).toBe(0);
    const rounds = passed.stdout.split('\n').slice(0, 2);
    for (const round of rounds) expect(JSON.parse(round)).toMatchObject({ passed: true, ...shown });
    const scraped = await (await fetch(`${fleet.service}/metrics`)).text();
    expect(scraped).toContain('revocast_drill_result{result="passed"} 1');
    const valueOf = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(scraped)?.[1]);
    for (const name of ['revocast_drill_seconds', 'revocast_drill_age_seconds']) expect(valueOf(name)).toBeLessThan(20);
    const [pid = 0] = fleet.pids.nodes;
    process.kill(pid, 'SIGSTOP');
    try {
      const failed = await revocast(['drill', ...ON_ISSUER, '--within', '1']);
      expect(failed).toMatchObject({ code: 3, stdout: expect.stringMatching(/NOT ENFORCED: 1 of 2/) as unknown });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('finds what is well and what is not, and says so by its code', async () => {
    const ended = await revocast(['doctor', '--json']);
    // No node of this fleet has seen a token of the second issuer.
    expect(ended.code).toBe(6);
    const { findings } = json(ended) as { findings: { code: string; level: string }[] };
    expect(findings.filter(({ level }) => level !== 'ok').map(({ code }) => code)).toEqual([
      'claims.seen',
      'claims.seen',
    ]);
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['broker.rights', 'clocks.cli']));
  });

  it('imports lines, names those that failed, and twice is once', async () => {
    const file = join(dir, 'import.ndjson');
    const command = (sub: string): string => JSON.stringify({ issuer: DEV_ISSUER, scope: 'subject', sub });
    await writeFile(file, `${command('one')}\n\n{"scope":"nonsense"}\n${command('two')}\n`);
    for (const _ of [1, 2]) {
      const ended = await revocast(['import', file]);
      expect(ended.code).toBe(1);
      expect(ended.stdout).toMatch(/^line 3: ERR_SCOPE_UNKNOWN: [^]*done: 2 accepted, 1 failed\n$/);
    }
    expect(json(await revocast(['list', '--sub', 'two', '--json']))['items']).toHaveLength(1);
  });

  describe('from a Redis blacklist', () => {
    let redis: RedisServer;
    let client: Redis;
    beforeAll(async () => {
      redis = await RedisServer.start(await findRedis(), 'none');
      client = new Redis({ port: redis.port, host: '127.0.0.1', retryStrategy: () => 50 });
      client.on('error', () => undefined);
    }, 120_000);
    afterAll(async () => {
      client.disconnect();
      await redis.dispose();
    });
    const from = (...args: string[]): readonly string[] => [
      ...['import', '--redis-url', `redis://127.0.0.1:${redis.port}`, '--json', ...args],
    ];
    const idsOf = async (jti: string): Promise<unknown[]> => {
      const { items } = json(await revocast(['list', '--jti', jti, '--json'])) as { items: { id: string }[] };
      return items.map(({ id }) => id);
    };

    it('imports tokens that are keys as a whole, shows nothing of them, and nodes refuse them', async () => {
      const token = await fleet.token('--sub', 'from-redis');
      await client.set(`raw:${token}`, '1', 'EX', 600);
      const raw = ['--redis', 'raw:*', '--redis-key', 'raw:{token}'];
      const looked = await revocast(from(...raw, '--dry-run'));
      expect(json(looked)).toMatchObject({ dryRun: true, would: [{ issuer: DEV_ISSUER, scope: 'token', count: 1 }] });
      expect(await fleet.ask(fleet.nodes[0] ?? '', token)).toBe(200);
      expect(await revocast(from(...raw))).toMatchObject({ code: 0 });
      await eventually(async () => expect(await fleet.ask(fleet.nodes[0] ?? '', token)).toBe(401));
      for (const part of token.split('.')) expect(printed.join('')).not.toContain(part);
    });

    it('revokes a key once, however often it is run', async () => {
      await client.mset(Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`bl:many-${at}`, '1'])));
      await client.set('bl:timed', '1', 'EX', 600);
      const many = from('--redis', 'bl:*', ...ON_ISSUER);
      expect(json(await revocast(many))).toMatchObject({ accepted: 1, left: { end: 1_500 } });
      const ended = [...many, '--no-ttl', 'issuer'];
      for (const _ of [1, 2])
        expect(json(await revocast(ended))).toMatchObject({ accepted: 1_501, failed: 0, left: {} });
      for (const jti of ['timed', 'many-0', 'many-1499']) expect(await idsOf(jti)).toHaveLength(1);
    });

    it('follows what is set, over a restart of Redis, until SIGTERM', async () => {
      await client.config('SET', 'notify-keyspace-events', 'K$');
      const known = { REVOCAST_URL: fleet.service, REVOCAST_API_KEY: fleet.apiKey };
      const child = start(from('--redis', 'f:*', ...ON_ISSUER, '--follow', '--rescan', '2'), known);
      const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
      await eventually(() => expect(stderr()).toContain('Redis notifies'));
      await client.set('f:heard', '1', 'EX', 600);
      await eventually(async () => expect(await idsOf('heard')).toHaveLength(1));
      await redis.kill();
      await redis.start();
      await client.set('f:after', '1', 'EX', 600);
      await eventually(async () => expect(await idsOf('after')).toHaveLength(1), { withinMs: 20_000 });
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      expect(await ended).toEqual([130, null]);
      expect(JSON.parse(stdout())).toMatchObject({ done: true, accepted: 2, failed: 0 });
    });
  });

  it('has a code for each way to fail, and tells what to do', async () => {
    expect(await revocast(['show', 'nothing'])).toMatchObject({ code: 4 });
    expect(await revocast(['list'], { env: { REVOCAST_API_KEY: 'wrong' } })).toMatchObject({ code: 4 });
    expect(await revocast(['nodes', '--url', 'http://127.0.0.1:1'])).toMatchObject({ code: 5 });
    expect(await revocast(['status'])).toMatchObject({ code: 0, stdout: expect.stringContaining('ready') as unknown });
  });

  it('watches until Ctrl-C, which is 130', async () => {
    const child = start(['watch', '--json'], { REVOCAST_URL: fleet.service, REVOCAST_API_KEY: fleet.apiKey });
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
    await eventually(() => expect(stderr()).toBe('watching\n'));
    await revocast(['kill', ...ON_ISSUER, '--sub', 'watched']);
    await eventually(() => expect(stdout()).toMatch(/"event":"revocation".*"sub":"watched"/));
    const ended = once(child, 'close');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });

  it('lets the key into no output', () => {
    expect(printed.join('').length).toBeGreaterThan(1_000);
    expect(printed.join('')).not.toContain(fleet.apiKey);
  });
});
