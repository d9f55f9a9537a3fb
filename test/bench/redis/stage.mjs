// Everything that runs in the comparison: redis-server, nats-server, our service, and who revokes on each side.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { eventually, startTestNats } from '@revocast/testing';
import { Redis } from 'ioredis';
import { decodeJwt } from 'jose';
import { AppProcess } from '../../fault/app-process.ts';
import { issuerWith } from '../gate/issuer.mjs';
import { CHANNEL, PREFIX } from './names.mjs';
import { findRedis, RedisServer } from './redis-server.ts';

const NAMESPACE = 'revocast';
const API_KEY = randomBytes(24).toString('base64url');
const LIFETIME_MS = 3_600_000;
/** Revocations that travel to a broker in one go when it is filled. */
const BATCH = 500;
/** Lines of one request to the service. */
const LINES_MAX = 10_000;

/** Who revokes in the patterns with Redis: the key and the message in one transaction. */
export class RedisWriter {
  #redis;

  constructor(port) {
    this.#redis = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null, retryStrategy: () => 20 });
    this.#redis.on('error', () => undefined);
  }

  revoke(jti) {
    return this.#publish([jti]);
  }

  async #publish(jtis) {
    const expiresAt = Date.now() + LIFETIME_MS;
    const transaction = this.#redis.multi();
    for (const jti of jtis) {
      transaction.set(PREFIX + jti, expiresAt, 'PXAT', expiresAt).publish(CHANNEL, JSON.stringify({ jti, expiresAt }));
    }
    await transaction.exec();
  }

  async fill(jtis) {
    for (let at = 0; at < jtis.length; at += BATCH) await this.#publish(jtis.slice(at, at + BATCH));
  }

  async usedBytes() {
    return Number(/used_memory:(\d+)/.exec(await this.#redis.info('memory'))[1]);
  }

  close() {
    this.#redis.disconnect();
  }
}

/** Who revokes on our side: the service, over HTTP, with its journal and its signatures. */
export class ServiceWriter {
  #issuer;
  #service;

  constructor(service, issuer) {
    this.#service = service;
    this.#issuer = issuer;
  }

  async ready() {
    await eventually(async () => {
      const response = await fetch(`${await this.#service.url}/health/ready`);
      if (!response.ok) throw new Error(await response.text());
    });
  }

  /** Resolves with the answer, which comes when it is enforced. */
  async revoke(jti, { wait = 2 } = {}) {
    const response = await fetch(`${await this.#service.url}/v1/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', prefer: `wait=${wait}` },
      body: JSON.stringify({ issuer: this.#issuer, scope: 'token', jti }),
    });
    return { status: response.status, body: await response.json() };
  }

  async fill(jtis) {
    for (let at = 0; at < jtis.length; at += LINES_MAX) await this.#upload(jtis.slice(at, at + LINES_MAX));
  }

  async #upload(jtis) {
    const url = `${await this.#service.url}/v1/revocations/batch`;
    const headers = {
      ...{ 'content-type': 'application/x-ndjson', authorization: `Bearer ${API_KEY}` },
      'idempotency-key': randomBytes(16).toString('hex'),
    };
    const lines = jtis.map((jti) => `${JSON.stringify({ issuer: this.#issuer, scope: 'token', jti })}\n`);
    const tail = await new Promise((resolve, reject) => {
      const call = request(url, { method: 'POST', headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text = (text + chunk).slice(-4_096)));
        response.once('end', () => resolve(text));
      });
      call.once('error', reject).end(lines.join(''));
    });
    // What is journalled and not yet published comes later: whoever needs all of it waits for the node to hold it.
    if (!tail.includes('"done":true')) throw new Error(`the service took not all of ${jtis.length}: ${tail}`);
  }
}

const serviceSettings = ({ natsUrl, issuer, key, dataDirectory }) => ({
  ...{ PORT: '0', LOG_LEVEL: 'info', NATS_URL: natsUrl, REVOCAST_DATA_DIR: dataDirectory, REVOCAST_INIT: 'true' },
  REVOCAST_SIGNING_KEY: JSON.stringify(key),
  REVOCAST_HASH_KEY: randomBytes(16).toString('hex'),
  REVOCAST_ISSUERS: JSON.stringify([issuer]),
  REVOCAST_API_KEYS: JSON.stringify([
    { name: 'bench', sha256: createHash('sha256').update(API_KEY).digest('hex'), verbs: ['read', 'write'] },
  ]),
});

/** Tokens of one issuer, each handed out once: a revoked one is of no more use. */
class Tokens {
  #tokens;
  #next = 0;

  constructor(tokens) {
    this.#tokens = tokens.map((token) => token.latin1Slice());
  }

  take() {
    const token = this.#tokens[this.#next++];
    if (token === undefined) throw new Error('the bench has no more tokens: mint more');
    return { token, jti: decodeJwt(token).jti };
  }
}

/** A redis-server and who revokes there. */
export async function openRedis(persistence) {
  const server = await RedisServer.start(await findRedis(), persistence);
  const writer = new RedisWriter(server.port);
  const close = async () => {
    writer.close();
    await server.dispose();
  };
  return { server, writer, close };
}

/** A nats-server, the service, and who revokes there. */
async function openOurs(issuer) {
  const nats = await startTestNats();
  const key = generateSigningKey('bench');
  const dataDirectory = await mkdtemp(join(tmpdir(), 'revocast-bench-'));
  const service = new AppProcess(
    'revocation-service',
    serviceSettings({ natsUrl: nats.url, issuer, key, dataDirectory }),
  );
  service.start();
  const writer = new ServiceWriter(service, issuer.issuer);
  const close = async () => {
    await service.signal('SIGKILL');
    await nats.dispose();
    await rm(dataDirectory, { recursive: true, force: true });
  };
  await writer.ready();
  const recordKeys = JSON.stringify({ keys: [publicRecordKey(key)] });
  return { server: nats, writer, service, recordKeys, close };
}

/** @param {{ tokens: number }} sizes how many tokens may be taken */
export async function openStage({ tokens }) {
  const { input: issuer, tokens: minted } = await issuerWith('ES256', tokens);
  const redis = await openRedis();
  const ours = await openOurs(issuer);
  let started = 0;
  /** What the node of a pattern is told; `through` stands in for the broker's port. */
  const optionsFor = ({ options }, { broker = redis.server, through } = {}) => {
    if (options.guard !== 'revocast') return { issuer, redisPort: through?.port ?? broker.port, ...options };
    const natsUrl = through?.url ?? ours.server.url;
    const { recordKeys } = ours;
    return { issuer, natsUrl, recordKeys, namespace: NAMESPACE, nodeId: `node-${(started += 1)}`, ...options };
  };
  const close = async () => {
    await redis.close();
    await ours.close();
  };
  const pool = new Tokens(minted);
  return { issuer, redis, ours, optionsFor, take: () => pool.take(), close };
}
