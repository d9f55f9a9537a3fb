// From the start of a node to "current": with a snapshot, and against what others would do on the same server, in the same
// run: an ordered consumer that replays one message per revocation, and a raw read of as many bytes over TCP.
//   npm run bench:coldstart -- [--json] [--quick] [--sizes 1000000,10000000] [--rounds 5]
//   npm run bench:coldstart -- --memory [--sizes 1000000,5000000]   what nats-server holds in memory as the log grows, only
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, connect as connectTcp } from 'node:net';
import { parseArgs } from 'node:util';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { splitRevocations } from '@revocast/jetstream';
import {
  makeKeys,
  median,
  openFollower,
  openLog,
  openServer,
  print,
  processCost,
  rounded,
  tokensBody,
  untilCurrent,
} from './nats-bench.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    sizes: { type: 'string' },
    rounds: { type: 'string' },
    memory: { type: 'boolean' },
  },
});
const SIZES_DEFAULT = values.memory ? '1000000,5000000' : values.quick ? '100000' : '1000000,10000000';
const SIZES = (values.sizes ?? SIZES_DEFAULT).split(',').map(Number);
const ROUNDS = Number(values.rounds ?? (values.quick ? 1 : 5));
const BODY_ENTRIES = 20_000;
const IN_FLIGHT_MAX = 512;

const timed = async (work) => {
  const from = performance.now();
  await work();
  return performance.now() - from;
};

/** Runs `send` for 0..count-1, a bounded number at once. */
async function pipelined(count, send) {
  let next = 0;
  const lane = async () => {
    while (next < count) await send(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, lane));
}

async function fillLog(log, entries) {
  for (let done = 0; done < entries; done += BODY_ENTRIES) {
    const parts = splitRevocations(tokensBody(Math.min(BODY_ENTRIES, entries - done)));
    await pipelined(parts.length, (at) => log.publish(parts[at]));
  }
}

/** One message of 24 bytes per revocation, what a plain replay would have to read. Acknowledged: unacknowledged ones can be dropped. */
async function fillPlain(connection, entries) {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'PLAIN', subjects: ['plain'], storage: 'file' });
  const payload = randomBytes(24);
  const js = jetstream(connection, { timeout: 60_000 });
  await pipelined(entries, () => js.publish('plain', payload));
}

const replayPlain = (connection, entries) =>
  timed(async () => {
    const consumer = await jetstream(connection).consumers.get('PLAIN');
    const known = new Map();
    const messages = await consumer.consume({ max_messages: 10_000 });
    for await (const message of messages) {
      known.set(message.seq, message.data);
      if (known.size >= entries) break;
    }
    messages.stop();
  });

async function readRaw(bytes) {
  const chunk = Buffer.alloc(1 << 20);
  const server = createServer((socket) => {
    let left = bytes;
    const push = () => {
      while (left > 0) {
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        left -= part.length;
        if (!socket.write(part)) {
          socket.once('drain', push);
          return;
        }
      }
      socket.end();
    };
    push();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const took = await timed(async () => {
    const socket = connectTcp(server.address().port, '127.0.0.1');
    socket.resume();
    await once(socket, 'end');
  });
  server.close();
  return took;
}

async function startNode(server, verifier, entries) {
  const follower = openFollower(server.nats, verifier);
  const took = await timed(() => untilCurrent(follower));
  const { liveEntries } = follower.status();
  if (liveEntries < entries) throw new Error(`the node knows ${liveEntries} of ${entries}`);
  await follower.close();
  return took;
}

async function measure(entries, keys) {
  const server = await openServer();
  const log = await openLog(server.nats, keys);
  await fillLog(log, entries);
  const writer = openFollower(server.nats, keys.verifier);
  const log_replay_ms = rounded(await timed(() => untilCurrent(writer)), 0);
  const content = writer.snapshot();
  let manifest;
  const write_ms = rounded(
    await timed(async () => (manifest = await log.publisher.writeSnapshot(content, () => true))),
    0,
  );
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  await writer.close();
  const rssMb = processCost(server.pid)?.rssMb;
  const connection = await connect({ servers: server.url });
  await fillPlain(connection, entries);
  const rounds = { cold: [], plain: [], raw: [] };
  for (let at = 0; at < ROUNDS; at += 1) {
    rounds.cold.push(await startNode(server, keys.verifier, entries));
    rounds.plain.push(await replayPlain(connection, entries));
    rounds.raw.push(await readRaw(bytes));
  }
  await connection.close();
  await log.close();
  await server.close();
  const ratio = (other) => rounded(median(rounds.cold.map((cold, at) => other[at] / cold)));
  return {
    live_entries: entries,
    cold_start_ms: rounded(median(rounds.cold), 0),
    ordered_consumer_ms: rounded(median(rounds.plain), 0),
    raw_tcp_ms: rounded(median(rounds.raw), 0),
    ordered_consumer_ratio: ratio(rounds.plain),
    raw_tcp_ratio: rounded(1 / ratio(rounds.raw)),
    log_replay_ms,
    snapshot: { bytes, parts: manifest.parts.length, write_ms },
    server_rss_mb: rssMb === undefined ? null : rounded(rssMb, 0),
  };
}

/** One log that grows; ascending sizes. */
async function measureMemory(keys) {
  const server = await openServer();
  const log = await openLog(server.nats, keys);
  const sizes = [];
  for (const [at, entries] of SIZES.entries()) {
    await fillLog(log, entries - (SIZES[at - 1] ?? 0));
    sizes.push({ live_entries: entries, server_rss_mb: rounded(processCost(server.pid).rssMb, 0) });
  }
  await log.close();
  await server.close();
  const [first, last] = [sizes[0], sizes.at(-1)];
  return { sizes, growth: rounded(last.server_rss_mb / first.server_rss_mb) };
}

const keys = makeKeys();
if (values.memory) print({ bench: 'coldstart', memory: await measureMemory(keys) }, values.json);
else {
  const sizes = [];
  for (const entries of SIZES) sizes.push(await measure(entries, keys));
  print({ bench: 'coldstart', node: process.version, sizes }, values.json);
}
