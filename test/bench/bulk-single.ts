import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { epochMs, epochSeconds, type RecordBody } from '@revocast/core';
import {
  createPublisher,
  createSigner,
  createVerifier,
  encodeRecord,
  natsSettingsFrom,
  type Publisher,
} from '@revocast/jetstream';
import { type Deployment } from './bulk-deployment.js';

// The baseline: one signed record per revocation, many publishes under way, and no journal, which only makes it faster.
const { NATS_URL, DEPLOYMENT = '', COUNT, ISSUER = '' } = process.env;
const IN_FLIGHT_MAX = 256;
const { namespace, signingKey, recordKeys, hashKey } = JSON.parse(DEPLOYMENT) as Deployment;
const signer = createSigner(JSON.parse(signingKey));
const epoch = 'single';

const publisher: Publisher = createPublisher({
  nats: natsSettingsFrom({ NATS_URL }),
  ...{ namespace, signer, verifier: createVerifier(JSON.parse(recordKeys)), replicas: 1, maxAgeSeconds: 86_400 },
});
const say = async (body: RecordBody): Promise<void> => {
  const id = randomBytes(16).toString('hex');
  await publisher.publish(encodeRecord({ id, namespace, epoch, time: epochMs(Date.now()), body }, signer));
};
const revoke = (at: number): Promise<void> => {
  const key = { scope: 'token', jti: `token-${at}-0123456789abcdef` } as const;
  const retainUntil = epochSeconds(Math.floor(Date.now() / 1_000) + 86_400);
  const revocation = { id: randomBytes(16).toString('hex'), issuer: ISSUER, key, effect: { kind: 'always' } as const };
  return say({ kind: 'revoked', issuer: ISSUER, scope: 'token', revocations: [{ ...revocation, retainUntil }] });
};

publisher.open();
await new Promise<void>((resolve) => publisher.onState((state) => state === 'connected' && resolve()));
await publisher.createLog(epoch);
await say({ kind: 'epochOpened', previous: undefined, entries: 0, hashKey });
// Nodes are there by then.
await new Promise((resolve) => setTimeout(resolve, 2_000));
console.log(JSON.stringify({ startedAt: performance.timeOrigin + performance.now() }));
let next = 0;
const lane = async (): Promise<void> => {
  while (next < Number(COUNT)) await revoke(next++);
};
await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, lane));
