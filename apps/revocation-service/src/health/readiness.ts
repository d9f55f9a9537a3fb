import { type Follower, type FollowerStatus } from '@revocast/core';
import { type EventSources } from '../events/event-sources.js';
import { type EpochKeeper } from '../publish/epoch-keeper.js';
import { REFUSALS, type RefusalReason } from '../publish/log-decision.js';
import { type Outbox } from '../publish/outbox.js';

export interface Reason {
  readonly code: string;
  readonly detail: string;
}

export interface Readiness {
  readonly status: 'ready' | 'notReady';
  /** Why commands are not answered with success now. */
  readonly reasons: readonly Reason[];
  /** What needs somebody's attention although the service works. */
  readonly warnings: readonly Reason[];
  readonly epoch: string | null;
  readonly pendingRecords: number;
  readonly follower: {
    readonly state: string;
    readonly because: string | null;
    readonly watermark: number;
    readonly head: number | null;
    readonly stalenessMs: number | null;
    readonly liveEntries: number;
  };
}

export interface ReadinessOptions {
  readonly keeper: EpochKeeper;
  readonly outbox: Outbox;
  readonly follower: Follower;
  readonly sources: EventSources;
}

export function readiness({ keeper, outbox, follower, sources }: ReadinessOptions): Readiness {
  const reasons = reasonsOf(keeper);
  const status = follower.status();
  return {
    status: reasons.length === 0 ? 'ready' : 'notReady',
    reasons,
    warnings: warningsOf(keeper, sources, status),
    epoch: keeper.epoch() ?? null,
    pendingRecords: outbox.size,
    follower: {
      state: status.state,
      because: status.because ?? null,
      watermark: status.watermark,
      head: status.head ?? null,
      stalenessMs: status.stalenessMs ?? null,
      liveEntries: status.liveEntries,
    },
  };
}

function reasonsOf(keeper: EpochKeeper): readonly Reason[] {
  const state = keeper.state();
  switch (state.kind) {
    case 'open':
      return [];
    case 'disconnected':
      return [{ code: 'disconnected', detail: 'The broker cannot be reached. Commands are kept and published later.' }];
    case 'reviewing':
      return [
        { code: 'reviewing', detail: 'The broker is connected; its log is being looked at, or does not answer.' },
      ];
    case 'opening':
      return [{ code: 'opening', detail: 'A new epoch is being filled with everything that is live.' }];
    case 'refused':
      return [refusal(state.because)];
  }
}

const refusal = (because: RefusalReason): Reason => ({ code: because, detail: REFUSALS[because] });

function warningsOf(
  keeper: EpochKeeper,
  sources: EventSources,
  { state, counters: { foreign } }: FollowerStatus,
): readonly Reason[] {
  const warnings: Reason[] = [];
  if (state !== 'current') {
    warnings.push({
      code: 'followerNotCurrent',
      detail: 'This service does not follow its own log yet: events and explanations may lack the newest revocations.',
    });
  }
  if (keeper.evidence().otherEpoch) {
    warnings.push({ code: 'otherEpochInFleet', detail: 'A node follows an epoch that this journal does not know.' });
  }
  if (sources.strangers > 0) {
    warnings.push({
      code: 'unknownRevocations',
      detail: `${sources.strangers} revocations in the log are not in this journal.`,
    });
  }
  if (foreign > 0) {
    warnings.push({ code: 'foreignRecords', detail: `${foreign} records in the log are not signed by us.` });
  }
  return warnings;
}
