import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { epochMs, type Heartbeat, type RefusalReport, sequence, type Tick } from '@revocast/core';
import {
  createPublisher,
  createVerifier,
  generateSigningKey,
  type NatsSettings,
  type Publisher,
  publicRecordKey,
} from '@revocast/jetstream';
import { startTestNats, type TestNats } from '@revocast/testing';
import { anEncodedRecord, aPublisher, connectedPublisher, until, signer, subscribedFeed } from './support.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

const aTick = (id: string): Tick => ({
  id,
  epoch: 'e1',
  head: sequence(1),
  time: epochMs(Date.now()),
  fleetBoundMs: 300_000,
});

const aHeartbeat = (instance: string): Heartbeat => ({
  node: 'pod-1',
  instance,
  service: 'api-node',
  version: '0.1.0',
  epoch: 'e1',
  watermark: sequence(1),
  identity: undefined,
  state: 'current',
  mode: 'strict',
  stalenessMsMax: 30_000,
  stalenessMs: 1,
  issuers: [],
  liveEntries: 0,
  guarded: true,
  at: epochMs(Date.now()),
});

describe('the publisher', () => {
  let server: TestNats;
  let nats: NatsSettings;

  beforeAll(async () => {
    server = await startTestNats();
    nats = { servers: [server.url] };
  }, 60_000);
  afterAll(() => server.dispose());

  it('refuses to sign with a key that the nodes do not hold', () => {
    const verifier = createVerifier({ keys: [publicRecordKey(generateSigningKey())] });
    const make = () =>
      createPublisher({ nats, namespace: 'revocast', signer, verifier, replicas: 1, maxAgeSeconds: 60 });
    expect(make).toThrow(code('ERR_CONFIG'));
  });

  describe('while the broker is up', () => {
    let publisher: Publisher;
    let raw: NatsConnection;

    beforeEach(async () => {
      publisher = await connectedPublisher(nats);
      raw = await connect({ servers: server.url });
    });
    afterEach(async () => {
      await raw.close();
      await publisher.close();
    });

    it('sends ticks to nodes and to other instances, and does not hear its own', async () => {
      const { feed, heard } = await subscribedFeed(nats);
      const other = await connectedPublisher(nats);
      const [own, others]: [Tick[], Tick[]] = [[], []];
      publisher.onTick((tick) => own.push(tick));
      other.onTick((tick) => others.push(tick));
      const [first, second] = [aTick('t1'), aTick('t2')];
      publisher.tick(first);
      publisher.tick(first);
      await until('the tick arrives', () => heard.ticks.length === 1 && others.length === 1);
      other.tick(second);
      await until('the answer arrives', () => heard.ticks.length === 2 && own.length === 1);
      expect([heard.ticks, others, own]).toEqual([[first, second], [first], [second]]);
      await other.close();
      await feed.close();
    });

    it('passes on no tick that a stranger sent', async () => {
      const { feed, heard } = await subscribedFeed(nats);
      raw.publish('revocast.tick', '{}');
      const forged = headers();
      forged.set('Revocast-Signature', `test-1.${'A'.repeat(86)}`);
      raw.publish('revocast.tick', JSON.stringify(aTick('forged')), { headers: forged });
      await raw.flush();
      publisher.tick(aTick('t9'));
      await until('the good tick arrives', () => heard.ticks.length > 0);
      expect(heard.ticks.map(({ id }) => id)).toEqual(['t9']);
      await feed.close();
    });

    it('hears each node from its own subject, and nobody speaks for another', async () => {
      const heard: Heartbeat[] = [];
      publisher.onHeartbeat((heartbeat) => heard.push(heartbeat));
      const { feed } = await subscribedFeed(nats, { instance: 'i1' });
      raw.publish('revocast.node.api-node.i2', JSON.stringify(aHeartbeat('i1')));
      raw.publish('revocast.node.api-node.i1', 'no heartbeat');
      await raw.flush();
      const heartbeat = aHeartbeat('i1');
      feed.report(heartbeat);
      await until('the heartbeat arrives', () => heard.length > 0);
      expect(heard).toEqual([heartbeat]);
      await feed.close();
    });

    it('still hears the goodbye of a node that closes at once', async () => {
      const heard: Heartbeat[] = [];
      publisher.onHeartbeat((heartbeat) => heard.push(heartbeat));
      const { feed } = await subscribedFeed(nats, { instance: 'i1' });
      feed.report({ ...aHeartbeat('i1'), goodbye: true });
      await feed.close();
      await until('the goodbye arrives', () => heard.length > 0);
      expect(heard).toEqual([expect.objectContaining({ goodbye: true })]);
    });

    it('hears what a node refused over the subject of its heartbeats', async () => {
      const heard: RefusalReport[] = [];
      publisher.onRefusals((report) => heard.push(report));
      const { feed } = await subscribedFeed(nats, { instance: 'i1' });
      const report = { service: 'api-node', instance: 'i1', counts: [], dropped: 2 };
      raw.publish('revocast.node.api-node.i2', JSON.stringify({ ...report, refusals: [] }));
      await raw.flush();
      feed.reportRefusals?.(report);
      await until('the report arrives', () => heard.length > 0);
      expect(heard).toEqual([report]);
      await feed.close();
    });

    it('forgets a listener that is taken back', async () => {
      const heard: Heartbeat[] = [];
      const stop = publisher.onHeartbeat((heartbeat) => heard.push(heartbeat));
      stop();
      const after: Heartbeat[] = [];
      publisher.onHeartbeat((heartbeat) => after.push(heartbeat));
      raw.publish('revocast.node.api-node.i1', JSON.stringify(aHeartbeat('i1')));
      await until('the second listener hears', () => after.length === 1);
      expect(heard).toEqual([]);
    });
  });

  it('sends nothing while it knows that the broker is away', async () => {
    await server.stop();
    const publisher = aPublisher(nats);
    publisher.open();
    expect(publisher.state()).toBe('disconnected');
    await expect(publisher.publish(anEncodedRecord('e1'))).rejects.toEqual(code('ERR_FEED_DISCONNECTED'));
    await expect(publisher.locate()).rejects.toEqual(code('ERR_FEED_DISCONNECTED'));
    expect(() => publisher.tick(aTick('t1'))).not.toThrow();
    const states: string[] = [];
    publisher.onState((state) => states.push(state));
    await server.start();
    await until('it connects by itself', () => states.at(-1) === 'connected');
    await publisher.close();
  });

  it('calls the outcome unknown when a broker falls silent, and the same bytes settle it', async () => {
    const publisher = await connectedPublisher(nats);
    await publisher.createLog('e1');
    const record = anEncodedRecord('e1');
    await server.pause();
    await expect(publisher.publish(record)).rejects.toEqual(code('ERR_PUBLISH_UNKNOWN'));
    await server.resume();
    // The broker stored what it had received before; the repetition tells so.
    expect(await publisher.publish(record)).toMatchObject({ sequence: 1, duplicate: true });
    await publisher.close();
  }, 20_000);

  it('calls the outcome unknown at once when the connection ends under way', async () => {
    const publisher = await connectedPublisher(nats);
    await server.pause();
    const record = anEncodedRecord('e1');
    const publishing = publisher.publish(record);
    await server.kill();
    await expect(publishing).rejects.toEqual(code('ERR_PUBLISH_UNKNOWN'));
    expect(publisher.state()).toBe('disconnected');
    await server.start();
    await until('it connects again', () => publisher.state() === 'connected');
    expect(await publisher.publish(record)).toMatchObject({ duplicate: false });
    await publisher.close();
  }, 20_000);
});
