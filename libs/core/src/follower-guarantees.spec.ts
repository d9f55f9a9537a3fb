import { afterEach, describe, expect, it } from '@jest/globals';
import { brokenGuarantees, GUARANTEES, type GuaranteeName, playRandomRun } from '@revocast/testing';
import fc from 'fast-check';
import { Asks } from './asks.js';
import { FollowerMachine } from './follower-machine.js';
import { LastProof } from './freshness.js';
import { IdentityChecks } from './identity-checks.js';
import { LogCursor } from './log-cursor.js';
import { LogProgress } from './log-progress.js';
import { createIndex } from './compact-index.js';
import { type IndexFactory } from './record-applier.js';
import { type RevocationIndex } from './revocation-index.js';
import { type Instant } from './clock.js';
import { sequence } from './units.js';

const RUNS = 25;
const SEEDS_MAX = 100;
const TIMEOUT_MS = 60_000;

const undo: (() => void)[] = [];

/** Replaces a method or getter of a class until the test is over. */
const replace = <Target extends object>(target: Target, name: keyof Target, descriptor: PropertyDescriptor): void => {
  const before = Object.getOwnPropertyDescriptor(target, name);
  if (before === undefined) throw new Error(`nothing called ${String(name)} to replace`);
  undo.push(() => Object.defineProperty(target, name, before));
  Object.defineProperty(target, name, { ...before, ...descriptor });
};

/** The instant of the step that a follower is in. */
const watchSteps = (onStep: (machine: FollowerMachine, event: { kind: string }, now: Instant) => void): void => {
  const original = Object.getOwnPropertyDescriptor(FollowerMachine.prototype, 'step')?.value as FollowerMachine['step'];
  replace(FollowerMachine.prototype, 'step', {
    value(this: FollowerMachine, ...[event, now]: Parameters<FollowerMachine['step']>) {
      onStep(this, event, now);
      return original.call(this, event, now);
    },
  });
};

interface Mutant {
  readonly what: string;
  readonly breaks: GuaranteeName;
  /** Spoils the follower; answers an index for it, where that is what is spoilt. */
  readonly spoil: () => IndexFactory | undefined;
}

/** An index of which some part is done differently. */
const indexWith =
  (change: (index: RevocationIndex) => Partial<RevocationIndex>): IndexFactory =>
  (options) => {
    const index = createIndex(options);
    const same: RevocationIndex = {
      apply: (revocation) => index.apply(revocation),
      lift: (lift) => index.lift(lift),
      find: (...asked) => index.find(...asked),
      reclaim: (...asked) => index.reclaim(...asked),
      size: (now) => index.size(now),
      image: () => index.image(),
      readImage: () => index.readImage(),
    };
    return { ...same, ...change(index) };
  };

const MUTANTS: readonly Mutant[] = [
  {
    what: 'whose index loses one revocation in five',
    breaks: 'sound',
    spoil: () => {
      let applied = 0;
      return indexWith((index) => ({ apply: (revocation) => (applied += 1) % 5 !== 0 && index.apply(revocation) }));
    },
  },
  {
    what: 'that takes the highest sequence it saw as its watermark',
    breaks: 'complete',
    spoil: () => {
      replace(LogProgress.prototype, 'mark', {
        value(this: LogProgress, ...[at]: Parameters<LogProgress['mark']>) {
          this.skipBefore(sequence(at + 1));
          return true;
        },
      });
      return undefined;
    },
  },
  {
    what: 'that takes the last record it saw as its watermark',
    breaks: 'ordered',
    spoil: () => {
      const last = new WeakMap<LogProgress, number>();
      const mark = Object.getOwnPropertyDescriptor(LogProgress.prototype, 'mark')?.value as LogProgress['mark'];
      replace(LogProgress.prototype, 'mark', {
        value(this: LogProgress, ...[at]: Parameters<LogProgress['mark']>) {
          last.set(this, at);
          return mark.call(this, at);
        },
      });
      replace(LogProgress.prototype, 'watermark', {
        get(this: LogProgress) {
          return last.get(this) ?? 0;
        },
      });
      return undefined;
    },
  },
  {
    what: 'that measures staleness by the monotonic clock alone',
    breaks: 'honest',
    spoil: () => {
      const proven = new WeakMap<LastProof, Instant>();
      replace(LastProof.prototype, 'prove', {
        value(this: LastProof, at: Instant) {
          proven.set(this, at);
        },
      });
      replace(LastProof.prototype, 'ever', { get: () => true });
      replace(LastProof.prototype, 'exists', { get: () => true });
      replace(LastProof.prototype, 'isDoubtful', { value: () => false });
      replace(LastProof.prototype, 'stalenessMs', {
        value(this: LastProof, now: Instant) {
          return now.monotonic - (proven.get(this)?.monotonic ?? Number.NEGATIVE_INFINITY);
        },
      });
      return undefined;
    },
  },
  {
    what: 'that lets ticks renew its freshness',
    breaks: 'honest',
    spoil: () => {
      watchSteps((machine, event, now) => {
        if (event.kind === 'tick' && machine.proof.exists) machine.proof.prove(now);
      });
      return undefined;
    },
  },
  {
    what: 'that dates a proof by the arrival of the answer',
    breaks: 'fresh',
    spoil: () => {
      let arrived: Instant | undefined;
      watchSteps((_machine, _event, now) => (arrived = now));
      const head = Object.getOwnPropertyDescriptor(LogCursor.prototype, 'head')?.value as LogCursor['head'];
      replace(LogCursor.prototype, 'head', {
        value(this: LogCursor, ...[answer, askedAt, believed]: Parameters<LogCursor['head']>) {
          return head.call(this, answer, arrived ?? askedAt, believed);
        },
      });
      return undefined;
    },
  },
  {
    what: 'that trusts a log which lost records',
    breaks: 'fresh',
    spoil: () => {
      replace(LogCursor.prototype, 'compare', {
        value(this: LogCursor) {
          return true;
        },
      });
      replace(IdentityChecks.prototype, 'sawConflict', { value: () => undefined });
      return undefined;
    },
  },
  {
    what: 'that applies whatever arrives, as often as it arrives',
    breaks: 'idempotent',
    spoil: () => {
      replace(LogProgress.prototype, 'has', { value: () => false });
      return undefined;
    },
  },
  {
    what: 'that never reads what it missed',
    breaks: 'resumable',
    spoil: () => {
      replace(LogProgress.prototype, 'nextMissing', { value: () => undefined });
      return undefined;
    },
  },
  {
    what: 'that takes a lift for the deletion of what it has',
    breaks: 'convergent',
    spoil: () =>
      indexWith((index) => {
        const applied = new Set<string>();
        return {
          apply: (revocation) => {
            applied.add(revocation.id);
            index.apply(revocation);
          },
          lift: (lift) => {
            if (applied.has(lift.id)) index.lift(lift);
          },
        };
      }),
  },
  {
    what: 'that does not count what it already reads',
    breaks: 'bounded',
    spoil: () => {
      replace(Asks.prototype, 'reading', { value: () => [] });
      return undefined;
    },
  },
  {
    what: 'that gives up when it is refused once',
    breaks: 'live',
    spoil: () => {
      replace(Asks.prototype, 'refused', {
        value(this: Asks, ...[kind, now]: Parameters<Asks['refused']>) {
          this.delay(kind, now, Number.POSITIVE_INFINITY);
        },
      });
      return undefined;
    },
  },
  {
    what: 'that begins anew when the log is replaced',
    breaks: 'neverForgets',
    spoil: () => {
      const seen = new WeakSet<LogCursor>();
      let forget = (): void => undefined;
      const belief = Object.getOwnPropertyDescriptor(LogCursor.prototype, 'belief');
      replace(LogCursor.prototype, 'belief', {
        get(this: LogCursor) {
          if (!seen.has(this)) forget();
          seen.add(this);
          return belief?.get?.call(this) as unknown;
        },
      });
      return (options) => {
        let index = createIndex(options);
        forget = (): void => {
          index = createIndex(options);
        };
        return indexWith(() => ({
          apply: (revocation) => index.apply(revocation),
          lift: (lift) => index.lift(lift),
          find: (...asked) => index.find(...asked),
        }))(options);
      };
    },
  },
];

/** The first seed whose run breaks the guarantee. */
const seedThatBreaks = async ({ breaks, spoil }: Mutant): Promise<number | undefined> => {
  const spoilt = spoil();
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const history = await playRandomRun({
      seed,
      alter: (options) => (spoilt === undefined ? options : { ...options, createIndex: spoilt }),
    });
    if (GUARANTEES[breaks](history).length > 0) return seed;
  }
  return undefined;
};

describe('A follower', () => {
  afterEach(() => {
    for (const restore of undo.splice(0).reverse()) restore();
  });

  it(
    'keeps every guarantee, whatever happens to it, its broker and its clocks',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (seed) => {
          expect(brokenGuarantees(await playRandomRun({ seed }))).toEqual({});
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  it.each(MUTANTS)(
    '$what breaks the guarantee "$breaks"',
    async (mutant) => {
      expect(await seedThatBreaks(mutant)).toEqual(expect.any(Number));
    },
    TIMEOUT_MS,
  );

  it('has a mutant for every guarantee', () => {
    expect(new Set(MUTANTS.map(({ breaks }) => breaks))).toEqual(new Set(Object.keys(GUARANTEES)));
  });
});
