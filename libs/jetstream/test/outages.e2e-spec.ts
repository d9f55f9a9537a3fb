import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nkeys } from '@nats-io/transport-node';
import { sequence } from '@revocast/core';
import { type AdapterEvent, type NatsSettings } from '@revocast/jetstream';
import { eventually, startTestNats, TcpProxy, type TestNats } from '@revocast/testing';
import { aFeed, anEncodedRecord, aPublisher, connectedPublisher, Heard, subscribedFeed, until } from './support.js';

describe('through outages', () => {
  let server: TestNats;
  let nats: NatsSettings;

  beforeEach(async () => {
    server = await startTestNats();
    nats = { servers: [server.url] };
  }, 60_000);
  afterEach(() => server.dispose());

  it('a feed that starts while the broker is down asks nothing of anybody, and connects when it is up (D5)', async () => {
    await server.stop();
    const events: AdapterEvent[] = [];
    const feed = aFeed(nats, { log: (event) => events.push(event) });
    const heard = new Heard();
    feed.open(heard);
    await until('the first attempt fails', () => events.length > 0);
    await expect(feed.subscribed()).rejects.toMatchObject({ code: 'ERR_FEED_DISCONNECTED' });
    await expect(feed.locate()).rejects.toMatchObject({ code: 'ERR_FEED_DISCONNECTED' });
    await server.start();
    await until('it connects', () => heard.isConnected);
    await feed.subscribed();
    expect(await feed.locate()).toBeUndefined();
    // One line for the outage, however many attempts it took.
    expect(events.map(({ event }) => event)).toEqual(['connectFailed', 'connected']);
    await feed.close();
  }, 20_000);

  it('what the live feed missed while it was cut off is found by reading (D7)', async () => {
    const proxy = await TcpProxy.start(server.port);
    const publisher = await connectedPublisher(nats);
    const log = await publisher.createLog('e1');
    const { feed, heard } = await subscribedFeed({ servers: [proxy.url] });
    const records = Array.from({ length: 30 }, () => anEncodedRecord('e1'));
    for (const record of records.slice(0, 10)) await publisher.publish(record);
    await until('the first ten arrive', () => heard.records.length === 10);
    proxy.cut();
    await until('the cut is noticed', () => !heard.isConnected);
    for (const record of records.slice(10, 20)) await publisher.publish(record);
    proxy.heal();
    await until('it is connected again', () => heard.isConnected);
    await feed.subscribed();
    for (const record of records.slice(20)) await publisher.publish(record);
    await until('the last ten arrive', () => heard.records.length === 20);
    expect(heard.records[10]?.sequence).toBe(21);
    const read = await feed.read(log, sequence(1), sequence(30));
    expect(read.map(({ identity }) => identity)).toEqual(records.map(({ id }) => id));
    await Promise.all([feed.close(), publisher.close(), proxy.close()]);
  }, 20_000);

  it('a broker that is killed and started again costs no acknowledged record', async () => {
    const publisher = await connectedPublisher(nats);
    const log = await publisher.createLog('e1');
    const { feed, heard } = await subscribedFeed(nats);
    const before = anEncodedRecord('e1');
    await publisher.publish(before);
    await server.kill();
    await until(
      'the loss is noticed',
      () => heard.events.at(-1) === 'disconnected' && publisher.state() === 'disconnected',
    );
    await server.start();
    await until('both are back', () => heard.isConnected && publisher.state() === 'connected');
    await feed.subscribed();
    expect(await feed.locate()).toEqual(log);
    const after = anEncodedRecord('e1');
    await publisher.publish(after);
    // The first may have died with the broker on its way to the live feed: only the log is sure to have it.
    await until('the new record arrives', () => heard.records.at(-1)?.identity === after.id);
    const read = await feed.read(log, sequence(1), sequence(2));
    expect(read.map(({ identity }) => identity)).toEqual([before.id, after.id]);
    await Promise.all([feed.close(), publisher.close()]);
  }, 20_000);

  it('a connection that leads nowhere is given up for its unanswered pings, and a new one is made', async () => {
    const proxy = await TcpProxy.start(server.port);
    const { feed, heard } = await subscribedFeed({ servers: [proxy.url] });
    proxy.swallow();
    // Neither end is told: only two pings, five seconds apart, that nobody answers.
    await eventually(() => expect(heard.isConnected).toBe(false), { withinMs: 60_000 });
    proxy.heal();
    await until('it is connected again', () => heard.isConnected);
    await feed.subscribed();
    await Promise.all([feed.close(), proxy.close()]);
  }, 90_000);

  it('a read under way when the connection ends is refused, not cut short', async () => {
    const proxy = await TcpProxy.start(server.port);
    const publisher = await connectedPublisher(nats);
    const log = await publisher.createLog('e1');
    for (let n = 0; n < 50; n++) await publisher.publish(anEncodedRecord('e1'));
    const { feed } = await subscribedFeed({ servers: [proxy.url] });
    await server.pause();
    const reading = feed.read(log, sequence(1), sequence(50));
    proxy.cut();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_FEED_DISCONNECTED' });
    await server.resume();
    await Promise.all([feed.close(), publisher.close(), proxy.close()]);
  }, 20_000);

  it('a broker that lost everything shows another log, not an empty old one', async () => {
    const publisher = await connectedPublisher(nats);
    const log = await publisher.createLog('e1');
    await publisher.publish(anEncodedRecord('e1'));
    const { feed, heard } = await subscribedFeed(nats);
    await server.wipe();
    await server.start();
    await until('both are back', () => heard.events.length === 3 && publisher.state() === 'connected');
    expect(await feed.locate()).toBeUndefined();
    await expect(feed.head(log)).rejects.toMatchObject({ code: 'ERR_LOG_UNAVAILABLE' });
    await Promise.all([feed.close(), publisher.close()]);
  }, 20_000);

  it('closing while the broker is down ends at once, and nothing is told any more', async () => {
    await server.stop();
    const [feed, heard] = [aFeed(nats), new Heard()];
    feed.open(heard);
    await feed.close();
    await server.start();
    const publisher = await connectedPublisher(nats);
    await publisher.createLog('e1');
    await publisher.publish(anEncodedRecord('e1'));
    expect(heard.events).toEqual([]);
    await publisher.close();
  }, 20_000);
});

describe('with rights', () => {
  it('a feed is told when its subscriptions are refused, instead of being deaf', async () => {
    const server = await startTestNats({
      config: `authorization { users: [ { user: n, password: pw, permissions { subscribe: { deny: "revocast.live.>" } } } ] }`,
    });
    const events: AdapterEvent[] = [];
    const nats = { servers: [server.url], user: 'n', password: { text: 'pw' } };
    const feed = aFeed(nats, { log: (event) => events.push(event) });
    const heard = new Heard();
    feed.open(heard);
    await until('it connects', () => heard.isConnected);
    // Every time: the right may be given later, and until then there is no live feed.
    for (let attempt = 1; attempt <= 2; attempt++) {
      await expect(feed.subscribed()).rejects.toMatchObject({ code: 'ERR_FEED_DISCONNECTED' });
    }
    expect(events).toContainEqual({ level: 'error', event: 'subscriptionDenied', about: 'revocast.live.>' });
    await feed.close();
    await server.dispose();
  });

  it('replaced credentials in a file count without a restart', async () => {
    const server = await startTestNats({ config: 'authorization { user: svc, password: $PW }', env: { PW: 'right' } });
    const file = join(server.storeDir, 'password');
    await writeFile(file, 'wrong\n');
    const events: AdapterEvent[] = [];
    const nats = { servers: [server.url], user: 'svc', password: { file } };
    const feed = aFeed(nats, { log: (event) => events.push(event) });
    const heard = new Heard();
    feed.open(heard);
    await until('it is refused', () => events.some(({ event }) => event === 'connectFailed'));
    await writeFile(file, 'right\n');
    await until('it connects', () => heard.isConnected);
    expect(JSON.stringify(events)).not.toContain('right');
    await feed.close();
    await server.dispose();
  }, 20_000);

  it('an nkey is enough', async () => {
    const pair = nkeys.createUser();
    const server = await startTestNats({ config: `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }` });
    const seed = new TextDecoder().decode(pair.getSeed());
    const publisher = await connectedPublisher({ servers: [server.url], nkeySeed: { text: seed } });
    expect(await publisher.createLog('e1')).toMatchObject({ epoch: 'e1' });
    await publisher.close();
    await server.dispose();
  });

  describe('over TLS', () => {
    const file = (name: string): string => join(import.meta.dirname, 'fixtures/tls', name);
    const [ca, cert, key] = [{ file: file('cert.pem') }, { file: file('cert.pem') }, { file: file('key.pem') }];
    const tls = (more: string): string => `tls { cert_file: "${cert.file}", key_file: "${key.file}", ${more} }`;

    /** The first thing that a feed with these settings is told. */
    const firstEvent = async (nats: NatsSettings): Promise<AdapterEvent | undefined> => {
      const events: AdapterEvent[] = [];
      const feed = aFeed(nats, { log: (event) => events.push(event) });
      feed.open(new Heard());
      await until('something happens', () => events.length > 0);
      await feed.close();
      return events[0];
    };

    it('a feed connects to a server whose authority it was given, and to no other', async () => {
      const server = await startTestNats({ config: tls('verify: false') });
      const servers = [server.url.replace('nats:', 'tls:')];
      expect(await firstEvent({ servers, tls: { ca } })).toMatchObject({ event: 'connected' });
      expect(await firstEvent({ servers })).toMatchObject({ event: 'connectFailed' });
      await server.dispose();
    }, 20_000);

    it('a feed shows its own certificate where the server asks for one', async () => {
      const server = await startTestNats({ config: tls(`verify: true, ca_file: "${ca.file}"`) });
      const servers = [server.url];
      expect(await firstEvent({ servers, tls: { ca, cert, key } })).toMatchObject({ event: 'connected' });
      expect(await firstEvent({ servers, tls: { ca } })).toMatchObject({ event: 'connectFailed' });
      await server.dispose();
    }, 20_000);

    it('a feed that asks for TLS does not go on in the clear', async () => {
      const server = await startTestNats();
      expect(await firstEvent({ servers: [server.url.replace('nats:', 'tls:')] })).toMatchObject({
        event: 'connectFailed',
      });
      await server.dispose();
    }, 20_000);
  });

  it('the shipped accounts let service and nodes do all of their work', async () => {
    const server = await startTestNats({
      include: [resolve('deploy/nats/accounts.conf')],
      env: { NATS_SERVICE_PASSWORD: 'p1', NATS_API_NODE_PASSWORD: 'p2', NATS_COMMANDS_PASSWORD: 'p3' },
    });
    const publisher = aPublisher({ servers: [server.url], user: 'service', password: { text: 'p1' } });
    publisher.open();
    await until('the service connects', () => publisher.state() === 'connected');
    const log = await publisher.createLog('e1');
    await publisher.raiseRetention(log);
    const node = { servers: [server.url], user: 'api-node', password: { text: 'p2' } };
    const { feed, heard } = await subscribedFeed(node);
    expect(await feed.locate()).toEqual(log);
    const records = Array.from({ length: 600 }, () => anEncodedRecord('e1'));
    await Promise.all(records.map((record) => publisher.publish(record)));
    await until('all arrive', () => heard.records.length === records.length);
    expect((await feed.head(log)).last).toBe(records.length);
    expect(await feed.read(log, sequence(1), sequence(records.length))).toEqual(heard.records);
    await publisher.removeLog(log);
    await Promise.all([feed.close(), publisher.close()]);
    await server.dispose();
  }, 20_000);
});
