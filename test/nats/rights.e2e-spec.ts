import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  connect,
  createInbox,
  nkeyAuthenticator,
  nkeys,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '@revocast/testing';

// The shipped accounts file on a real server: what must work works, and every denial is tried. The subjects are written
// out here and not taken from the code, since it is the file that is on trial.

const accountsFile = resolve('deploy/nats/accounts.conf');
const LOG = 'REVOCAST_LOG_e1';
const SNAPSHOTS = 'REVOCAST_SNAP';
const RECORD = 'revocast.log.token';
const DIRECT_GET = `$JS.API.DIRECT.GET.${LOG}`;

/** Begins with a letter: the server reads the variable as configuration, and digits alone would be a number. */
const password = (): string => `p${randomBytes(16).toString('hex')}`;
const env = {
  NATS_SERVICE_PASSWORD: password(),
  NATS_API_NODE_PASSWORD: password(),
  NATS_COMMANDS_PASSWORD: password(),
};

let nats: TestNats;
let service: NatsConnection;
let node: NatsConnection;
let commands: NatsConnection;

const open = (user: string, pass: string, role: string): Promise<NatsConnection> =>
  connect({ servers: nats.url, user, pass, inboxPrefix: `_INBOX_revocast_${role}`, reconnectTimeWait: 50 });

const ask = async (from: NatsConnection, subject: string, body: object | string = ''): Promise<Msg> =>
  from.request(subject, typeof body === 'string' ? body : JSON.stringify(body), { timeout: 5_000 });

const askJson = async <T extends object>(from: NatsConnection, subject: string, body?: object): Promise<T> =>
  (await ask(from, subject, body)).json<T>();

interface StreamInfo {
  readonly config: { readonly name: string; readonly max_age: number };
  readonly state: { readonly messages: number; readonly last_seq: number };
}

const logConfig = {
  name: LOG,
  subjects: ['revocast.log.>'],
  storage: 'file',
  retention: 'limits',
  discard: 'new',
  num_replicas: 1,
  max_consumers: -1,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msg_size: -1,
  duplicate_window: 120e9,
  allow_direct: true,
  deny_delete: true,
  deny_purge: true,
  republish: { src: 'revocast.log.>', dest: 'revocast.live.>' },
};

const publishRecord = (text: string): Promise<{ seq: number }> => ask(service, RECORD, text).then((ack) => ack.json());

const head = async (): Promise<StreamInfo['state']> =>
  (await askJson<StreamInfo>(service, `$JS.API.STREAM.INFO.${LOG}`)).state;

async function next(subscription: Subscription): Promise<Msg> {
  for await (const message of subscription) return message;
  throw new Error('the subscription ended without a message');
}

/** Subscribes, and waits until the server has the interest. */
async function listen(on: NatsConnection, subject: string): Promise<Subscription> {
  const subscription = on.subscribe(subject, { max: 1 });
  await on.flush();
  return subscription;
}

const expectPublishDenied = (from: NatsConnection, subject: string): Promise<void> =>
  expect(ask(from, subject, '{}')).rejects.toThrow(`Permissions Violation for Publish to "${subject}"`);

const expectSubscribeDenied = async (on: NatsConnection, subject: string): Promise<void> => {
  const outcome = next(on.subscribe(subject));
  await expect(outcome).rejects.toThrow(`Permissions Violation for Subscription to "${subject}"`);
};

beforeAll(async () => {
  nats = await startTestNats({ include: [accountsFile], env });
  service = await open('service', env.NATS_SERVICE_PASSWORD, 'service');
  node = await open('api-node', env.NATS_API_NODE_PASSWORD, 'node');
  commands = await open('commands', env.NATS_COMMANDS_PASSWORD, 'commands');
  await ask(service, `$JS.API.STREAM.CREATE.${LOG}`, logConfig);
  await publishRecord('first');
}, 120_000);

afterAll(async () => {
  await Promise.all([service, node, commands].map((connection) => connection.close()));
  await nats.dispose();
});

describe('the door', () => {
  it('is closed without a user and with a wrong password', async () => {
    const options = { servers: nats.url, reconnect: false };
    await expect(connect(options)).rejects.toThrow(/authorization/i);
    await expect(connect({ ...options, user: 'service', pass: 'guess' })).rejects.toThrow(/authorization/i);
  });

  it('does not open at all while a password is missing in the environment', async () => {
    const { NATS_COMMANDS_PASSWORD: _missing, ...incomplete } = env;
    const start = startTestNats({ version: nats.version, include: [accountsFile], env: incomplete });
    await expect(start).rejects.toThrow("variable reference for 'NATS_COMMANDS_PASSWORD'");
  });

  it('opens with a key instead of a password, where the server holds the public half only', async () => {
    const pair = nkeys.createUser();
    const accounts = await readFile(accountsFile, 'utf8');
    const withKey = accounts.replace(/user: service\s+password: \S+/, `nkey: ${pair.getPublicKey()}`);
    expect(withKey).not.toEqual(accounts);
    const other = await startTestNats({ version: nats.version, config: withKey, env });
    try {
      const connection = await connect({
        servers: other.url,
        authenticator: nkeyAuthenticator(pair.getSeed()),
        inboxPrefix: '_INBOX_revocast_service',
      });
      await expectPublishDenied(connection, 'revocast.live.token');
      await connection.close();
    } finally {
      await other.dispose();
    }
  });
});

describe('the service', () => {
  it('writes records, and the log publishes them again as the live feed', async () => {
    const live = await listen(service, 'revocast.live.>');
    const { seq } = await publishRecord('heard');
    const heard = await next(live);
    expect([heard.subject, heard.string()]).toEqual(['revocast.live.token', 'heard']);
    expect(heard.headers?.last('Nats-Sequence')).toBe(String(seq));
  });

  it('keeps logs longer, and removes one that was replaced', async () => {
    const replaced = { ...logConfig, name: 'REVOCAST_LOG_e0', subjects: ['revocast.log.old.>'], republish: undefined };
    // Its own subjects: a server keeps two streams from sharing any.
    await askJson(service, '$JS.API.STREAM.UPDATE.REVOCAST_LOG_e1', { ...logConfig, subjects: [RECORD] });
    await ask(service, '$JS.API.STREAM.CREATE.REVOCAST_LOG_e0', replaced);
    const kept = await askJson<StreamInfo>(service, '$JS.API.STREAM.UPDATE.REVOCAST_LOG_e0', {
      ...replaced,
      max_age: 3600e9,
    });
    expect(kept.config.max_age).toBe(3600e9);
    expect(await askJson(service, '$JS.API.STREAM.DELETE.REVOCAST_LOG_e0')).toMatchObject({ success: true });
    await askJson(service, '$JS.API.STREAM.UPDATE.REVOCAST_LOG_e1', logConfig);
  });

  it('writes snapshots and retires them, and nodes read them', async () => {
    const snapshots = { name: SNAPSHOTS, subjects: ['revocast.snap.manifest', 'revocast.snap.part'] };
    await askJson(service, `$JS.API.STREAM.CREATE.${SNAPSHOTS}`, { ...snapshots, storage: 'file', allow_direct: true });
    for (const part of ['one', 'two']) await ask(service, 'revocast.snap.part', part);
    await ask(service, 'revocast.snap.manifest', 'manifest');
    const getFrom = `$JS.API.DIRECT.GET.${SNAPSHOTS}`;
    expect((await ask(node, getFrom, { last_by_subj: 'revocast.snap.manifest' })).string()).toBe('manifest');
    expect(await askJson(service, `$JS.API.STREAM.PURGE.${SNAPSHOTS}`, { seq: 2 })).toMatchObject({ purged: 1 });
    expect((await ask(node, getFrom, { seq: 1 })).headers?.code).toBe(404);
    expect((await ask(node, getFrom, { seq: 2 })).string()).toBe('two');
    await ask(service, `$JS.API.STREAM.DELETE.${SNAPSHOTS}`);
  });

  it('hears other instances of itself', async () => {
    const other = await open('service', env.NATS_SERVICE_PASSWORD, 'service');
    const notices = await listen(other, 'revocast.instance');
    service.publish('revocast.instance', 'notice');
    expect((await next(notices)).string()).toBe('notice');
    await other.close();
  });

  it.each([
    `$JS.API.STREAM.PURGE.${LOG}`,
    `$JS.API.STREAM.MSG.DELETE.${LOG}`,
    `$JS.API.STREAM.SNAPSHOT.${LOG}`,
    `$JS.API.STREAM.RESTORE.${LOG}`,
    `$JS.API.CONSUMER.CREATE.${LOG}`,
    `$JS.API.CONSUMER.CREATE.${LOG}.c1`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${LOG}.c1`,
    'revocast.live.token',
    'revocast.node.api-node.i1',
    'revocast.cmd.revoke',
  ])('may not send to %s', async (subject) => {
    await expectPublishDenied(service, subject);
  });

  it.each(['>', '_INBOX.>', '_INBOX_revocast_node.>', 'revocast.log.>'])('may not listen to %s', async (subject) => {
    await expectSubscribeDenied(service, subject);
  });
});

describe('a node', () => {
  it('hears the live feed under its own subject, with the sequence in the header', async () => {
    const live = await listen(node, 'revocast.live.>');
    const { seq } = await publishRecord('for nodes');
    const heard = await next(live);
    expect([heard.subject, heard.string()]).toEqual(['revocast.live.token', 'for nodes']);
    expect(heard.headers?.last('Nats-Sequence')).toBe(String(seq));
  });

  it('hears ticks', async () => {
    const ticks = await listen(node, 'revocast.tick');
    service.publish('revocast.tick', 'tick');
    expect((await next(ticks)).string()).toBe('tick');
  });

  it('finds the log and asks for its head, under the same subjects as without accounts', async () => {
    expect(await askJson(node, '$JS.API.STREAM.NAMES', {})).toMatchObject({ streams: [LOG] });
    const { state } = await askJson<StreamInfo>(node, `$JS.API.STREAM.INFO.${LOG}`);
    expect(state).toEqual(await head());
  });

  it('still does after the server was restarted', async () => {
    const connections = [service, node, commands];
    const back = connections.map(async (connection) => {
      for await (const { type } of connection.status()) if (type === 'reconnect') return;
    });
    await nats.restart();
    await Promise.all(back);
    expect(await askJson(node, '$JS.API.STREAM.NAMES', {})).toMatchObject({ streams: [LOG] });
  });

  it('reads records by direct get: by sequence, the last of a subject, and 404 where there is none', async () => {
    expect((await ask(node, DIRECT_GET, { seq: 1 })).string()).toBe('first');
    const { last_seq: last } = await head();
    expect((await ask(node, `${DIRECT_GET}.${RECORD}`)).headers?.last('Nats-Sequence')).toBe(String(last));
    expect((await ask(node, DIRECT_GET, { seq: last + 1 })).headers?.code).toBe(404);
  });

  it('reads a batch where the server knows batches, else its first record', async () => {
    await publishRecord('one more');
    const inbox = createInbox('_INBOX_revocast_node');
    const answers: (string | undefined)[] = [];
    const knowsBatches = !/^2\.(?:9|10)\./.test(nats.version);
    const subscription = node.subscribe(inbox, { max: knowsBatches ? 3 : 1 });
    node.publish(DIRECT_GET, JSON.stringify({ seq: 1, batch: 2, next_by_subj: '>' }), { reply: inbox });
    for await (const { headers } of subscription) {
      answers.push(headers?.code === 204 ? 'end of batch' : headers?.last('Nats-Sequence'));
    }
    expect(answers).toEqual(knowsBatches ? ['1', '2', 'end of batch'] : ['1']);
  });

  it('reports a heartbeat, which only the service hears', async () => {
    const heartbeats = await listen(service, 'revocast.node.*.*');
    node.publish('revocast.node.api-node.i1', 'alive');
    expect((await next(heartbeats)).subject).toBe('revocast.node.api-node.i1');
  });

  it.each([
    'revocast.log.token',
    'revocast.live.token',
    'revocast.snap.part',
    'revocast.snap.manifest',
    `$JS.API.STREAM.PURGE.${SNAPSHOTS}`,
    'revocast.tick',
    'revocast.instance',
    'revocast.node.other-service.i1',
    'revocast.node.api-node',
    'revocast.node.api-node.i1.more',
    'revocast.cmd.revoke',
    'revocast.nowhere.x',
    '_INBOX_revocast_service.x',
    '$JS.API.INFO',
    '$JS.API.STREAM.LIST',
    `$JS.API.STREAM.CREATE.${LOG}`,
    `$JS.API.STREAM.UPDATE.${LOG}`,
    `$JS.API.STREAM.DELETE.${LOG}`,
    `$JS.API.STREAM.PURGE.${LOG}`,
    `$JS.API.STREAM.SNAPSHOT.${LOG}`,
    `$JS.API.STREAM.RESTORE.${LOG}`,
    `$JS.API.STREAM.MSG.GET.${LOG}`,
    `$JS.API.STREAM.MSG.DELETE.${LOG}`,
    `$JS.API.STREAM.LEADER.STEPDOWN.${LOG}`,
    `$JS.API.CONSUMER.CREATE.${LOG}`,
    `$JS.API.CONSUMER.CREATE.${LOG}.c1`,
    `$JS.API.CONSUMER.CREATE.${LOG}.c1.${RECORD}`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${LOG}.c1`,
    `$JS.API.CONSUMER.MSG.NEXT.${LOG}.c1`,
    `$JS.API.CONSUMER.DELETE.${LOG}.c1`,
  ])('may not send to %s', async (subject) => {
    const before = await head();
    await expectPublishDenied(node, subject);
    expect(await head()).toEqual(before);
  });

  it.each([
    '>',
    '_INBOX.>',
    '_INBOX_revocast_service.>',
    'revocast.node.*.*',
    'revocast.instance',
    'revocast.log.>',
    'revocast.cmd.>',
    '$JS.EVENT.>',
  ])('may not listen to %s', async (subject) => {
    await expectSubscribeDenied(node, subject);
  });
});

describe('a reply subject as a way in', () => {
  /** Has the log answer to `reply`, then waits for an answer of its own: the first one was delivered before it. */
  async function injectByDirectGet(from: NatsConnection, reply: string): Promise<void> {
    from.publish(DIRECT_GET, JSON.stringify({ seq: 1 }), { reply });
    await ask(from, DIRECT_GET, { seq: 1 });
  }

  it('would store a record in the log, if nodes were in its account', async () => {
    const before = await head();
    await injectByDirectGet(service, RECORD);
    expect((await publishRecord('after')).seq).toBe(before.last_seq + 2);
  });

  it('stores nothing for a node', async () => {
    const before = await head();
    await injectByDirectGet(node, RECORD);
    expect((await publishRecord('after')).seq).toBe(before.last_seq + 1);
  });

  it('stores nothing for a sender of commands', async () => {
    const served = service.subscribe('revocast.cmd.>', {
      max: 1,
      callback: (_, command) => void command.respond('done'),
    });
    await service.flush();
    const before = await head();
    commands.publish('revocast.cmd.revoke', '{}', { reply: RECORD });
    await served.closed;
    await service.flush();
    expect((await publishRecord('after')).seq).toBe(before.last_seq + 1);
  });

  it.each(['revocast.node.other-service.i1', 'revocast.live.token', 'revocast.tick', 'revocast.cmd.x'])(
    'brings a node no answer to the service on %s',
    async (reply) => {
      const heard: string[] = [];
      const subjects = ['revocast.node.*.*', 'revocast.live.>', 'revocast.tick', 'revocast.cmd.>'];
      const subscriptions = subjects.map((subject) =>
        service.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) }),
      );
      await service.flush();
      await injectByDirectGet(node, reply);
      node.publish('revocast.node.api-node.marker');
      await node.flush();
      await service.flush();
      expect(heard).toEqual(['revocast.node.api-node.marker']);
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  );
});

describe('a sender of commands', () => {
  it('asks the service and gets its answer', async () => {
    service.subscribe('revocast.cmd.>', {
      max: 1,
      queue: 'service',
      callback: (_, command) => void command.respond('done'),
    });
    await service.flush();
    expect((await ask(commands, 'revocast.cmd.revoke', {})).string()).toBe('done');
  });

  it.each([
    'revocast.log.token',
    'revocast.live.token',
    'revocast.tick',
    'revocast.node.api-node.i1',
    '$JS.API.INFO',
    '$JS.API.STREAM.NAMES',
    `$JS.API.STREAM.INFO.${LOG}`,
    `$JS.API.STREAM.PURGE.${LOG}`,
    DIRECT_GET,
  ])('may not send to %s', async (subject) => {
    await expectPublishDenied(commands, subject);
  });

  it.each(['>', '_INBOX.>', 'revocast.cmd.>', 'revocast.live.>', 'revocast.tick', 'revocast.node.*.*'])(
    'may not listen to %s',
    async (subject) => {
      await expectSubscribeDenied(commands, subject);
    },
  );
});
