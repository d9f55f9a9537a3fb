import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startTestNats, type TestNats } from '@revocast/testing';
import { type Deployment, makeDeployment } from './bulk-deployment.js';
import { BulkFollowers } from './bulk-followers.js';

/**
 * How long it takes from one request with many revocations until all of eight nodes hold them, against one message per
 * revocation on the same machine in the same run. Both sides have the same layout: whoever publishes is a process of its
 * own, the nodes are followers over a real nats-server in this one.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    lines: { type: 'string', default: '1000000' },
    single: { type: 'string', default: '4000' },
    nodes: { type: 'string', default: '8' },
  },
});
const ISSUER = 'https://login.example';
const AUDIENCE = 'https://api.example';
const KEY = 'bench-key';
const root = join(import.meta.dirname, '../..');

/** Runs a TypeScript file of the repository as a process; resolves with the first line it prints that `pick` takes. */
async function run<T>(
  file: string,
  env: Readonly<Record<string, string>>,
  pick: (line: Record<string, unknown>) => T | undefined,
): Promise<{ readonly found: T; readonly end: () => Promise<void> }> {
  const hooks = join(root, 'apps/revocation-service/test/support/register-typescript.mjs');
  const args = ['--conditions=@revocast/source', '--disable-warning=ExperimentalWarning', '--import', hooks];
  const child = spawn(process.execPath, [...args, join(root, file)], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const found = pick(JSON.parse(line) as Record<string, unknown>);
    if (found === undefined) continue;
    child.stdout.resume();
    return { found, end };
  }
  throw new Error(`${file} ended early`);
}

const serviceEnvironment = (deployment: Deployment, nats: TestNats, dataDirectory: string): Record<string, string> => ({
  PORT: '0',
  LOG_LEVEL: 'info',
  NATS_URL: nats.url,
  REVOCAST_DATA_DIR: dataDirectory,
  REVOCAST_INIT: 'true',
  REVOCAST_SIGNING_KEY: deployment.signingKey,
  REVOCAST_HASH_KEY: deployment.hashKey,
  REVOCAST_ISSUERS: JSON.stringify([
    { issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], secret: deployment.tokenSecret },
  ]),
  REVOCAST_API_KEYS: JSON.stringify([
    { name: 'bench', sha256: createHash('sha256').update(KEY).digest('hex'), verbs: ['read', 'write'] },
  ]),
});

interface Upload {
  readonly accepted: number;
  readonly rejected: number;
  readonly seconds: number;
}

/** Sends the lines as `curl -T` does, as fast as the service takes them, and reads the answers meanwhile. */
function upload(url: string, count: number): Promise<Upload> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-ndjson',
      authorization: `Bearer ${KEY}`,
      'idempotency-key': `bulk-${startedAt}`,
    };
    const call = request(`${url}/v1/revocations/batch`, { method: 'POST', headers });
    call.on('error', reject);
    call.on('response', (response) => {
      let tail = '';
      response.on('data', (chunk: Buffer) => {
        tail = (tail + chunk.toString()).slice(-4_096);
      });
      response.on('end', () => {
        const last = JSON.parse(tail.trimEnd().split('\n').at(-1) ?? '{}') as { accepted: number; rejected: number };
        resolve({ ...last, seconds: (performance.now() - startedAt) / 1_000 });
      });
    });
    void write(call, count);
  });
}

async function write(call: ReturnType<typeof request>, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const lines = Array.from({ length: Math.min(500, count - from) }, (_, at) =>
      JSON.stringify({ issuer: ISSUER, scope: 'token', jti: `token-${from + at}-0123456789abcdef` }),
    );
    if (!call.write(`${lines.join('\n')}\n`)) await new Promise((resolve) => call.once('drain', resolve));
  }
  call.end();
}

async function bulk(count: number, nodes: number): Promise<Record<string, number>> {
  const [nats, deployment] = [await startTestNats(), makeDeployment()];
  const dataDirectory = await mkdtemp(join(tmpdir(), 'revocast-bench-'));
  const service = await run(
    'apps/revocation-service/src/main.ts',
    serviceEnvironment(deployment, nats, dataDirectory),
    ({ event, url }) => (event === 'listening' ? String(url) : undefined),
  );
  const followers = new BulkFollowers(deployment, nats.url, nodes);
  await followers.current();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const checks = followers.keepChecking(ISSUER);
  const startedAt = performance.now();
  const [uploaded, heldAt] = await Promise.all([upload(service.found, count), followers.hold(count)]);
  delay.disable();
  const checkNs = checks();
  await followers.close();
  await service.end();
  await nats.dispose();
  await rm(dataDirectory, { recursive: true, force: true });
  if (uploaded.accepted !== count) throw new Error(`${uploaded.rejected} of ${count} lines were rejected`);
  return {
    seconds: (heldAt - startedAt) / 1_000,
    answeredSeconds: uploaded.seconds,
    perSecond: count / ((heldAt - startedAt) / 1_000),
    ...checkNs,
    eventLoopP99Ms: delay.percentile(99) / 1e6,
  };
}

async function single(count: number, nodes: number): Promise<Record<string, number>> {
  const [nats, deployment] = [await startTestNats(), makeDeployment()];
  const followers = new BulkFollowers(deployment, nats.url, nodes);
  const publisher = await run(
    'test/bench/bulk-single.ts',
    { NATS_URL: nats.url, DEPLOYMENT: JSON.stringify(deployment), COUNT: String(count), ISSUER },
    ({ startedAt }) => (typeof startedAt === 'number' ? startedAt : undefined),
  );
  const heldAt = await followers.hold(count);
  const seconds = (performance.timeOrigin + heldAt - publisher.found) / 1_000;
  await followers.close();
  await publisher.end();
  await nats.dispose();
  return { seconds, perSecond: count / seconds };
}

const [lines, singles, nodes] = [Number(values.lines), Number(values.single), Number(values.nodes)];
const before = await single(singles, nodes);
const measured = await bulk(lines, nodes);
const after = await single(singles, nodes);
const baseline = Math.max(before['perSecond'] ?? 0, after['perSecond'] ?? 0);
const report = {
  bench: 'bulk',
  ...{ lines, nodes, singles },
  bulk: measured,
  onePerRevocation: [before, after],
  ratio: (measured['perSecond'] ?? 0) / baseline,
  must: 8,
};
console.log(values.json ? JSON.stringify(report) : report);
process.exit(report.ratio >= report.must ? 0 : 1);
