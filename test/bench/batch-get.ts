// Whether the batches of direct get (nats-server 2.11) make the read of a tail any faster than single gets do:
//   npm run bench:batch-get [-- --json]
// Both ways read the same records of one server, in turns; with and without what a node does to each record.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createInbox, connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { epochMs, sequence } from '@revocast/core';
import {
  createPublisher,
  createSigner,
  createVerifier,
  decodeRecord,
  encodeRecord,
  generateSigningKey,
  publicRecordKey,
} from '@revocast/jetstream';
import { aRevocation, eventually, revokedBody, startTestNats, type TestNats } from '@revocast/testing';

const RECORDS = 4_096;
const IN_FLIGHT = 256;
const ROUNDS = 7;
const STREAM = 'REVOCAST_LOG_bench';
const key = generateSigningKey('bench');
const signer = createSigner(key);
const verifier = createVerifier({ keys: [publicRecordKey(key)] });

interface Cost {
  readonly ms: number;
  readonly clientMs: number;
  readonly serverMs: number;
}
type Read = (connection: NatsConnection, take: (message: Msg) => void) => Promise<void>;

const singles: Read = (connection, take) =>
  new Promise((resolve) => {
    const inbox = createInbox();
    let [asked, answered] = [0, 0];
    const ask = (): void => {
      while (asked < RECORDS && asked - answered < IN_FLIGHT) {
        const at = (asked += 1);
        connection.publish(`$JS.API.DIRECT.GET.${STREAM}`, `{"seq":${at}}`, { reply: `${inbox}.${at}` });
      }
    };
    const subscription = connection.subscribe(`${inbox}.*`, {
      callback: (_, message) => {
        take(message);
        answered += 1;
        if (answered < RECORDS) ask();
        else {
          subscription.unsubscribe();
          resolve();
        }
      },
    });
    ask();
  });

/** Four batches of 256 under way, as a follower has four reads under way. */
const batches: Read = async (connection, take) => {
  const starts = Array.from({ length: RECORDS / IN_FLIGHT }, (_, n) => 1 + n * IN_FLIGHT);
  const work = async (): Promise<void> => {
    for (let from = starts.shift(); from !== undefined; from = starts.shift()) await batch(connection, from, take);
  };
  await Promise.all([work(), work(), work(), work()]);
};

const batch = (connection: NatsConnection, from: number, take: (message: Msg) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const inbox = createInbox();
    let received = 0;
    const subscription = connection.subscribe(inbox, {
      callback: (_, message) => {
        const code = message.headers?.code ?? 0;
        if (code === 0) {
          received += 1;
          take(message);
          return;
        }
        subscription.unsubscribe();
        if (code === 204 && received === IN_FLIGHT) resolve();
        else reject(new Error(`${code} ${message.headers?.description ?? ''} after ${received}`));
      },
    });
    const request = { seq: from, batch: IN_FLIGHT, next_by_subj: 'revocast.log.>', max_bytes: 64 << 20 };
    connection.publish(`$JS.API.DIRECT.GET.${STREAM}`, JSON.stringify(request), { reply: inbox });
  });

const decode = (message: Msg): void => {
  const at = sequence(Number(message.headers?.last('Nats-Sequence')));
  const { data: payload, headers } = message;
  decodeRecord({ payload, headers, sequence: at, expected: { namespace: 'revocast', epoch: 'bench' } }, verifier);
};

/** CPU milliseconds of a process so far, Linux: clock ticks of 10 ms. */
const cpuMsOf = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

const measure = async (server: TestNats, read: Read, take: (message: Msg) => void): Promise<Cost> => {
  const connection = await connect({ servers: server.url });
  const [server0, client0, at0] = [await cpuMsOf(server.pid()), process.cpuUsage(), performance.now()];
  await read(connection, take);
  const ms = performance.now() - at0;
  const { user, system } = process.cpuUsage(client0);
  await connection.close();
  return { ms, clientMs: (user + system) / 1_000, serverMs: (await cpuMsOf(server.pid())) - server0 };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const medians = (costs: readonly Cost[]): Cost => ({
  ms: median(costs.map(({ ms }) => ms)),
  clientMs: median(costs.map(({ clientMs }) => clientMs)),
  serverMs: costs.reduce((sum, { serverMs }) => sum + serverMs, 0) / costs.length,
});

const fill = async (server: TestNats, revocations: number): Promise<number> => {
  const nats = { servers: [server.url] };
  const publisher = createPublisher({
    nats,
    namespace: 'revocast',
    signer,
    verifier,
    replicas: 1,
    maxAgeSeconds: 86_400,
  });
  publisher.open();
  await eventually(() => publisher.createLog('bench'));
  let bytes = 0;
  for (let n = 0; n < RECORDS; n += 64) {
    const records = Array.from({ length: 64 }, () => {
      const body = revokedBody(...Array.from({ length: revocations }, () => aRevocation({ scope: 'subject' })));
      return encodeRecord(
        { id: randomUUID(), namespace: 'revocast', epoch: 'bench', time: epochMs(Date.now()), body },
        signer,
      );
    });
    bytes = records[0]?.payload.length ?? 0;
    await Promise.all(records.map((record) => publisher.publish(record)));
  }
  await publisher.close();
  return bytes;
};

const compare = async (revocations: number): Promise<object> => {
  const server = await startTestNats();
  try {
    const bytes = await fill(server, revocations);
    const rows: object[] = [];
    for (const [what, take] of [
      ['transport alone', () => undefined],
      ['with signatures and decoding', decode],
    ] as const) {
      const costs: Record<'single' | 'batch', Cost[]> = { single: [], batch: [] };
      await measure(server, singles, take);
      await measure(server, batches, take);
      for (let round = 0; round < ROUNDS; round++) {
        costs.single.push(await measure(server, singles, take));
        costs.batch.push(await measure(server, batches, take));
      }
      const [single, batched] = [medians(costs.single), medians(costs.batch)];
      rows.push({ what, single, batch: batched, ratio: Number((batched.ms / single.ms).toFixed(2)) });
    }
    return { server: server.version, revocationsPerRecord: revocations, bytesPerRecord: bytes, records: RECORDS, rows };
  } finally {
    await server.dispose();
  }
};

for (const revocations of [1, 100])
  console.log(JSON.stringify(await compare(revocations), null, process.argv.includes('--json') ? 0 : 2));
