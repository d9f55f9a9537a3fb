import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { epochMs, type Heartbeat, type RecordBody } from '@revocast/core';
import {
  createPublisher,
  createSigner,
  createVerifier,
  encodeRecord,
  generateSigningKey,
  publicRecordKey,
  type RecordSigningKey,
} from '@revocast/jetstream';
import { type IssuerInput } from '@revocast/nest';
import { aRevocation, epochOpenedBody, eventually, revokedBody, startTestNats } from '@revocast/testing';
import { aKey, AN_ISSUER } from './support.js';

const root = join(import.meta.dirname, '../../..');

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
});

interface LogLine {
  readonly level: string;
  readonly message: Readonly<Record<string, unknown>> | string;
}

/** Starts the built app with these variables and nothing else of our own environment. */
function start(env: Readonly<Record<string, string>>) {
  const started = spawn(process.execPath, [join(root, 'apps/api-node/dist/main.js')], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  const lines: LogLine[] = [];
  const errors: string[] = [];
  started.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const reader = createInterface(started.stdout).on('line', (line) => lines.push(JSON.parse(line) as LogLine));
  const logged = async (event: string): Promise<Readonly<Record<string, unknown>>> => {
    for (;;) {
      const found = lines
        .map(({ message }) => message)
        .find((said) => typeof said === 'object' && said['event'] === event);
      if (typeof found === 'object') return found;
      await once(reader, 'line');
    }
  };
  const ended = once(started, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return { started, lines, errors, logged, ended };
}

describe('the process of a node', () => {
  beforeAll(async () => {
    const build = ['node_modules/typescript/bin/tsc', '-b', 'apps/api-node/tsconfig.app.json'];
    await promisify(execFile)(process.execPath, build, { cwd: root });
  }, 180_000);

  it('exits with 78 and one log line that names every setting to mend', async () => {
    const { ended, lines, errors } = start({ PORT: 'x' });
    expect((await ended)[0]).toBe(78);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'fatal', message: { event: 'notStarted' } });
    for (const name of ['PORT', 'NATS_URL', 'REVOCAST_MODE', 'REVOCAST_RECORD_KEYS', 'REVOCAST_ISSUERS']) {
      expect(JSON.stringify(lines[0])).toContain(name);
    }
    expect(errors).toEqual([]);
  });

  it('D5: starts with the broker down, answers 503, logs no token, and ends on SIGTERM', async () => {
    const key = aKey();
    // A port where nothing answers: 1 is reserved, and only root could listen there.
    const broker = { natsUrl: 'nats://127.0.0.1:1', signingKey: generateSigningKey('records-1') };
    const { started, logged, ended, lines, errors } = start(environmentOf({ ...broker, issuers: key.issuers }));
    const { url } = await logged('listening');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const token = await key.token();
    const me = await fetch(`${String(url)}/me`, { headers: { authorization: `Bearer ${token}` } });
    expect([me.status, me.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^[1-9]\d*$/)]);
    expect((await fetch(`${String(url)}/health/ready`)).status).toBe(503);
    await logged('connectFailed');
    started.kill('SIGTERM');
    await ended;
    const log = JSON.stringify(lines) + errors.join('');
    for (const part of token.split('.')) expect(log).not.toContain(part);
    expect(errors).toEqual([]);
  });

  it('follows a real broker that comes up later, refuses what is revoked there, and acknowledges it', async () => {
    const nats = await startTestNats();
    let log: Awaited<ReturnType<typeof openLog>> | undefined;
    try {
      const signingKey = generateSigningKey('records-1');
      const key = aKey();
      await nats.stop();
      const { logged } = start(environmentOf({ natsUrl: nats.url, signingKey, issuers: key.issuers }));
      const url = String((await logged('listening'))['url']);
      const statusOf = async (token: string) =>
        (await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } })).status;
      const [alice, bob] = [await key.token(), await key.token({ sub: 'bob' })];
      expect(await statusOf(alice)).toBe(503);
      await nats.start();
      const opened = (log = await openLog(nats.url, signingKey));
      await eventually(async () => expect(await statusOf(alice)).toBe(200), { withinMs: 20_000 });
      const { sequence } = await opened.publish(
        revokedBody(aRevocation({ issuer: AN_ISSUER, effect: { kind: 'suspended' } })),
      );
      await eventually(async () => expect([await statusOf(alice), await statusOf(bob)]).toEqual([401, 200]));
      await eventually(() =>
        expect(opened.heartbeats.at(-1)).toMatchObject({
          node: 'node-1',
          watermark: sequence,
          state: 'current',
          guarded: true,
        }),
      );
    } finally {
      await log?.close();
      await nats.dispose();
    }
  }, 60_000);
});

interface NodeEnvironment {
  readonly natsUrl: string;
  readonly signingKey: RecordSigningKey;
  readonly issuers: readonly IssuerInput[];
}

const environmentOf = ({ natsUrl, signingKey, issuers }: NodeEnvironment): Record<string, string> => ({
  PORT: '0',
  NATS_URL: natsUrl,
  REVOCAST_MODE: 'strict',
  REVOCAST_NODE_ID: 'node-1',
  REVOCAST_RECORD_KEYS: JSON.stringify({ keys: [publicRecordKey(signingKey)] }),
  REVOCAST_ISSUERS: JSON.stringify(issuers),
});

/** A log with an open epoch, as the service would make it, and what nodes say about themselves. */
async function openLog(natsUrl: string, signingKey: RecordSigningKey) {
  const signer = createSigner(signingKey);
  const verifier = createVerifier({ keys: [publicRecordKey(signingKey)] });
  const settings = { namespace: 'revocast', replicas: 1, maxAgeSeconds: 86_400, nats: { servers: [natsUrl] } };
  const publisher = createPublisher({ ...settings, signer, verifier });
  const heartbeats: Heartbeat[] = [];
  publisher.onHeartbeat((heartbeat) => heartbeats.push(heartbeat));
  publisher.open();
  await eventually(() => expect(publisher.state()).toBe('connected'));
  const epoch = 'e1';
  await publisher.createLog(epoch);
  const publish = (body: RecordBody) => {
    const record = { id: randomUUID(), namespace: 'revocast', epoch, time: epochMs(Date.now()), body };
    return publisher.publish(encodeRecord(record, signer));
  };
  await publish(epochOpenedBody());
  return { publish, heartbeats, close: () => publisher.close() };
}
