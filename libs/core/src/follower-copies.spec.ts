import { describe, expect, it } from '@jest/globals';
import {
  anIssuer,
  epochOpenedBody,
  InMemoryBroker,
  type InMemoryFeed,
  ManualTime,
  revoke,
  SCENE_BOUND_MS,
  tokenOf,
} from '@revocast/testing';
import { createFollower } from './create-follower.js';
import { type Feed } from './feed.js';
import { type FeedRecord } from './record.js';
import { decide } from './verdict.js';

/** What a leaf's mirror does when its log loses records: it keeps what it first saw at a sequence, for ever. */
const behindACopy = (feed: InMemoryFeed): Feed => {
  const copy = new Map<number, FeedRecord>();
  return {
    open: (listener) => feed.open(listener),
    subscribed: () => feed.subscribed(),
    locate: () => feed.locate(),
    head: (log) => feed.head(log),
    report: (heartbeat) => feed.report(heartbeat),
    close: () => feed.close(),
    read: async (log, from, to, options) => {
      const records = await feed.read(log, from, to);
      if (options?.original === true) return records;
      for (const record of records) if (!copy.has(record.sequence)) copy.set(record.sequence, record);
      return records.map((record) => copy.get(record.sequence) ?? record);
    },
  };
};

describe('A follower that reads from a copy of the log', () => {
  it('compares with the log itself, and so finds what the copy hides', async () => {
    const time = new ManualTime();
    const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
    const feed = broker.createFeed();
    const [issuers, stalenessMsMax] = [[anIssuer()], SCENE_BOUND_MS];
    const follower = createFollower({
      ...{ feed: behindACopy(feed), clock: time, schedule: time.schedule, prng: () => 0.5, issuers, stalenessMsMax },
    });
    broker.createLog('epoch-1');
    broker.publish(epochOpenedBody());
    follower.start();
    await time.until(() => follower.status().state === 'current');

    // Both are read, the first by way of the copy, since the live feed told of neither.
    feed.disconnect();
    revoke({ broker }, 'jti-lost');
    feed.reconnect();
    await time.until(() => follower.status().watermark === 2);
    feed.disconnect();
    broker.requiredLog().rollBackTo(1);
    revoke({ broker }, 'jti-new');
    feed.reconnect();

    await time.until(() => follower.status().counters.resyncs === 1, 5_000);
    await time.until(() => follower.status().state === 'current');
    for (const jti of ['jti-lost', 'jti-new']) {
      expect(decide(follower, tokenOf(jti), SCENE_BOUND_MS).kind).toBe('revoked');
    }
  });
});
