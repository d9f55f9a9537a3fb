import { randomUUID } from 'node:crypto';
import { afterAll } from '@jest/globals';
import {
  epochMs,
  type Feed,
  type FeedListener,
  type FeedRecord,
  type OutgoingRecord,
  type RecordBody,
  type Tick,
} from '@revocast/core';
import {
  createJetStreamFeed,
  createPublisher,
  createSigner,
  createVerifier,
  encodeRecord,
  type EncodedRecord,
  generateSigningKey,
  type FeedOptions,
  type NatsSettings,
  type Publisher,
  type PublisherOptions,
  publicRecordKey,
} from '@revocast/jetstream';
import { aRevocation, eventually, revokedBody } from '@revocast/testing';

export const NAMESPACE = 'revocast';
export const signingKey = generateSigningKey('test-1');
export const signer = createSigner(signingKey);
export const verifier = createVerifier({ keys: [publicRecordKey(signingKey)] });

export const aRecord = (epoch: string, body: RecordBody = revokedBody(aRevocation())): OutgoingRecord => ({
  id: randomUUID(),
  namespace: NAMESPACE,
  epoch,
  time: epochMs(Date.now()),
  body,
});

export const anEncodedRecord = (epoch: string, namespace = NAMESPACE): EncodedRecord =>
  encodeRecord({ ...aRecord(epoch), namespace }, signer);

/** Waits for a condition; the only way these tests wait. */
export const until = (what: string, holds: () => boolean): Promise<void> =>
  eventually(
    () => {
      if (!holds()) throw new Error(`did not happen: ${what}`);
    },
    { withinMs: 10_000 },
  );

/** Remembers what a feed told. */
export class Heard implements FeedListener {
  readonly events: ('connected' | 'disconnected')[] = [];
  readonly records: FeedRecord[] = [];
  readonly ticks: Tick[] = [];

  connected(): void {
    this.events.push('connected');
  }
  disconnected(): void {
    this.events.push('disconnected');
  }
  record(record: FeedRecord): void {
    this.records.push(record);
  }
  tick(tick: Tick): void {
    this.ticks.push(tick);
  }
  get isConnected(): boolean {
    return this.events.at(-1) === 'connected';
  }
}

const opened = new Set<{ close(): Promise<void> }>();

/** Closed at the end of the file, also when a test failed before it could: an open one keeps connecting for ever. */
const tracked = <T extends { close(): Promise<void> }>(resource: T): T => {
  opened.add(resource);
  return resource;
};
afterAll(() => Promise.all([...opened].map((resource) => resource.close())));

type Changes = Partial<Pick<PublisherOptions, 'namespace' | 'replicas' | 'maxAgeSeconds'>>;

export const aPublisher = (nats: NatsSettings, changes: Changes = {}): Publisher =>
  tracked(
    createPublisher({ nats, namespace: NAMESPACE, signer, verifier, replicas: 1, maxAgeSeconds: 86_400, ...changes }),
  );

type FeedChanges = Partial<Pick<FeedOptions, 'namespace' | 'service' | 'instance' | 'hubDomain' | 'log'>>;

export const aFeed = (nats: NatsSettings, changes: FeedChanges = {}): Feed =>
  tracked(
    createJetStreamFeed({ nats, namespace: NAMESPACE, verifier, service: 'api-node', instance: 'i1', ...changes }),
  );

/** An opened publisher that is connected. */
export const connectedPublisher = async (nats: NatsSettings, changes: Changes = {}): Promise<Publisher> => {
  const publisher = aPublisher(nats, changes);
  publisher.open();
  await until('the publisher connects', () => publisher.state() === 'connected');
  return publisher;
};

/** An opened feed whose subscriptions the broker knows. */
export const subscribedFeed = async (
  nats: NatsSettings,
  changes: FeedChanges = {},
): Promise<{ readonly feed: Feed; readonly heard: Heard }> => {
  const feed = aFeed(nats, changes);
  const heard = new Heard();
  feed.open(heard);
  await until('the feed connects', () => heard.isConnected);
  await feed.subscribed();
  return { feed, heard };
};
