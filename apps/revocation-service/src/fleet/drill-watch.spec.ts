import { describe, expect, it } from '@jest/globals';
import {
  type CanaryOutcome,
  epochMs,
  type FollowerNotice,
  monotonicMs,
  type NodeView,
  type Propagation,
  sequence,
} from '@revocast/core';
import { DRILL_MS_MAX, DrillWatch } from './drill-watch.js';

const START_MS = 1_800_000_000_000;

interface Shown {
  readonly outcome?: CanaryOutcome;
  readonly state?: NodeView['state'];
}

/** A fleet that shows what the test says. */
class FleetWorld {
  now = 0;
  nodesShown: readonly Shown[] = [];
  state: Propagation['state'] = 'enforced';
  #looks: () => void = () => undefined;
  readonly watch: DrillWatch;

  constructor(options: { lastAt?: number; acceptedAt?: number } = {}) {
    const { lastAt, acceptedAt } = options;
    this.watch = new DrillWatch({
      fleet: {
        nodes: () =>
          this.nodesShown.map(({ outcome, state = 'current' }) => ({
            state,
            ...(outcome && { canaries: [{ revocationId: 'r1', outcome }] }),
          })) as unknown as readonly NodeView[],
        propagation: () => ({ state: this.state }) as Propagation,
        onChange: (listener) => ((this.#looks = listener), () => true),
      },
      clock: { wall: () => epochMs(START_MS + this.now), monotonic: () => monotonicMs(this.now) },
      acceptedAt: () => (acceptedAt === undefined ? undefined : epochMs(START_MS + acceptedAt)),
      lastAt: lastAt === undefined ? undefined : epochMs(START_MS + lastAt),
    });
    this.watch.start();
  }

  canary({ jti = 'revocast-canary-1', replayed = false } = {}): void {
    const revocations = [{ id: 'r1', key: { scope: 'token', jti } }];
    const notice = {
      kind: 'applied',
      sequence: sequence(1),
      replayed,
      body: { kind: 'revoked', issuer: 'i', revocations },
    };
    this.watch.applied(notice as unknown as Extract<FollowerNotice, { kind: 'applied' }>, 'e1');
  }

  look(atMs: number, ...shown: readonly Shown[]): string {
    this.now = atMs;
    this.nodesShown = shown;
    this.#looks();
    return this.watch.reading().result;
  }
}

const refused: Shown = { outcome: 'refused' };

describe('a drill that the service watches', () => {
  it('passes when it is enforced and every node that is there refused, and tells how long that took', () => {
    const world = new FleetWorld();
    expect(world.watch.reading()).toEqual({ result: 'none', ageMs: undefined, tookMs: undefined });
    world.canary();
    expect(world.look(5, refused, {})).toBe('none');
    expect(world.look(12, refused, refused, { state: 'gone' }, { state: 'presumedGone' })).toBe('passed');
    world.now = 1_000;
    expect(world.watch.reading()).toEqual({ result: 'passed', ageMs: 1_000, tookMs: 12 });
  });

  it.each<[string, readonly Shown[], Propagation['state']]>([
    ['a node shows nothing', [refused, {}], 'enforced'],
    ['a node is silent', [refused, { state: 'silent' }], 'enforced'],
    ['a node could show nothing', [refused, { outcome: 'unproven' }], 'enforced'],
    ['there is no node', [], 'noNodes'],
    ['a node enforces nothing', [refused], 'enforcedExcept'],
  ])('fails when its time is over and %s', (_, shown, state) => {
    const world = new FleetWorld();
    world.state = state;
    world.canary();
    expect(world.look(DRILL_MS_MAX - 1, ...shown)).toBe('none');
    expect(world.look(DRILL_MS_MAX, ...shown)).toBe('failed');
    expect(world.watch.reading().tookMs).toBeUndefined();
  });

  it('fails at once when a node let the canary pass', () => {
    const world = new FleetWorld();
    world.canary();
    expect(world.look(5, refused, { outcome: 'accepted' })).toBe('failed');
  });

  it('is none for other tokens, for what is read again, and for what is published again', () => {
    const world = new FleetWorld({ lastAt: -90_000 });
    world.canary({ jti: 'a-token' });
    world.canary({ replayed: true });
    const again = new FleetWorld({ acceptedAt: -DRILL_MS_MAX - 1 });
    again.canary();
    for (const one of [world, again]) expect(one.look(DRILL_MS_MAX)).toBe('none');
    expect(world.watch.reading().ageMs).toBe(90_000 + DRILL_MS_MAX);
  });

  it('holds no more than it may, and what is given up has failed', () => {
    const world = new FleetWorld();
    for (let each = 0; each < 65; each++) world.canary();
    expect(world.watch.reading().result).toBe('failed');
  });
});
