import { generateKeyPairSync } from 'node:crypto';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { epochMs } from '@revocast/core';
import { type IssuerInput } from '@revocast/nest';
import { epochOpenedBody, InMemoryBroker, type InMemoryFeed } from '@revocast/testing';
import { SignJWT, type JWTPayload } from 'jose';
import { AppModule } from '../src/app.module.js';

export const AN_ISSUER = 'https://issuer.example';

export interface IssuerKey {
  readonly issuers: readonly IssuerInput[];
  readonly token: (claims?: JWTPayload) => Promise<string>;
}

/** A key pair that signs ES256 tokens of the issuer. */
export function aKey(): IssuerKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'ES256' };
  const token = (claims: JWTPayload = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: AN_ISSUER, aud: 'orders', sub: 'alice', iat: now, exp: now + 3600 };
    return new SignJWT({ ...standard, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'key-1' }).sign(privateKey);
  };
  return { issuers: [{ issuer: AN_ISSUER, audience: 'orders', jwks: { keys: [jwk] } }], token };
}

export interface StartedNode {
  readonly app: NestFastifyApplication;
  readonly broker: InMemoryBroker;
  readonly feed: InMemoryFeed;
  readonly key: IssuerKey;
  readonly get: (path: string, token?: string) => Promise<Response>;
  readonly openEpoch: () => void;
}

/** The app over a broker in memory, on a free port. */
export async function startNode(issuersFile?: string, localFile?: string): Promise<StartedNode> {
  const key = aKey();
  const schedule = (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  };
  const broker = new InMemoryBroker({ schedule, now: () => epochMs(Date.now()) });
  const feed = broker.createFeed();
  const revocation = {
    ...{ feed, issuers: key.issuers, mode: 'strict' as const, service: 'api-node', nodeId: 'node-1' },
    ...(localFile !== undefined && { localFile }),
  };
  const imports = [AppModule.with({ host: '127.0.0.1', port: 0, issuersFile, revocation })];
  const module = await Test.createTestingModule({ imports }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const get = (path: string, token?: string): Promise<Response> =>
    fetch(url + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const openEpoch = (): void => {
    broker.createLog('epoch-1');
    broker.publish(epochOpenedBody());
  };
  return { app, broker, feed, key, get, openEpoch };
}
