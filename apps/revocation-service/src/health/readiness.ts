import { type Follower, type FollowerStatus } from '@revocast/core';
import { rfc3339 } from '../command/times.js';
import { type EpochKeeper } from '../publish/epoch-keeper.js';
import { DAMAGES, REFUSALS, type RefusalReason } from '../publish/log-decision.js';
import { type LogIntake } from '../publish/log-intake.js';
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
  readonly journal: {
    /** Up to where the journal has every record of the log. */
    readonly watermark: number;
    readonly behindRecords: number;
    /** When it was read back from the log, which knows no reasons, actors, idempotency digests and proofs. */
    readonly rebuiltAt: string | null;
  };
  /** Other instances that are heard. */
  readonly instances: readonly {
    readonly instance: string;
    readonly epoch: string | null;
    readonly phase: string;
    readonly watermark: number;
  }[];
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
  readonly intake: LogIntake;
  /** Revocations of our key that no instance that was heard can have published. */
  readonly strangers: () => number;
}

export function readiness({ keeper, outbox, follower, intake, strangers }: ReadinessOptions): Readiness {
  const reasons = reasonsOf(keeper);
  const status = follower.status();
  return {
    status: reasons.length === 0 ? 'ready' : 'notReady',
    reasons,
    warnings: warningsOf(keeper, strangers(), status),
    epoch: keeper.epoch() ?? null,
    pendingRecords: outbox.size,
    journal: { watermark: intake.watermark(), behindRecords: intake.behind(), rebuiltAt: rebuilt(keeper) },
    instances: keeper.peers.all().map(({ instance, epoch, phase, watermark }) => ({
      ...{ instance, phase, watermark },
      epoch: epoch ?? null,
    })),
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
  const damage = keeper.damage();
  const reason = reasonOf(keeper);
  if (reason === undefined) return [];
  return damage === undefined || damage === reason.code
    ? [reason]
    : [reason, { code: damage, detail: DAMAGES[damage] }];
}

function reasonOf(keeper: EpochKeeper): Reason | undefined {
  const state = keeper.state();
  switch (state.kind) {
    case 'open':
      return undefined;
    case 'disconnected':
      return { code: 'disconnected', detail: 'The broker cannot be reached. Commands are kept and published later.' };
    case 'reviewing':
      return { code: 'reviewing', detail: 'The broker is connected; its log is being looked at, or does not answer.' };
    case 'opening':
      return { code: 'opening', detail: 'A new epoch is being filled with everything that is live.' };
    case 'refused':
      return refusal(state.because);
  }
}

const refusal = (because: RefusalReason): Reason => ({ code: because, detail: REFUSALS[because] });

function warningsOf(
  keeper: EpochKeeper,
  strangers: number,
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
  if (rebuilt(keeper) !== null) {
    warnings.push({
      code: 'journalRebuilt',
      detail:
        'The journal was read back from the log. Reasons, actors and proofs of what was accepted before are not in it, and a repeated command is recognised by what it revokes.',
    });
  }
  const differing = keeper.differingSettings().length;
  if (differing > 0) {
    warnings.push({
      code: 'settingsDiffer',
      detail: `The log declares other settings than ours for ${differing} issuers: instances are configured differently. Retention follows the wider of both.`,
    });
  }
  if (strangers > 0) {
    warnings.push({
      code: 'unknownRevocations',
      detail: `${strangers} revocations were signed with our key while no other instance was heard.`,
    });
  }
  if (foreign > 0) {
    warnings.push({ code: 'foreignRecords', detail: `${foreign} records in the log are not signed by us.` });
  }
  return warnings;
}

const rebuilt = (keeper: EpochKeeper): string | null => {
  const at = keeper.rebuiltAt();
  return at === undefined ? null : rfc3339(at);
};
