// What the benches that run on a real nats-server share: a server of their own, records, followers, and numbers.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFollower, epochMs, epochSeconds, monotonicMs } from '@revocast/core';
import {
  createJetStreamFeed,
  createPublisher,
  createSigner,
  createVerifier,
  encodeRecord,
  generateSigningKey,
  publicRecordKey,
} from '@revocast/jetstream';
import { ensureNatsServer, startNatsServer } from '@revocast/testing/nats-launcher';

export const NAMESPACE = 'revocast';
export const EPOCH = 'bench';
export const ISSUER = 'https://issuer.example';
export const HASH_KEY = '000102030405060708090a0b0c0d0e0f';
const TICK_MS = 1_000;
/** Nodes that start within this time are answered with one tick. Milliseconds. */
const TICK_GAP_MS = 100;

export const clock = {
  wall: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
};
export const schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

export const median = (numbers) => quantile(numbers, 0.5);
export const quantile = (numbers, q) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
};
export const rounded = (value, digits = 2) => Number(value.toFixed(digits));

/**
 * A server with its store in a temporary directory; `close` ends it and removes the store. It syncs to disk every two minutes as
 * nats-server does by default, not with each record as our configurations have it: bare core NATS stores nothing at all.
 */
export async function openServer({ syncAlways = false } = {}) {
  const storeDir = await mkdtemp(join(tmpdir(), 'revocast-bench-'));
  const binary = await ensureNatsServer({ log: () => undefined });
  const config = syncAlways ? '' : `jetstream { store_dir: "${storeDir}", sync_interval: 2m }`;
  const server = await startNatsServer({ storeDir, binary, config });
  const close = async () => {
    await server.stop();
    await rm(storeDir, { recursive: true, force: true });
  };
  return { ...server, nats: { servers: [server.url] }, close };
}

/** CPU seconds and memory of another process, as Linux tells them; elsewhere undefined. */
export function processCost(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
      rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
    };
  } catch {
    return undefined;
  }
}

export function makeKeys() {
  const key = generateSigningKey('bench');
  return { signer: createSigner(key), verifier: createVerifier({ keys: [publicRecordKey(key)] }) };
}

/**
 * Nodes are machines of their own, and each verifies a record at the same time as the others. A thousand of them in one process
 * would verify one after the other, so here the first one does it for all; what it costs is measured beside.
 */
export function verifyOnce(verifier) {
  const known = new Map();
  return {
    verify(bytes, signature) {
      const before = known.get(signature);
      if (before !== undefined && before.bytes.equals(bytes)) return before.verdict;
      const verdict = verifier.verify(bytes, signature);
      known.set(signature, { bytes: Buffer.from(bytes), verdict });
      if (known.size > 4_096) known.delete(known.keys().next().value);
      return verdict;
    },
  };
}

/** Opens a publisher, makes the log and the record by which it counts, and ticks. */
export async function openLog(nats, { signer, verifier }) {
  const publisher = createPublisher({
    nats,
    namespace: NAMESPACE,
    signer,
    verifier,
    replicas: 1,
    maxAgeSeconds: 86_400,
  });
  const connected = new Promise((resolve) => publisher.onState((state) => state === 'connected' && resolve()));
  publisher.open();
  await connected;
  const log = await publisher.createLog(EPOCH);
  let head = 0;
  const publish = async (body) => {
    const record = { id: randomUUID(), namespace: NAMESPACE, epoch: EPOCH, time: clock.wall(), body };
    const ack = await publisher.publish(encodeRecord(record, signer));
    head = Math.max(head, ack.sequence);
    return ack;
  };
  await publish({ kind: 'epochOpened', previous: undefined, entries: 0, hashKey: HASH_KEY });
  let tickedAt = 0;
  const tick = () => {
    tickedAt = performance.now();
    const id = randomBytes(16).toString('hex');
    publisher.tick({ id, epoch: EPOCH, head, time: clock.wall(), fleetBoundMs: 300_000 });
  };
  const ticking = setInterval(tick, TICK_MS);
  let late;
  // As the service does: a node that starts waits for a tick, and may not have been listening to one just sent.
  publisher.onHeartbeat(({ state }) => {
    if (state !== 'catchingUp') return;
    clearTimeout(late);
    late = setTimeout(tick, Math.max(0, tickedAt + TICK_GAP_MS - performance.now()));
  });
  const close = async () => {
    clearInterval(ticking);
    clearTimeout(late);
    await publisher.close();
  };
  return { publisher, log, publish, close };
}

let lastService = 0;

/** As a node says it over each new connection. */
function heartbeatOf(names, follower) {
  const { epoch, watermark, identity, state, stalenessMs, liveEntries } = follower.status();
  return {
    ...{
      node: names.instance,
      ...names,
      version: '0.0.0',
      epoch,
      watermark,
      identity,
      state,
      stalenessMs,
      liveEntries,
    },
    ...{ mode: 'strict', guarded: true, stalenessMsMax: 300_000, issuers: [], at: clock.wall() },
  };
}

export function openFollower(nats, verifier) {
  const names = { service: 'bench', instance: `i${(lastService += 1)}` };
  const feed = createJetStreamFeed({ nats, namespace: NAMESPACE, verifier, ...names });
  const follower = createFollower({ feed, clock, schedule, prng: Math.random, issuers: [] });
  follower.on(({ kind, state }) => {
    if (kind === 'status' && state === 'catchingUp') feed.report(heartbeatOf(names, follower));
  });
  follower.start();
  return follower;
}

/** Resolves once the follower is current. */
export const untilCurrent = (follower) =>
  new Promise((resolve) => {
    if (follower.status().state === 'current') resolve();
    const stop = follower.on((notice) => {
      if (notice.kind !== 'status' || notice.state !== 'current') return;
      stop();
      resolve();
    });
  });

export const newId = () => randomBytes(16).toString('hex');

/** A body of `count` revocations of one token each, that live for a day. */
export function tokensBody(count, endsAt = epochSeconds(Math.ceil(Date.now() / 1000) + 86_400)) {
  const revocations = Array.from({ length: count }, () => ({
    ...{ id: newId(), issuer: ISSUER, key: { scope: 'token', jti: randomUUID() } },
    ...{ effect: { kind: 'always' }, retainUntil: endsAt },
  }));
  return { kind: 'revoked', issuer: ISSUER, scope: 'token', revocations };
}

/** Prints the result as one line of JSON, or as a table for people. */
export function print(result, asJson) {
  console.log(asJson ? JSON.stringify(result) : JSON.stringify(result, null, 2));
}
