import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { TestRevocations } from '@revocast/node/testing';
import { asker } from '../../../test/conformance/adapters/gate-grpc.js';
import { createGateServer } from '../src/gate-server.js';
import { Metrics } from '../src/metrics.js';

const root = join(import.meta.dirname, '../../..');

let stop: () => unknown = () => undefined;
afterEach(async () => {
  await stop();
});

async function aGate(cookie?: string) {
  const revocations = new TestRevocations();
  const metrics = new Metrics();
  const parts = { node: revocations.node, metrics, onDefect: () => undefined };
  const server = createGateServer({ ...parts, ...(cookie !== undefined && { cookie }) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  const check = async (body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/check`, { method: 'POST', body, headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { revocations, url, check };
}

describe('POST /check', () => {
  it('answers 200 with the claims, or with the whole refusal to pass on', async () => {
    const { revocations, check } = await aGate();
    const token = revocations.token({ sub: 'alice' });
    const good = await check(JSON.stringify({ token }));
    expect(good).toMatchObject({ status: 200, body: { outcome: 'pass', verdict: 'active', claims: { sub: 'alice' } } });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const bad = await check(JSON.stringify({ token }));
    expect(bad).toMatchObject({ status: 200, body: { outcome: 'refuse', status: 401 } });
    expect(bad.body['problem']).toMatchObject({ code: 'ERR_TOKEN_REVOKED' });
    expect(JSON.stringify(bad.body)).not.toContain('revocationId');
  });

  it('refuses a token in two places, and counts none as none', async () => {
    const { revocations, check } = await aGate();
    const token = revocations.token();
    const twice = await check(JSON.stringify({ token }), { authorization: `Bearer ${token}` });
    expect(twice.body).toMatchObject({ outcome: 'refuse', status: 400 });
    expect((await check('')).body).toMatchObject({ outcome: 'refuse', problem: { code: 'ERR_TOKEN_MISSING' } });
  });

  it.each([
    ['{"token":"a","token":"b"}', 'ERR_BODY_MALFORMED'],
    ['[]', 'ERR_BODY_MALFORMED'],
    ['{"token":1}', 'ERR_BODY_MALFORMED'],
    [`{"token":"${'a'.repeat(40_000)}"}`, 'ERR_BODY_MALFORMED'],
    ['{"stalenessMsMax":1}', 'ERR_CONFIG'],
    ['{"stalenessMsMax":300001}', 'ERR_CONFIG'],
    ['{"mode":"observe"}', 'ERR_CONFIG'],
    ['{"mode":"__proto__"}', 'ERR_CONFIG'],
  ])('answers 400 to a body that is none (%#)', async (body, code) => {
    const { check } = await aGate();
    expect(await check(body)).toMatchObject({ status: 400, body: { code } });
  });
});

describe('the gate', () => {
  it('reads the cookie that it is told of, and refuses two of that name', async () => {
    const { revocations, url } = await aGate('access_token');
    const token = revocations.token();
    const statusOf = async (cookie: string) => (await fetch(`${url}/auth`, { headers: { cookie } })).status;
    expect(await statusOf(`a=b; access_token=${token}`)).toBe(200);
    expect(await statusOf(`access_token="${token}"`)).toBe(200);
    expect(await statusOf(`access_token=x; access_token=${token}`)).toBe(400);
    expect(await statusOf(`xaccess_token=${token}`)).toBe(401);
  });

  it('lets nobody pass on a policy that is none, nor on a path that it does not know', async () => {
    const { revocations, url } = await aGate();
    const headers = { authorization: `Bearer ${revocations.token()}` };
    const paths = [
      '/auth?mode=observe',
      '/auth?stalenessMsMax=1',
      '/auth?stalenessMsMax=1e9',
      '/auth/',
      '/',
      '/constructor',
    ];
    const statuses = [];
    for (const path of paths) statuses.push((await fetch(url + path, { headers })).status);
    expect(statuses).toEqual([400, 400, 400, 404, 404, 404]);
    expect((await fetch(`${url}/check`)).status).toBe(405);
  });

  it('sends the refusal again, and 503 where the token has become good meanwhile', async () => {
    const { revocations, url } = await aGate();
    const headers = { authorization: `Bearer ${revocations.token()}` };
    expect((await fetch(`${url}/refusal`)).status).toBe(401);
    expect((await fetch(`${url}/refusal`, { headers })).status).toBe(503);
  });

  it('shows health and metrics', async () => {
    const { url } = await aGate();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/^revocast_guarded 1$/m);
    expect(text).toMatch(/^revocast_checks_total\{verdict="revoked"\} 0$/m);
  });
});

async function askedOverGrpc(address: string): Promise<number | undefined> {
  const client = new Client(address, credentials.createInsecure());
  try {
    return (await asker(client)({})).deniedResponse?.status.code;
  } finally {
    client.close();
  }
}

describe('the process of the gate', () => {
  beforeAll(async () => {
    const build = ['node_modules/typescript/bin/tsc', '-b', 'apps/gate/tsconfig.app.json'];
    await promisify(execFile)(process.execPath, build, { cwd: root });
  }, 180_000);

  function start(env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [join(root, 'apps/gate/dist/main.js')], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    stop = () => child.kill('SIGKILL');
    return { child, lines: createInterface(child.stdout), ended: once(child, 'close') };
  }

  it('exits with 78 and names every setting to mend', async () => {
    const { lines, ended } = start({ PORT: 'x', REVOCAST_GRPC_PORT: 'y', REVOCAST_COOKIE: 'a b' });
    const [line] = (await once(lines, 'line')) as [string];
    expect((await ended)[0]).toBe(78);
    for (const name of [
      'PORT',
      'REVOCAST_GRPC_PORT',
      'NATS_URL',
      'REVOCAST_MODE',
      'REVOCAST_RECORD_KEYS',
      'REVOCAST_ISSUERS',
      'REVOCAST_COOKIE',
    ]) {
      expect(line).toContain(name);
    }
  });

  it('starts with the broker down, is not ready, and ends on SIGTERM', async () => {
    const { child, lines, ended } = start({
      ...{ PORT: '0', REVOCAST_GRPC_PORT: '0', NATS_URL: 'nats://127.0.0.1:1', REVOCAST_MODE: 'strict' },
      REVOCAST_RECORD_KEYS: JSON.stringify({ keys: [publicRecordKey(generateSigningKey('records-1'))] }),
      REVOCAST_ISSUERS: JSON.stringify([{ issuer: 'https://id.example', audience: 'orders', secret: 's'.repeat(43) }]),
    });
    let [url, grpc] = ['', ''];
    for await (const line of lines) {
      [, url = '', grpc = ''] = /"listening","url":"([^"]+)","grpc":"([^"]+)"/.exec(line) ?? [];
      if (url !== '') break;
    }
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${url}/auth`)).status).toBe(401);
    expect(await askedOverGrpc(grpc)).toBe(401);
    child.stdout.resume();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
