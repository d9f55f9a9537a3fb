import { describe, expect, it } from '@jest/globals';
import { AN_ISSUER, anIssuer } from '@revocast/testing';
import { aHeartbeat, BOUND_MS, EPOCH } from '../test/fleet-world.js';
import { HeardFleet } from '../test/heard-fleet.js';
import { type NodeState } from './fleet.js';
import { type Heartbeat } from './heartbeat.js';
import { settingsDigest } from './settings.js';
import { epochMs, sequence } from './units.js';

const DAY_MS = 86_400_000;

describe('a roster', () => {
  it('is not complete before the service has listened for the bound and a second', async () => {
    const world = new HeardFleet();
    world.view.listening();
    const ask = world.publish();
    world.acked(8);
    await world.time.advance(BOUND_MS + 999);
    world.acked(8);
    const complete = epochMs(world.time.wall() + 1);
    expect(ask()).toMatchObject({ state: 'propagating', applied: 8, rosterComplete: false, enforcedBy: complete });
    await world.time.advance(1);
    expect(ask()).toMatchObject({ state: 'enforced', rosterComplete: true });
  });

  it('grows from the first heartbeat on if nobody says since when the service listens', async () => {
    const world = new HeardFleet();
    await world.time.advance(BOUND_MS);
    world.acked(1);
    await world.time.advance(BOUND_MS + 1_000);
    world.acked(1);
    expect(world.publish()().state).toBe('enforced');
  });

  it('is incomplete again after the service was deaf, whatever still arrives', async () => {
    const world = await HeardFleet.listening();
    world.acked(1);
    expect(world.publish()().rosterComplete).toBe(true);
    world.view.deaf();
    world.acked(1);
    await world.time.advance(BOUND_MS);
    const ask = world.publish({ sequence: sequence(0) });
    expect(ask()).toMatchObject({ state: 'propagating', rosterComplete: false });
    expect(ask().enforcedBy).toBe(world.time.wall() + BOUND_MS + 1_000);
    world.view.listening();
    await world.time.advance(BOUND_MS + 1_000);
    expect(ask().rosterComplete).toBe(true);
  });

  it('counts with a bound that was allowed before, until it has listened for that long without a break', async () => {
    const over: number[] = [];
    const formerBoundMs = 3 * BOUND_MS;
    const world: HeardFleet = new HeardFleet({
      formerBoundMs,
      onFormerBoundOver: () => over.push(world.time.monotonic()),
    });
    world.view.listening();
    await world.time.advance(formerBoundMs);
    world.view.deaf();
    world.view.listening();
    world.acked(1);
    const listeningSince = world.time.monotonic();
    const ask = world.publish({ sequence: sequence(0) });
    expect(ask().enforcedBy).toBe(world.time.wall() + formerBoundMs + 1_000);
    await world.time.advance(formerBoundMs + 999);
    world.acked(1);
    expect(ask()).toMatchObject({ state: 'propagating', rosterComplete: false });
    expect(over).toEqual([]);
    await world.time.advance(1);
    expect(ask()).toMatchObject({ state: 'enforced', rosterComplete: true });
    world.publish()();
    expect(over).toEqual([listeningSince + formerBoundMs + 1_000]);
  });

  it('is complete from the start in a namespace that had no epoch yet', () => {
    const world = new HeardFleet();
    world.view.listening();
    world.view.noneCurrentYet();
    const ask = world.publish();
    world.acked(8);
    expect(ask()).toMatchObject({ state: 'enforced', nodes: 8, applied: 8 });
    world.view.deaf();
    world.view.listening();
    expect(world.publish({ sequence: sequence(0) })().state).toBe('propagating');
  });

  it('is not complete from the start for a service that did not listen then', () => {
    const world = new HeardFleet();
    world.view.noneCurrentYet();
    world.view.listening();
    world.acked(8);
    expect(world.publish()().state).toBe('propagating');
  });

  it('is complete at once if the expected nodes are the whole fleet and all are heard', async () => {
    const world = new HeardFleet({ expected: { payments: 2 }, expectedIsExact: true });
    world.acked(1);
    const ask = world.publish();
    expect(ask()).toMatchObject({ state: 'propagating', rosterComplete: false });
    await world.time.advance(1);
    world.acked(2);
    expect(ask().state).toBe('enforced');
  });

  it('is not complete because a least number of nodes is there', () => {
    const world = new HeardFleet({ expected: { payments: 2 } });
    world.acked(8);
    expect(world.publish()()).toMatchObject({ state: 'propagating', rosterComplete: false });
  });

  it('is not complete while more instances speak than can be noted', async () => {
    const world = await HeardFleet.listening();
    world.acked(10_001);
    expect(world.view.nodes()).toHaveLength(10_000);
    expect(world.publish()()).toMatchObject({ state: 'propagating', rosterComplete: false });
  });

  it('believes no acknowledgement that it learns to be of another record only after the heartbeat', async () => {
    const known: { identity?: string } = {};
    const world = await HeardFleet.listening({ identityAt: () => known.identity });
    world.acked(1);
    known.identity = 'another-record';
    expect(world.publish()()).toMatchObject({ state: 'propagating', applied: 0 });
  });
});

describe('the state of a node', () => {
  const declared = [anIssuer({ issuer: AN_ISSUER })];
  const covering = [{ ...aHeartbeat().issuers[0]!, settingsDigest: settingsDigest(declared[0]!) }];

  it.each<[NodeState, Partial<Heartbeat>]>([
    ['current', {}],
    ['current', { mode: 'bestEffort' }],
    ['current', { issuers: [] }],
    ['lagging', { state: 'stale' }],
    ['lagging', { watermark: sequence(4) }],
    ['lagging', { epoch: 'epoch-0' }],
    ['observing', { mode: 'observe' }],
    ['notCovering', { guarded: false }],
    ['notCovering', { issuers: aHeartbeat().issuers }],
    ['gone', { goodbye: true }],
  ])('is %s with %j', (state, parts) => {
    const world = new HeardFleet();
    world.view.heard(aHeartbeat({ issuers: covering, watermark: sequence(5), ...parts }));
    expect(world.state('node-1', { epoch: EPOCH, head: sequence(5), declared })).toBe(state);
  });

  it('is silent after 3 s, and presumed gone once its last proof must have run out', async () => {
    const world = new HeardFleet();
    world.heard(1);
    await world.time.advance(3_000);
    expect(world.state()).toBe('silent');
    await world.time.advance(BOUND_MS - 2_000);
    expect(world.state()).toBe('presumedGone');
    expect(world.view.nodes()[0]).toMatchObject({ silentMs: BOUND_MS + 1_000, lag: undefined });
  });

  it('says how far behind the head it is', () => {
    const world = new HeardFleet();
    world.heard(1, { watermark: sequence(2) });
    expect(world.view.nodes({ epoch: EPOCH, head: sequence(9) })[0]?.lag).toBe(7);
    expect(world.view.nodes({ epoch: 'epoch-2', head: sequence(9) })[0]?.lag).toBeUndefined();
  });
});

describe('a node that is presumed gone', () => {
  it('still counts as open for each new record: only its heartbeats may be lost', async () => {
    const world = await HeardFleet.listening();
    world.heard(2);
    await world.time.advance(5 * BOUND_MS);
    const ask = world.publish();
    world.acked(1);
    expect(ask()).toMatchObject({ state: 'propagating', silent: [{ node: 'node-2', presumedGone: true }] });
  });

  it('is not gone because its node id came back as another instance: only its heartbeats may be lost', async () => {
    const world = await HeardFleet.listening();
    world.view.heard(aHeartbeat({ instance: 'before' }));
    await world.time.advance(BOUND_MS + 1_000);
    const ask = world.publish();
    world.acked(1, { instance: 'after' });
    expect(ask()).toMatchObject({ state: 'propagating', silent: [{ instance: 'before', presumedGone: true }] });
    world.view.forget('node-1', 'before');
    expect(ask()).toMatchObject({ state: 'enforced', nodes: 1 });
  });

  it('is not gone because another process has the same node id', async () => {
    const world = await HeardFleet.listening();
    world.view.heard(aHeartbeat({ instance: 'one' }));
    await world.time.advance(100);
    world.view.heard(aHeartbeat({ instance: 'two' }));
    world.view.heard(aHeartbeat({ instance: 'one' }));
    await world.time.advance(BOUND_MS + 1_000);
    world.acked(1, { instance: 'two' });
    expect(world.publish()()).toMatchObject({ state: 'propagating', nodes: 2, applied: 1 });
  });

  it('is forgotten when an operator says so, or after a day', async () => {
    const world = await HeardFleet.listening();
    world.heard(2);
    expect(world.view.forget('node-1', 'i-1')).toBe(true);
    expect(world.view.forget('node-1', 'i-1')).toBe(false);
    expect(world.view.nodes().map(({ node }) => node)).toEqual(['node-2']);
    await world.time.advance(DAY_MS);
    expect(world.view.nodes()).toEqual([]);
  });
});
