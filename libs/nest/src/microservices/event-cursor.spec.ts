import { describe, expect, it } from '@jest/globals';
import { createFollower, sequence } from '@revocast/core';
import {
  anIssuer,
  aRevocation,
  epochOpenedBody,
  InMemoryBroker,
  liftedBody,
  ManualTime,
  revokedBody,
} from '@revocast/testing';
import { EVENT_BATCH_MAX, EventCursor, type EventStart } from './event-cursor.js';
import { type RevocationEvent } from './events.js';

const openEpoch = (broker: InMemoryBroker, epoch: string): void => {
  broker.createLog(epoch);
  broker.publish(epochOpenedBody());
};

/** A follower of a broker, and cursors on what it follows. */
function aWorld() {
  const time = new ManualTime();
  const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
  const feed = broker.createFeed();
  const issuers = [anIssuer()];
  const follower = createFollower({ feed, clock: time, schedule: time.schedule, prng: () => 0.5, issuers });
  follower.start();
  const source = { status: () => follower.status(), on: follower.on.bind(follower), log: feed };
  const aCursor = (since: EventStart, deliver?: (event: RevocationEvent) => Promise<void>) => {
    const events: RevocationEvent[] = [];
    const errors: unknown[] = [];
    const cursor = new EventCursor({
      ...{ source, since, schedule: time.schedule },
      deliver: async (event) => {
        await deliver?.(event);
        events.push(event);
      },
      onError: (error) => errors.push(error),
    });
    cursor.start();
    return { cursor, events, errors, types: () => events.map(nameOf) };
  };
  const isCurrent = () => time.until(() => follower.status().state === 'current');
  return { time, broker, feed, follower, aCursor, isCurrent };
}

/** Short names, so that whole histories can be compared: the id of the revocation, or why to look at everything anew. */
const nameOf = (event: RevocationEvent): string =>
  event.type === 'resync' ? `resync ${event.because}` : `${event.type} ${event.id}`;

const revocationOf = (id: string) => aRevocation({ id });

describe('a cursor over the log', () => {
  it('delivers what is published from now on, one event per revocation and lift, in order', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    broker.publish(revokedBody(revocationOf('before')));
    await isCurrent();
    const { types } = aCursor('now');
    await time.advance(0);
    broker.publish(revokedBody(revocationOf('a'), revocationOf('b')));
    broker.publish(liftedBody(revocationOf('a')));
    broker.publish(revokedBody(aRevocation({ id: 'c', scope: 'device' })));
    await time.advance(100);
    expect(types()).toEqual(['subject.revoked a', 'subject.revoked b', 'subject.lifted a', 'device.revoked c']);
  });

  it('tells of each event where it stands, what it means and when it was made', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    await isCurrent();
    const { events } = aCursor('start');
    const revocation = aRevocation({ id: 'a', effect: { kind: 'suspended' } });
    broker.publish({ ...revokedBody(revocation), reasonCode: 'lost_device' });
    await time.advance(100);
    const { issuer, key, effect } = revocation;
    expect(events).toEqual([
      {
        ...{ type: 'subject.revoked', epoch: 'epoch-1', sequence: 2, time: time.wall() - 100 },
        ...{ id: 'a', issuer, scope: 'subject', key, effect, reasonCode: 'lost_device' },
      },
    ]);
  });

  it('begins with the oldest record, also while the log is longer than one batch', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    const ids = Array.from({ length: 2 * EVENT_BATCH_MAX + 3 }, (_, index) => `r${index}`);
    for (const id of ids) broker.publish(revokedBody(revocationOf(id)));
    await isCurrent();
    const { events, types } = aCursor('start');
    await time.until(() => events.length >= ids.length);
    expect(types()).toEqual(ids.map((id) => `subject.revoked ${id}`));
  });

  it('goes on after the position of an earlier run', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    for (const id of ['a', 'b', 'c']) broker.publish(revokedBody(revocationOf(id)));
    await isCurrent();
    const { types } = aCursor({ epoch: 'epoch-1', sequence: sequence(3) });
    await time.advance(0);
    expect(types()).toEqual(['subject.revoked c']);
  });

  it('asks for a resync and delivers the whole log when the position is of another epoch', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-2');
    broker.publish(revokedBody(revocationOf('a')));
    await isCurrent();
    const { types } = aCursor({ epoch: 'epoch-1', sequence: sequence(900) });
    await time.advance(0);
    expect(types()).toEqual(['resync logReplaced', 'subject.revoked a']);
  });

  it.each([
    ['recreated', (broker: InMemoryBroker) => openEpoch(broker, 'epoch-1')],
    ['replaced by another epoch', (broker: InMemoryBroker) => openEpoch(broker, 'epoch-2')],
    ['rolled back', (broker: InMemoryBroker) => broker.requiredLog().rollBackTo(1)],
  ])('asks for a resync when the log is %s, and delivers what is there again', async (_how, replace) => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    await isCurrent();
    const { types } = aCursor('now');
    await time.advance(0);
    broker.publish(revokedBody(revocationOf('a')));
    broker.publish(revokedBody(revocationOf('b')));
    await time.advance(100);
    replace(broker);
    broker.publish(revokedBody(revocationOf('c')));
    await time.until(() => types().at(-1) === 'subject.revoked c', 600_000);
    expect(types().slice(0, 3)).toEqual(['subject.revoked a', 'subject.revoked b', 'resync logReplaced']);
  });

  it('asks for a resync when records aged out before it came to them', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    for (const id of ['a', 'b', 'c']) broker.publish(revokedBody(revocationOf(id)));
    await isCurrent();
    broker.requiredLog().ageOut(4);
    const late = aCursor({ epoch: 'epoch-1', sequence: sequence(1) });
    const fromStart = aCursor('start');
    await time.advance(0);
    expect(late.types()).toEqual(['resync agedOut', 'subject.revoked c']);
    expect(fromStart.types()).toEqual(['subject.revoked c']);
  });

  it('never waits in the follower: a slow handler holds up neither the watermark nor, once done, the order', async () => {
    const { time, broker, follower, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    await isCurrent();
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    const { types } = aCursor('start', () => slow);
    for (const id of ['a', 'b', 'c']) broker.publish(revokedBody(revocationOf(id)));
    await time.advance(5_000);
    expect([follower.status().watermark, types()]).toEqual([4, []]);
    release();
    await time.advance(0);
    expect(types()).toEqual(['subject.revoked a', 'subject.revoked b', 'subject.revoked c']);
  });

  it('passes over what nobody of ours signed, and asks for a resync where a record of ours cannot be read', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    await isCurrent();
    const { events } = aCursor('start');
    broker.place({ kind: 'foreign', identity: 'x', why: 'unsigned' });
    broker.place({ kind: 'unreadable', identity: 'y', issuer: 'https://issuer.example', why: 'majorVersion' });
    broker.place({ kind: 'unreadable', identity: 'z', issuer: undefined, why: 'malformed' });
    // Neither takes effect on an index, so nothing tells the cursor at once.
    await time.advance(1_000);
    expect(events).toEqual([
      { type: 'resync', because: 'unreadable', issuer: 'https://issuer.example' },
      { type: 'resync', because: 'unreadable' },
    ]);
  });

  it('tries again when the log cannot be read, and loses nothing', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    await isCurrent();
    const { types, errors } = aCursor('start');
    broker.faults = { refuses: (ask) => ask === 'read' };
    broker.publish(revokedBody(revocationOf('a')));
    await time.advance(5_000);
    expect([types(), errors.length > 1]).toEqual([[], true]);
    broker.faults = {};
    await time.advance(2_000);
    expect(types()).toEqual(['subject.revoked a']);
  });

  it('sleeps through nothing that happens just as it finds nothing to do', async () => {
    const record = { kind: 'record', identity: 'x', epoch: 'e', time: 0, body: revokedBody(revocationOf('a')) };
    let [looks, watermark, tell] = [0, 0, (): void => undefined];
    const applied = () => {
      watermark = 1;
      tell();
    };
    const source = {
      status: () => {
        // The second look is the one at the watermark, and right after it the record takes effect.
        looks += 1;
        if (looks === 2) queueMicrotask(applied);
        return { log: { name: 'l', epoch: 'e', created: 'c' }, epoch: 'e', watermark, counters: { resyncs: 0 } };
      },
      on: (listener: () => void) => (tell = listener),
      log: { read: () => Promise.resolve([{ ...record, sequence: 1 }]) },
    };
    const neverAgain = () => () => undefined;
    const delivered = new Promise<RevocationEvent>((resolve, onError) => {
      const deliver = (event: RevocationEvent) => {
        resolve(event);
        return Promise.resolve();
      };
      new EventCursor({ source: source as never, since: 'start', deliver, onError, schedule: neverAgain }).start();
    });
    expect(nameOf(await delivered)).toBe('subject.revoked a');
  });

  it('begins as soon as there is a log', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    const { types, errors } = aCursor('start');
    await time.advance(3_000);
    openEpoch(broker, 'epoch-1');
    broker.publish(revokedBody(revocationOf('a')));
    await isCurrent();
    await time.advance(2_000);
    expect([types(), errors]).toEqual([['subject.revoked a'], []]);
  });

  it('delivers nothing more once it is closed, and closes when the event in hand is done', async () => {
    const { time, broker, aCursor, isCurrent } = aWorld();
    openEpoch(broker, 'epoch-1');
    await isCurrent();
    let release: () => void = () => undefined;
    const { cursor, types } = aCursor('start', () => new Promise((resolve) => (release = resolve)));
    broker.publish(revokedBody(revocationOf('a'), revocationOf('b')));
    await time.advance(100);
    const closing = cursor.close();
    release();
    await closing;
    expect(types()).toEqual(['subject.revoked a']);
  });
});
