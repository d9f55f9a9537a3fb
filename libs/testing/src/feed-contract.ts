import assert from 'node:assert/strict';
import {
  epochMs,
  type ErrorCode,
  type Feed,
  type FeedListener,
  type FeedRecord,
  type LogIdentity,
  type RecordBody,
  RevocationError,
  type Sequence,
  sequence,
  type Tick,
} from '@revocast/core';
import { aRevocation, epochOpenedBody, liftedBody, revokedBody } from './builders.js';
import { eventually } from './eventually.js';

/** What a test of a feed needs around it. One world per test; nothing is shared. */
export interface FeedWorld {
  /** Not yet open. */
  readonly feed: Feed;
  /** Makes the first log, or a new one in the place of the one before, which is removed. Publishes nothing. */
  createLog(epoch: string): Promise<LogIdentity>;
  /** Resolves once the record is stored. */
  publish(body: RecordBody): Promise<{ readonly sequence: Sequence; readonly identity: string }>;
  /** Stores something in the log that nobody of ours signed. */
  publishForeign(): Promise<Sequence>;
  tick(tick: Pick<Tick, 'head'>): Promise<void>;
  /** Cuts the feed off from the broker. Nothing is published meanwhile unless the test says so. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  dispose(): Promise<void>;
}

/** `describe` and `it` of the test runner at hand. */
export interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (title: string, body: () => Promise<void>, timeoutMs?: number) => void;
}

export interface FeedContractOptions extends SuiteRunner {
  readonly makeWorld: () => Promise<FeedWorld>;
  /** For each test. Milliseconds, default 20,000: a real broker starts in it. */
  readonly timeoutMs?: number;
}

/** A listener that remembers what it heard. */
class Heard implements FeedListener {
  readonly connections: ('connected' | 'disconnected')[] = [];
  readonly records: FeedRecord[] = [];
  readonly ticks: Tick[] = [];

  connected(): void {
    this.connections.push('connected');
  }

  disconnected(): void {
    this.connections.push('disconnected');
  }

  record(record: FeedRecord): void {
    this.records.push(record);
  }

  tick(tick: Tick): void {
    this.ticks.push(tick);
  }
}

interface OpenWorld {
  readonly world: FeedWorld;
  readonly feed: Feed;
  readonly heard: Heard;
}

/** Open, connected and subscribed, and there is a log. */
const openSubscribed = async (world: FeedWorld): Promise<OpenWorld & { readonly log: LogIdentity }> => {
  const log = await world.createLog('epoch-1');
  const heard = new Heard();
  world.feed.open(heard);
  await subscribeAgain(world.feed, heard, 1);
  return { world, feed: world.feed, heard, log };
};

const subscribeAgain = async (feed: Feed, heard: Heard, connections: number): Promise<void> => {
  await eventually(() => {
    assert.equal(heard.connections.filter((event) => event === 'connected').length >= connections, true);
    assert.equal(heard.connections.at(-1), 'connected');
  });
  await eventually(() => feed.subscribed());
};

const refusedWith =
  (...codes: readonly ErrorCode[]) =>
  (error: unknown): boolean =>
    error instanceof RevocationError && codes.includes(error.code);

const sequencesOf = (records: readonly FeedRecord[]): number[] => records.map((record) => record.sequence);

type Case = (world: FeedWorld) => Promise<void>;

const LIVE: Readonly<Record<string, Case>> = {
  'tells live what was published after the subscription was confirmed, in order and as it was published': async (w) => {
    const { world, heard } = await openSubscribed(w);
    const revoked = revokedBody(aRevocation({ scope: 'device' }), aRevocation({ scope: 'device' }));
    const bodies = [epochOpenedBody(), revoked, liftedBody(...revoked.revocations)];
    const published: Awaited<ReturnType<FeedWorld['publish']>>[] = [];
    for (const body of bodies) published.push(await world.publish(body));
    await eventually(() => assert.equal(heard.records.length, bodies.length));
    heard.records.forEach((record, at) => {
      assert(record.kind === 'record');
      assert.deepEqual({ sequence: record.sequence, identity: record.identity }, published[at]);
      assert.equal(record.epoch, 'epoch-1');
      assert.deepEqual(record.body, bodies[at]);
    });
  },
  'tells ticks': async (w) => {
    const { world, heard } = await openSubscribed(w);
    await world.publish(epochOpenedBody());
    await world.tick({ head: sequence(1) });
    await eventually(() => assert.equal(heard.ticks.length, 1));
    assert.equal(heard.ticks[0]?.head, 1);
    assert.equal(heard.ticks[0].epoch, 'epoch-1');
  },
  'tells a cut and what is published after it was healed, and has the rest to read': async (w) => {
    const { world, feed, heard, log } = await openSubscribed(w);
    await world.publish(epochOpenedBody());
    await world.disconnect();
    await eventually(() => assert.equal(heard.connections.at(-1), 'disconnected'));
    await world.reconnect();
    await subscribeAgain(feed, heard, 2);
    const before = heard.records.length;
    const { sequence: at } = await world.publish(revokedBody(aRevocation()));
    await eventually(() => assert.equal(heard.records.length, before + 1));
    assert.equal(heard.records.at(-1)?.sequence, at);
    assert.deepEqual(sequencesOf(await feed.read(log, sequence(1), at)), [1, 2]);
  },
  'gives a foreign record the same place and identity live and when it is read': async (w) => {
    const { world, feed, heard, log } = await openSubscribed(w);
    const at = await world.publishForeign();
    await eventually(() => assert.equal(heard.records.length, 1));
    const [read] = await feed.read(log, at, at);
    assert.equal(read?.kind, 'foreign');
    assert.equal(heard.records[0]?.kind, 'foreign');
    assert.equal(heard.records[0].identity, read.identity);
    assert.equal(heard.records[0].sequence, at);
  },
};

const ASKED: Readonly<Record<string, Case>> = {
  'finds no log where there is none, and the log once it was made': async (world) => {
    const { feed } = world;
    const heard = new Heard();
    feed.open(heard);
    await subscribeAgain(feed, heard, 1);
    assert.equal(await feed.locate(), undefined);
    const log = await world.createLog('epoch-1');
    assert.deepEqual(await eventually(() => feed.locate()), log);
    assert.equal(log.epoch, 'epoch-1');
  },
  'answers the head of an empty log, and counts with it': async (w) => {
    const { world, feed, log } = await openSubscribed(w);
    const empty = await feed.head(log);
    assert.equal(empty.last, 0);
    assert.deepEqual(empty.log, log);
    for (let count = 1; count <= 3; count += 1) await world.publish(revokedBody(aRevocation()));
    const { first, last, quorumAgeMs } = await feed.head(log);
    assert.deepEqual([first, last], [1, 3]);
    assert(quorumAgeMs >= 0 && quorumAgeMs < 2_000);
  },
  'reads exactly what was asked for, in order, equal to what was told live': async (w) => {
    const { world, feed, heard, log } = await openSubscribed(w);
    for (let count = 1; count <= 40; count += 1) await world.publish(revokedBody(aRevocation()));
    await eventually(() => assert.equal(heard.records.length, 40));
    const read = await feed.read(log, sequence(3), sequence(38));
    assert.deepEqual(read, heard.records.slice(2, 38));
    assert.deepEqual(sequencesOf(await feed.read(log, sequence(7), sequence(7))), [7]);
  },
  'refuses to read what the log does not have yet, and leaves nothing out in silence': async (w) => {
    const { world, feed, log } = await openSubscribed(w);
    await world.publish(epochOpenedBody());
    await assert.rejects(feed.read(log, sequence(1), sequence(2)), refusedWith('ERR_LOG_UNAVAILABLE'));
    await assert.rejects(feed.read(log, sequence(2), sequence(2)), refusedWith('ERR_LOG_UNAVAILABLE'));
  },
  'tells a log from the one it replaced, and answers nothing about that one': async (w) => {
    const { world, feed, log } = await openSubscribed(w);
    await world.publish(epochOpenedBody());
    const next = await world.createLog('epoch-2');
    assert.notEqual(next.name, log.name);
    await eventually(async () => assert.deepEqual(await feed.locate(), next));
    await assert.rejects(feed.head(log), refusedWith('ERR_LOG_UNAVAILABLE'));
    await assert.rejects(feed.read(log, sequence(1), sequence(1)), refusedWith('ERR_LOG_UNAVAILABLE'));
    assert.equal((await feed.head(next)).last, 0);
  },
  'refuses every ask while it is cut off': async (w) => {
    const { world, feed, heard, log } = await openSubscribed(w);
    await world.publish(epochOpenedBody());
    await world.disconnect();
    await eventually(() => assert.equal(heard.connections.at(-1), 'disconnected'));
    const refused = refusedWith('ERR_FEED_DISCONNECTED', 'ERR_LOG_UNAVAILABLE');
    await assert.rejects(feed.subscribed(), refused);
    await assert.rejects(feed.locate(), refused);
    await assert.rejects(feed.head(log), refused);
    await assert.rejects(feed.read(log, sequence(1), sequence(1)), refused);
  },
};

const LIFE: Readonly<Record<string, Case>> = {
  'opens at once while the broker is out of reach, and connects when it is there': async (world) => {
    const { feed } = world;
    const heard = new Heard();
    await world.disconnect();
    feed.open(heard);
    await assert.rejects(feed.subscribed());
    assert.deepEqual(heard.connections, []);
    await world.reconnect();
    await subscribeAgain(feed, heard, 1);
  },
  'takes a heartbeat whether or not it can be sent': async (w) => {
    const { world, feed, heard } = await openSubscribed(w);
    assert.doesNotThrow(() => feed.report(A_HEARTBEAT));
    await world.disconnect();
    await eventually(() => assert.equal(heard.connections.at(-1), 'disconnected'));
    assert.doesNotThrow(() => feed.report(A_HEARTBEAT));
  },
  'is silent once it is closed, and may be closed twice': async (w) => {
    const { world, feed, heard } = await openSubscribed(w);
    await feed.close();
    await feed.close();
    const heardBefore = heard.records.length;
    await world.publish(epochOpenedBody());
    await assert.rejects(feed.locate());
    assert.equal(heard.records.length, heardBefore);
  },
};

const A_HEARTBEAT: Parameters<Feed['report']>[0] = {
  node: 'node-1',
  instance: 'instance-1',
  service: 'payments',
  version: '0.0.0',
  epoch: undefined,
  watermark: sequence(0),
  identity: undefined,
  state: 'connecting',
  mode: 'strict',
  stalenessMsMax: 300_000,
  stalenessMs: undefined,
  issuers: [],
  liveEntries: 0,
  guarded: true,
  at: epochMs(0),
};

/**
 * What every feed does, whatever it is made of. Run by each adapter:
 *
 *     describeFeedContract('the in-memory feed', { describe, it, makeWorld });
 */
export const describeFeedContract = (name: string, options: FeedContractOptions): void => {
  const { describe, it, makeWorld, timeoutMs = 20_000 } = options;
  describe(`${name}, as a feed,`, () => {
    for (const [title, body] of Object.entries({ ...LIVE, ...ASKED, ...LIFE })) {
      it(title, () => withWorld(makeWorld, body), timeoutMs);
    }
  });
};

const withWorld = async (makeWorld: () => Promise<FeedWorld>, body: Case): Promise<void> => {
  const world = await makeWorld();
  try {
    await body(world);
  } finally {
    await world.dispose();
  }
};
