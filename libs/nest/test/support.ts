import { generateKeyPairSync } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { epochMs, type Schedule } from '@revocast/core';
import { type IssuerInput, type RevocationModuleOptions } from '@revocast/nest';
import { epochOpenedBody, InMemoryBroker } from '@revocast/testing';
import { SignJWT, type JWTPayload } from 'jose';

export const ADAPTERS = ['express', 'fastify'] as const;
export type AdapterName = (typeof ADAPTERS)[number];

const makers = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };

export interface RunningApp {
  readonly app: INestApplication;
  readonly url: string;
  readonly get: (path: string, token?: string) => Promise<Response>;
}

export type AppParts = ModuleMetadata & {
  readonly adapter?: AdapterName;
  readonly before?: (app: INestApplication) => unknown;
  readonly onWarning?: (message: unknown) => void;
};

/** A Nest application on a free port of the loopback. */
export async function startApp({ adapter = 'fastify', before, onWarning, ...metadata }: AppParts): Promise<RunningApp> {
  const module = await Test.createTestingModule(metadata).compile();
  const silent = () => undefined;
  const logger = { log: silent, error: silent, debug: silent, verbose: silent, warn: onWarning ?? silent };
  const app = module.createNestApplication(makers[adapter](), { logger });
  before?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const get = (path: string, token?: string): Promise<Response> =>
    fetch(url + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  return { app, url, get };
}

/** A request whose headers are sent as given, repeated ones included: `fetch` would join them. */
export function rawGet(url: string, headers: string[]): Promise<{ status: number; challenge: string | undefined }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { headers, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'] });
    });
    sent.on('error', reject).end();
  });
}

export const problemOf = (response: Response): Promise<Record<string, unknown>> =>
  response.json() as Promise<Record<string, unknown>>;

const realSchedule: Schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

/** A broker in memory on real time. */
export const aBroker = (): InMemoryBroker =>
  new InMemoryBroker({ schedule: realSchedule, now: () => epochMs(Date.now()) });

/** Makes the log and opens its epoch: from then on nodes can become current. */
export function openEpoch(broker: InMemoryBroker, epoch = 'epoch-1'): void {
  broker.createLog(epoch);
  broker.publish(epochOpenedBody());
}

export const AN_ISSUER = 'https://issuer.example';

export interface TokenIssuer {
  readonly input: IssuerInput;
  /** A real ES256 token: issued now, valid for an hour, of `alice`, unless `claims` say otherwise. */
  readonly token: (claims?: JWTPayload) => Promise<string>;
}

/** An issuer with a key of its own. */
export function anIssuer(issuer = AN_ISSUER): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'ES256' };
  return {
    input: { issuer, audience: 'orders', jwks: { keys: [jwk] } },
    token: (claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const standard = { iss: issuer, aud: 'orders', sub: 'alice', iat: now, exp: now + 3600 };
      return new SignJWT({ ...standard, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
        .sign(privateKey);
    },
  };
}

/** Options of a module that follows `broker`; strict, and quick to say goodbye to. */
export const optionsFor = (
  broker: InMemoryBroker,
  issuers: readonly IssuerInput[],
  more: Partial<RevocationModuleOptions> = {},
): RevocationModuleOptions => ({
  feed: broker.createFeed(),
  issuers,
  mode: 'strict',
  service: 'orders',
  nodeId: 'node-1',
  ...more,
});
