import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { epochMs, type LogIdentity, type RecordBody, type Sequence, sequence } from '@revocast/core';
import { encodeRecord, type Publisher } from '@revocast/jetstream';
import {
  aUniqueId,
  describeFeedContract,
  type FeedWorld,
  startTestNats,
  TcpProxy,
  type TestNats,
} from '@revocast/testing';
import { aFeed, aRecord, connectedPublisher, signer } from './support.js';

let server: TestNats;
beforeAll(async () => {
  server = await startTestNats();
}, 60_000);
afterAll(() => server.dispose());

/** A namespace of its own on the one server, and a proxy by which its feed can be cut off. */
const makeWorld = async (): Promise<FeedWorld> => {
  const namespace = aUniqueId('world');
  const proxy = await TcpProxy.start(server.port);
  const feed = aFeed({ servers: [proxy.url] }, { namespace });
  const writer = await Writer.open(namespace);
  return {
    feed,
    createLog: (epoch) => writer.createLog(epoch),
    publish: (body) => writer.publish(body),
    publishForeign: () => writer.publishForeign(),
    tick: ({ head }) => done(() => writer.tick(head)),
    disconnect: () => done(() => proxy.cut()),
    reconnect: () => done(() => proxy.heal()),
    dispose: async () => {
      await Promise.all([feed.close(), writer.close()]);
      await proxy.close();
    },
  };
};

const done = (act: () => void): Promise<void> => {
  act();
  return Promise.resolve();
};

/** The service of one namespace, and a stranger who may write to its log. */
class Writer {
  #log: LogIdentity | undefined;

  private constructor(
    readonly namespace: string,
    readonly publisher: Publisher,
    readonly stranger: NatsConnection,
  ) {}

  static async open(namespace: string): Promise<Writer> {
    const publisher = await connectedPublisher({ servers: [server.url] }, { namespace });
    return new Writer(namespace, publisher, await connect({ servers: server.url }));
  }

  async createLog(epoch: string): Promise<LogIdentity> {
    if (this.#log !== undefined) await this.publisher.removeLog(this.#log);
    this.#log = await this.publisher.createLog(epoch);
    return this.#log;
  }

  async publish(body: RecordBody): ReturnType<FeedWorld['publish']> {
    const record = { ...aRecord(this.#epoch(), body), namespace: this.namespace };
    const { sequence: at } = await this.publisher.publish(encodeRecord(record, signer));
    return { sequence: at, identity: record.id };
  }

  async publishForeign(): Promise<Sequence> {
    const { seq } = await jetstream(this.stranger).publish(`${this.namespace}.log.subject`, 'not ours');
    return sequence(seq);
  }

  tick(head: Sequence): void {
    const time = epochMs(Date.now());
    this.publisher.tick({ id: randomUUID(), epoch: this.#epoch(), head, time, fleetBoundMs: 300_000 });
  }

  async close(): Promise<void> {
    await Promise.all([this.publisher.close(), this.stranger.close()]);
  }

  #epoch(): string {
    if (this.#log === undefined) throw new Error('createLog() comes first');
    return this.#log.epoch;
  }
}

describeFeedContract('the JetStream feed', { describe, it, makeWorld });
