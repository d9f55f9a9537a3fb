// From "published" to "applied on all": followers on a real nats-server against bare core NATS with as many subscribers,
// the same bytes, the same process, in alternating rounds.
//   npm run bench:propagation -- [--json] [--quick] [--sizes 1,10,100,1000]
import { parseArgs } from 'node:util';
import { connect } from '@nats-io/transport-node';
import { encodeRecord } from '@revocast/jetstream';
import {
  clock,
  EPOCH,
  makeKeys,
  median,
  NAMESPACE,
  newId,
  openFollower,
  openLog,
  openServer,
  print,
  processCost,
  quantile,
  rounded,
  tokensBody,
  untilCurrent,
  verifyOnce,
} from './nats-bench.mjs';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, sizes: { type: 'string' } },
});
const SIZES = (values.sizes ?? (values.quick ? '1,10' : '1,10,100,1000')).split(',').map(Number);
const ROUNDS = values.quick ? 2 : 5;
const samplesFor = (subscribers) => (values.quick ? 5 : subscribers >= 1_000 ? 12 : 40);
/** Connections that are made at once: more of them fill the server's accept queue. */
const CONNECTING_MAX = 50;

async function inBatches(count, make) {
  const made = [];
  while (made.length < count) {
    const batch = Array.from({ length: Math.min(CONNECTING_MAX, count - made.length) }, make);
    made.push(...(await Promise.all(batch)));
  }
  return made;
}

/** Counts arrivals of one message; `all` resolves when every subscriber has it. */
class Arrivals {
  #count = 0;
  #wanted;
  #done = () => undefined;

  constructor(wanted) {
    this.#wanted = wanted;
  }

  expect() {
    this.#count = 0;
    return new Promise((resolve) => (this.#done = resolve));
  }

  one() {
    this.#count += 1;
    if (this.#count === this.#wanted) this.#done(performance.now());
  }
}

async function openBare(server, subscribers, payload) {
  const arrivals = new Arrivals(subscribers);
  const options = { servers: server.url, reconnect: false };
  const listeners = await inBatches(subscribers, async () => {
    const connection = await connect(options);
    connection.subscribe('bare', { callback: () => arrivals.one() });
    await connection.flush();
    return connection;
  });
  const publisher = await connect(options);
  const send = async () => {
    const all = arrivals.expect();
    const from = performance.now();
    publisher.publish('bare', payload);
    return (await all) - from;
  };
  const close = () => Promise.all([publisher, ...listeners].map((connection) => connection.close()));
  return { send, close };
}

async function openOurs(server, subscribers, keys) {
  const log = await openLog(server.nats, keys);
  const verifier = verifyOnce(keys.verifier);
  const arrivals = new Arrivals(subscribers);
  const followers = await inBatches(subscribers, async () => {
    const follower = openFollower(server.nats, verifier);
    await untilCurrent(follower);
    follower.on(({ kind }) => kind === 'applied' && arrivals.one());
    return follower;
  });
  const send = async () => {
    const all = arrivals.expect();
    const from = performance.now();
    await log.publish(tokensBody(1));
    return (await all) - from;
  };
  const close = async () => {
    await Promise.all(followers.map((follower) => follower.close()));
    await log.close();
    await log.publisher.close();
  };
  return { send, close };
}

/** Times of one round, and what the server spent on each message. */
async function round(side, samples, pid) {
  const before = processCost(pid);
  const times = [];
  for (let sample = 0; sample < samples; sample += 1) times.push(await side.send());
  const after = processCost(pid);
  return { times, cpuMs: before && after ? (after.cpuMs - before.cpuMs) / samples : undefined };
}

const summary = (rounds) => {
  const times = rounds.flatMap((one) => one.times);
  return { p50_ms: rounded(median(times)), p99_ms: rounded(quantile(times, 0.99)) };
};

async function measure(subscribers, keys) {
  const server = await openServer();
  const record = { id: newId(), namespace: NAMESPACE, epoch: EPOCH, time: clock.wall(), body: tokensBody(1) };
  const { payload } = encodeRecord(record, keys.signer);
  const bare = await openBare(server, subscribers, payload);
  const ours = await openOurs(server, subscribers, keys);
  const rounds = { bare: [], ours: [] };
  for (const side of [bare, ours]) await round(side, 5, server.pid);
  for (let at = 0; at < ROUNDS; at += 1) {
    rounds.bare.push(await round(bare, samplesFor(subscribers), server.pid));
    rounds.ours.push(await round(ours, samplesFor(subscribers), server.pid));
  }
  await bare.close();
  await ours.close();
  await server.close();
  // Round by round: what disturbs the machine disturbs both sides of a pair.
  const ratio = (of) => rounded(median(rounds.ours.map((one, at) => of(one) / of(rounds.bare[at]))));
  return {
    followers: subscribers,
    ours: summary(rounds.ours),
    bare_core: summary(rounds.bare),
    p50_ratio: ratio(({ times }) => median(times)),
    server_cpu_ratio: subscribers >= 100 ? ratio(({ cpuMs }) => cpuMs) : null,
  };
}

/** What it costs to have each record on disk before it is acknowledged, as our configurations have it. */
async function withSyncAlways(keys) {
  const server = await openServer({ syncAlways: true });
  const ours = await openOurs(server, 1, keys);
  await round(ours, 5, server.pid);
  const { times } = await round(ours, samplesFor(1), server.pid);
  await ours.close();
  await server.close();
  return summary([{ times }]);
}

function costOfVerifying({ signer, verifier }) {
  const { payload, signature } = encodeRecord(
    { id: newId(), namespace: NAMESPACE, epoch: EPOCH, time: clock.wall(), body: tokensBody(1) },
    signer,
  );
  const times = [];
  for (let at = 0; at < 200; at += 1) {
    const from = performance.now();
    verifier.verify(payload, signature);
    times.push((performance.now() - from) * 1000);
  }
  return rounded(median(times), 0);
}

const keys = makeKeys();
const sizes = [];
for (const subscribers of SIZES) sizes.push(await measure(subscribers, keys));
print(
  {
    bench: 'propagation',
    node: process.version,
    verify_us: costOfVerifying(keys),
    sync_always_1_follower: await withSyncAlways(keys),
    sizes,
  },
  values.json,
);
