import { describe, expect, it } from '@jest/globals';
import { aHeartbeat, aQuery, BOUND_MS, EPOCH } from '../test/fleet-world.js';
import { HeardFleet } from '../test/heard-fleet.js';
import { type Heartbeat } from './heartbeat.js';
import { type Propagation } from './propagation.js';
import { epochMs, sequence } from './units.js';

const DAY_MS = 86_400_000;

const openNames = (nodes: Propagation['silent']): string[] => nodes.map(({ node }) => node);

describe('a fleet whose nodes are all known', () => {
  it('enforces as soon as eight of eight acknowledge, and says how long the slowest took', async () => {
    const world = await HeardFleet.listening();
    world.heard(8);
    const ask = world.publish();
    await world.time.advance(5);
    world.acked(7);
    expect(ask()).toMatchObject({ state: 'propagating', nodes: 8, applied: 7 });
    expect(openNames(ask().lagging)).toEqual(['node-8']);
    await world.time.advance(7);
    world.acked(8);
    expect(ask()).toMatchObject({ state: 'enforced', nodes: 8, applied: 8, silent: [], notCounted: [], slowestMs: 12 });
    expect(ask().enforcedAt).toBe(world.time.wall());
  });

  it('enforces nothing while no node is known, however long that has been so', async () => {
    const world = await HeardFleet.listening();
    expect(world.publish()()).toMatchObject({ state: 'noNodes', nodes: 0, applied: 0 });
    expect(world.publish()()).not.toHaveProperty('enforcedBy');
  });

  it('shows a killed node as silent after 3 s, and until when it counts as open', async () => {
    const world = await HeardFleet.listening();
    world.heard(8);
    const ask = world.publish();
    await world.time.advance(2_999);
    world.acked(7);
    expect(openNames(ask().silent)).toEqual([]);
    await world.time.advance(1);
    const openUntil = epochMs(world.time.wall() - 3_000 + BOUND_MS + 1_000);
    expect(ask()).toMatchObject({ state: 'propagating', nodes: 8, applied: 7, enforcedBy: openUntil, lagging: [] });
    expect(ask().silent).toEqual([
      {
        ...{ node: 'node-8', instance: 'i-8', service: 'payments', presumedGone: false },
        ...{ lastHeardAt: world.time.wall() - 3_000, openUntil },
      },
    ]);
  });

  it('enforces without the silent one from PubAck, bound and a second on, not a millisecond before', async () => {
    const world = await HeardFleet.listening();
    world.heard(2);
    // When it was last heard plays no part.
    await world.time.advance(9_000);
    const ask = world.publish();
    world.acked(1);
    await world.time.advance(BOUND_MS + 999);
    expect(ask().state).toBe('propagating');
    await world.time.advance(1);
    expect(ask()).toMatchObject({ state: 'enforced', nodes: 2, applied: 1, enforcedAt: world.time.wall() });
  });

  it('waits for the largest bound in force, also if a node has a larger one than allowed', async () => {
    const world = await HeardFleet.listening();
    world.heard(2, { stalenessMsMax: 3 * BOUND_MS });
    const ask = world.publish();
    world.acked(1, { stalenessMsMax: 3 * BOUND_MS });
    expect(ask().enforcedBy).toBe(world.time.wall() + 3 * BOUND_MS + 1_000);
  });

  it('does not take back what it proved when a node joins later', async () => {
    const world = await HeardFleet.listening();
    world.heard(1);
    const ask = world.publish();
    world.acked(1);
    const proven = ask();
    world.view.heard(aHeartbeat({ node: 'late', instance: 'i-9', state: 'connecting', epoch: undefined }));
    expect(ask()).toEqual(proven);
    expect(world.publish({ sequence: sequence(2) })()).toMatchObject({ state: 'propagating', nodes: 2 });
  });

  it('proves nothing by a wall clock that was set forward', async () => {
    const world = await HeardFleet.listening();
    world.heard(1);
    const ask = world.publish({ pubAckMonotonic: world.time.monotonic() });
    world.time.stepWall(DAY_MS);
    expect(ask().state).toBe('propagating');
    await world.time.advance(BOUND_MS + 1_000);
    expect(ask().state).toBe('enforced');
  });

  it('waits no longer because a wall clock was set back', async () => {
    const world = await HeardFleet.listening();
    world.heard(1);
    const ask = world.publish();
    world.time.stepWall(-DAY_MS);
    await world.time.advance(BOUND_MS + 1_000);
    expect(ask().state).toBe('enforced');
  });

  it('reckons from when it first hears of a record whose PubAck another process heard, whatever that one says of it', async () => {
    const world = await HeardFleet.listening();
    world.heard(1);
    const longAgo = { pubAckAt: epochMs(world.time.wall() - DAY_MS) };
    const ask = (at: number) => world.view.propagation(aQuery({ ...longAgo, sequence: sequence(at) })).state;
    expect(ask(5)).toBe('propagating');
    await world.time.advance(BOUND_MS + 999);
    expect(ask(5)).toBe('propagating');
    await world.time.advance(1);
    // What stands before it in the log is older still; what stands after it may be new.
    expect([ask(5), ask(4), ask(6)]).toEqual(['enforced', 'enforced', 'propagating']);
  });

  it('names who applied the record, the slowest first, and when', async () => {
    const world = await HeardFleet.listening();
    world.heard(2);
    const ask = world.publish();
    await world.time.advance(10);
    world.view.heard(aHeartbeat({ node: 'node-2', instance: 'i-2', watermark: sequence(1), identity: 'record-1' }));
    await world.time.advance(10);
    world.acked(3);
    expect(ask().appliedNodes).toEqual([
      { node: 'node-1', instance: 'i-1', service: 'payments', appliedAt: world.time.wall(), afterMs: 20 },
      { node: 'node-2', instance: 'i-2', service: 'payments', appliedAt: world.time.wall() - 10, afterMs: 10 },
      { node: 'node-3', instance: 'i-3', service: 'payments', appliedAt: world.time.wall() },
    ]);
  });

  it('proves nothing in a log that lost records, and takes back what was proven of a sequence that is given out again', async () => {
    let lost = false;
    const world = await HeardFleet.listening({ hasLostRecords: () => lost });
    const ask = world.publish();
    world.acked(1);
    expect(ask().state).toBe('enforced');
    lost = true;
    expect(ask()).toMatchObject({ state: 'propagating', applied: 0 });
    await world.time.advance(5 * BOUND_MS);
    expect(ask().state).toBe('propagating');
  });
});

describe('an acknowledgement', () => {
  it.each<[string, Partial<Heartbeat>]>([
    ['of another epoch', { epoch: 'epoch-0' }],
    ['without an epoch', { epoch: undefined }],
    ['below the sequence', { watermark: sequence(0) }],
    ['without an identity', { identity: undefined }],
    ['of another record at that sequence', { identity: 'record-x' }],
  ])('does not count when it is %s', async (_what, parts) => {
    const identityAt = (epoch: string, at: number): string | undefined =>
      epoch === EPOCH && at === 1 ? 'record-1' : undefined;
    const world = await HeardFleet.listening({ identityAt });
    const ask = world.publish();
    world.acked(1, parts);
    expect(ask()).toMatchObject({ state: 'propagating', nodes: 1, applied: 0 });
    world.acked(1);
    expect(ask()).toMatchObject({ state: 'enforced', applied: 1 });
  });

  it('does not count for a record where the node had read another one before: only time closes it', async () => {
    const world = await HeardFleet.listening();
    world.acked(2, { watermark: sequence(3) });
    const [disowned, later, elsewhere] = [2, 3, 2].map((at) => world.publish({ sequence: sequence(at) }));
    world.view.disown('epoch-0', sequence(3));
    expect(later?.().state).toBe('enforced');
    world.view.disown(EPOCH, sequence(2));
    expect(disowned?.()).toMatchObject({ state: 'propagating', applied: 0, appliedNodes: [] });
    await world.time.advance(BOUND_MS + 1_000);
    expect(elsewhere?.()).toMatchObject({ state: 'enforced', applied: 0 });
  });

  it('counts for all records up to the watermark, each with its own time', async () => {
    const world = await HeardFleet.listening();
    world.heard(1);
    const first = world.publish();
    const second = world.publish({ sequence: sequence(2) });
    await world.time.advance(10);
    world.acked(1);
    await world.time.advance(10);
    world.acked(1, { watermark: sequence(5) });
    expect([first().slowestMs, second().slowestMs]).toEqual([10, 20]);
  });

  it('tells no time when the node came with it', async () => {
    const world = await HeardFleet.listening();
    const ask = world.publish();
    await world.time.advance(1_000);
    world.acked(1);
    expect(ask()).toMatchObject({ state: 'enforced', enforcedAt: world.time.wall() });
    expect(ask()).not.toHaveProperty('slowestMs');
  });

  it('is forgotten with the node that goes back below it', async () => {
    const world = await HeardFleet.listening();
    const ask = world.publish();
    world.acked(2);
    world.heard(1);
    expect(ask()).toMatchObject({ state: 'propagating', applied: 1 });
  });

  it('still tells its latest possible time after hundreds of others', async () => {
    const world = await HeardFleet.listening();
    world.heard(1);
    const ask = world.publish();
    for (let at = 1; at <= 400; at++) {
      await world.time.advance(1);
      world.acked(1, { watermark: sequence(at) });
    }
    expect(ask()).not.toHaveProperty('slowestMs');
    expect(ask().enforcedAt).toBeLessThan(world.time.wall());
  });
});

describe('nodes that do not count', () => {
  it.each<[string, Partial<Heartbeat>]>([
    ['bestEffort', { mode: 'bestEffort' }],
    ['observe', { mode: 'observe' }],
    ['notGuarded', { guarded: false }],
    ['issuer', { issuers: [] }],
    ['settings', { issuers: [{ ...aHeartbeat().issuers[0]!, settingsDigest: 'other' }] }],
    ['scope', { issuers: [{ ...aHeartbeat().issuers[0]!, scopes: ['session'] }] }],
  ])('are named with the reason: %s', async (why, parts) => {
    const world = await HeardFleet.listening();
    const ask = world.publish();
    world.acked(1);
    world.view.heard(aHeartbeat({ node: 'other', instance: 'i-9', watermark: sequence(1), ...parts }));
    const notCounted = [{ node: 'other', instance: 'i-9', service: 'payments', why }];
    expect(ask()).toMatchObject({ state: 'enforcedExcept', nodes: 1, applied: 1, notCounted });
  });

  it('are no fleet by themselves', async () => {
    const world = await HeardFleet.listening();
    world.acked(3, { mode: 'observe' });
    expect(world.publish()()).toMatchObject({ state: 'noNodes', nodes: 0, notCounted: [{}, {}, {}] });
  });
});

describe('a node that says goodbye', () => {
  it('is closed at once', async () => {
    const world = await HeardFleet.listening();
    world.heard(2);
    const ask = world.publish();
    world.acked(1);
    world.view.heard(aHeartbeat({ node: 'node-2', instance: 'i-2', goodbye: true }));
    expect(ask()).toMatchObject({ state: 'enforced', nodes: 1, applied: 1 });
    expect(world.state('node-2')).toBe('gone');
  });

  it('counts again if it speaks again', async () => {
    const world = await HeardFleet.listening();
    world.view.heard(aHeartbeat({ goodbye: true }));
    world.view.heard(aHeartbeat());
    expect(world.publish()()).toMatchObject({ state: 'propagating', nodes: 1 });
  });

  it('is shown for an hour', async () => {
    const world = await HeardFleet.listening();
    world.view.heard(aHeartbeat({ goodbye: true }));
    await world.time.advance(3_599_999);
    expect(world.state()).toBe('gone');
    await world.time.advance(1);
    expect(world.state()).toBeUndefined();
  });
});

describe('expected services', () => {
  it('that are not there are listed as missing, and the fleet is not whole', async () => {
    const world = await HeardFleet.listening({ expected: { payments: 2, orders: 1 } });
    const ask = world.publish();
    world.acked(1);
    expect(ask()).toMatchObject({ state: 'enforcedExcept', nodes: 1, applied: 1 });
    expect(ask().services).toEqual([
      { service: 'orders', nodes: 0, applied: 0, expected: 1, missing: 1 },
      { service: 'payments', nodes: 1, applied: 1, expected: 2, missing: 1 },
    ]);
  });

  it('are not missing while one of them is silent: its proof runs out, and then all of them refuse', async () => {
    const world = await HeardFleet.listening({ expected: { payments: 2 } });
    world.heard(2);
    const ask = world.publish();
    world.acked(1);
    await world.time.advance(BOUND_MS + 1_000);
    world.acked(1);
    expect(ask()).toMatchObject({ state: 'enforced', nodes: 2, applied: 1, silent: [{ node: 'node-2' }] });
    expect(ask().services).toMatchObject([{ service: 'payments', expected: 2, missing: 0 }]);
  });

  it('that are all there leave nothing to be named', async () => {
    const world = await HeardFleet.listening({ expected: { payments: 2 } });
    const ask = world.publish();
    world.acked(3);
    expect(ask()).toMatchObject({
      ...{ state: 'enforced', services: [{ service: 'payments', nodes: 3, applied: 3, expected: 2, missing: 0 }] },
    });
  });
});

describe('many questions at once', () => {
  it('are answered as one by one, where the answer is a proof', async () => {
    const world = await HeardFleet.listening();
    world.heard(3, { watermark: sequence(4), identity: 'record-4' });
    world.heard(1, { watermark: sequence(2), identity: 'record-2' });
    const pubAck = { pubAckAt: world.time.wall(), pubAckMonotonic: world.time.monotonic() };
    const queries = [1, 2, 3, 4, 5].map((at) => aQuery({ ...pubAck, sequence: sequence(at) }));
    const expectAlike = (): void => {
      const single = queries.map((query) => world.view.propagation(query));
      const proven = single.map((answer) => (answer.state === 'enforced' ? answer : undefined));
      expect(world.view.proven(queries)).toEqual(proven);
    };
    const states = (): readonly (string | undefined)[] => world.view.proven(queries).map((answer) => answer?.state);
    expect(states()).toEqual(['enforced', 'enforced', undefined, undefined, undefined]);
    expectAlike();
    await world.time.advance(BOUND_MS + 1_000);
    expect(new Set(states())).toEqual(new Set(['enforced']));
    expectAlike();
  });

  it('find no proof while the roster is incomplete, in a log that lost records, or without nodes', async () => {
    const fresh = new HeardFleet();
    fresh.view.listening();
    fresh.acked(1);
    expect(fresh.view.proven([aQuery()])).toEqual([undefined]);
    const lossy = await HeardFleet.listening({ hasLostRecords: () => true });
    lossy.acked(1);
    expect(lossy.view.proven([aQuery()])).toEqual([undefined]);
    expect((await HeardFleet.listening()).view.proven([aQuery()])).toEqual([undefined]);
  });
});
