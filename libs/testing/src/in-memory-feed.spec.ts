import { describe, it } from '@jest/globals';
import { epochMs, type Schedule } from '@revocast/core';
import { describeFeedContract, type FeedWorld } from './feed-contract.js';
import { InMemoryBroker } from './in-memory-feed.js';

const realSchedule: Schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

const makeWorld = (): Promise<FeedWorld> => {
  const broker = new InMemoryBroker({ schedule: realSchedule, now: () => epochMs(Date.now()) });
  const feed = broker.createFeed();
  return Promise.resolve({
    feed,
    createLog: (epoch) => Promise.resolve(broker.createLog(epoch)),
    publish: (body) => Promise.resolve(placeOf(broker.publish(body))),
    publishForeign: () =>
      Promise.resolve(broker.place({ kind: 'foreign', identity: 'digest', why: 'unsigned' }).sequence),
    tick: (tick) => Promise.resolve(broker.tick(tick)).then(() => undefined),
    disconnect: () => {
      feed.disconnect();
      return Promise.resolve();
    },
    reconnect: () => {
      feed.reconnect();
      return Promise.resolve();
    },
    dispose: () => feed.close(),
  });
};

const placeOf = ({
  sequence,
  identity,
}: ReturnType<InMemoryBroker['publish']>): Awaited<ReturnType<FeedWorld['publish']>> => ({
  sequence,
  identity,
});

describeFeedContract('the in-memory feed', { describe, it, makeWorld });
