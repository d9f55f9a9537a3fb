import { type WorldAlterations } from '@revocast/testing';
import { type Instant } from '../../src/clock.js';
import { Asks } from '../../src/asks.js';
import { FollowerMachine } from '../../src/follower-machine.js';
import { LastProof } from '../../src/freshness.js';
import { IdentityChecks } from '../../src/identity-checks.js';
import { LogCursor, type Told } from '../../src/log-cursor.js';
import { LogProgress } from '../../src/log-progress.js';
import { RecentIdentities } from '../../src/recent-identities.js';
import { createIndex } from '../../src/compact-index.js';
import { RecordApplier } from '../../src/record-applier.js';
import { TickWatch } from '../../src/tick-watch.js';
import { sequence } from '../../src/units.js';
import { indexWith, type Mutant, originalOf, type Replace, withIndex } from './mutant.js';

/** The instant of the step that a follower is in. */
const watchSteps = (
  replace: Replace,
  onStep: (machine: FollowerMachine, event: { kind: string }, now: Instant) => void,
): void => {
  const original = originalOf(FollowerMachine.prototype, 'step');
  replace(FollowerMachine.prototype, 'step', {
    value(this: FollowerMachine, ...[event, now]: Parameters<FollowerMachine['step']>) {
      onStep(this, event, now);
      return original.call(this, event, now);
    },
  });
};

/** Proofs count from when their answer arrives. */
const dateByReceipt = (replace: Replace): Record<string, never> => {
  let arrived: Instant | undefined;
  watchSteps(replace, (_machine, _event, now) => (arrived = now));
  const head = originalOf(LogCursor.prototype, 'head');
  replace(LogCursor.prototype, 'head', {
    value(this: LogCursor, ...[answer, askedAt, believed]: Parameters<LogCursor['head']>) {
      return head.call(this, answer, arrived ?? askedAt, believed);
    },
  });
  return {};
};

/** Whatever a leader says of itself is believed. */
const believeAnyLeader = (replace: Replace): Record<string, never> => {
  const head = originalOf(LogCursor.prototype, 'head');
  replace(LogCursor.prototype, 'head', {
    value(this: LogCursor, ...[answer, askedAt, believed]: Parameters<LogCursor['head']>) {
      return head.call(this, { ...answer, quorumAgeMs: 0 }, askedAt, believed);
    },
  });
  return {};
};

/** What the service told is heard as `change` makes it. */
const hearingTold = (replace: Replace, change: (told: Told) => Told): Record<string, never> => {
  const told = originalOf(TickWatch.prototype, 'told');
  replace(TickWatch.prototype, 'told', {
    value(this: TickWatch, ...asked: Parameters<TickWatch['told']>) {
      return change(told.apply(this, asked));
    },
  });
  return {};
};

const MUTANTS: readonly Mutant[] = [
  {
    name: 'leakyIndex',
    seed: 2,
    what: 'whose index loses one revocation in five',
    breaks: 'sound',
    spoil: (): WorldAlterations => {
      let applied = 0;
      return withIndex(
        indexWith((index) => ({ apply: (revocation) => (applied += 1) % 5 !== 0 && index.apply(revocation) })),
      );
    },
  },
  {
    name: 'maximumWatermark',
    seed: 1,
    what: 'that takes the highest sequence it saw as its watermark',
    breaks: 'complete',
    spoil: (replace: Replace): WorldAlterations => {
      replace(LogProgress.prototype, 'mark', {
        value(this: LogProgress, ...[at]: Parameters<LogProgress['mark']>) {
          this.skipBefore(sequence(at + 1));
          return true;
        },
      });
      return {};
    },
  },
  {
    name: 'lastWatermark',
    seed: 1,
    what: 'that takes the last record it saw as its watermark',
    breaks: 'ordered',
    spoil: (replace: Replace): WorldAlterations => {
      const last = new WeakMap<LogProgress, number>();
      const mark = originalOf(LogProgress.prototype, 'mark');
      replace(LogProgress.prototype, 'mark', {
        value(this: LogProgress, ...[at, fromLog]: Parameters<LogProgress['mark']>) {
          last.set(this, at);
          return mark.call(this, at, fromLog);
        },
      });
      replace(LogProgress.prototype, 'watermark', {
        get(this: LogProgress) {
          return last.get(this) ?? 0;
        },
      });
      return {};
    },
  },
  {
    name: 'monotonicOnly',
    seed: 4,
    what: 'that measures staleness by the monotonic clock alone',
    breaks: 'honest',
    spoil: (replace: Replace): WorldAlterations => {
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
      return {};
    },
  },
  {
    name: 'ticksRenew',
    seed: 4,
    what: 'that lets ticks renew its freshness',
    breaks: 'honest',
    spoil: (replace: Replace): WorldAlterations => {
      watchSteps(replace, (machine, event, now) => {
        if (event.kind === 'tick' && machine.proof.exists) machine.proof.prove(now);
      });
      return {};
    },
  },
  {
    name: 'datedByReceipt',
    seed: 2,
    what: 'that dates a proof by the arrival of the answer',
    breaks: 'fresh',
    spoil: dateByReceipt,
  },
  {
    name: 'datedByReceiptEnforced',
    seed: 2,
    what: 'that dates a proof by the arrival of the answer',
    breaks: 'enforced',
    spoil: dateByReceipt,
  },
  {
    name: 'headWithoutQuorum',
    seed: 24,
    what: 'that believes a leader whose followers are gone',
    breaks: 'enforced',
    spoil: believeAnyLeader,
  },
  {
    name: 'believesShortLog',
    seed: 67,
    what: 'that believes a log which lacks what the service had confirmed',
    breaks: 'fresh',
    spoil: (replace: Replace): WorldAlterations =>
      hearingTold(replace, ({ spoken }) => ({ head: sequence(0), spoken })),
  },
  {
    name: 'waitsForNobody',
    seed: 9,
    what: 'that is proven before the service had its say',
    breaks: 'fresh',
    spoil: (replace: Replace): WorldAlterations => hearingTold(replace, ({ head }) => ({ head, spoken: true })),
  },
  {
    name: 'trustsLostLog',
    seed: 49,
    what: 'that trusts a log which lost records',
    breaks: 'fresh',
    spoil: (replace: Replace): WorldAlterations => {
      replace(LogCursor.prototype, 'compare', { value: () => true });
      replace(IdentityChecks.prototype, 'sawConflict', { value: () => undefined });
      return {};
    },
  },
  {
    name: 'appliesTwice',
    seed: 1,
    what: 'that applies whatever arrives, as often as it arrives',
    breaks: 'idempotent',
    spoil: (replace: Replace): WorldAlterations => {
      replace(LogProgress.prototype, 'has', { value: () => false });
      replace(RecentIdentities.prototype, 'remember', { value: () => undefined });
      return {};
    },
  },
  {
    name: 'readsNothing',
    seed: 1,
    what: 'that never reads what it missed',
    breaks: 'resumable',
    spoil: (replace: Replace): WorldAlterations => {
      replace(LogProgress.prototype, 'nextMissing', { value: () => undefined });
      return {};
    },
  },
  {
    name: 'liftDeletes',
    seed: 117,
    what: 'that takes a lift for the deletion of what it has',
    breaks: 'convergent',
    spoil: (): WorldAlterations =>
      withIndex(
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
      ),
  },
  {
    name: 'readsWithoutLimit',
    seed: 5,
    what: 'that does not count what it already reads',
    breaks: 'bounded',
    spoil: (replace: Replace): WorldAlterations => {
      replace(Asks.prototype, 'reading', { value: () => [] });
      return {};
    },
  },
  {
    name: 'givesUp',
    seed: 4,
    what: 'that gives up when it is refused once',
    breaks: 'live',
    spoil: (replace: Replace): WorldAlterations => {
      replace(Asks.prototype, 'refused', {
        value(this: Asks, ...[kind, now]: Parameters<Asks['refused']>) {
          this.delay(kind, now, Number.POSITIVE_INFINITY);
        },
      });
      return {};
    },
  },
  {
    name: 'forgetsWithLog',
    seed: 4,
    what: 'that begins anew when the log is replaced',
    breaks: 'neverForgets',
    spoil: (replace: Replace): WorldAlterations => {
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
      return withIndex((options) => {
        let index = createIndex(options);
        forget = (): void => {
          index = createIndex(options);
        };
        return indexWith(() => ({
          apply: (revocation) => index.apply(revocation),
          lift: (lift) => index.lift(lift),
          find: (...asked) => index.find(...asked),
        }))(options);
      });
    },
  },
  {
    name: 'believesOtherEpochs',
    seed: 1,
    what: 'that takes what was signed for another epoch for its own',
    breaks: 'onlyOurs',
    spoil: (replace: Replace): WorldAlterations => {
      const apply = originalOf(RecordApplier.prototype, 'apply');
      replace(RecordApplier.prototype, 'apply', {
        value(this: RecordApplier, ...[record, epoch]: Parameters<RecordApplier['apply']>) {
          return apply.call(this, record.kind === 'record' ? { ...record, epoch } : record, epoch);
        },
      });
      return {};
    },
  },
];

export const FOLLOWER_MUTANTS: readonly Mutant[] = MUTANTS;
