import { type Head, type LogIdentity, type Sequence } from '@revocast/core';
import { type JournaledEpoch } from '../journal/epochs.js';

/** A leader that heard from no majority for longer proves nothing. Milliseconds. */
const QUORUM_AGE_MS_MAX = 2_000;

/** Why the service will not write; each needs somebody to look. */
export type RefusalReason =
  | 'notInitialised'
  | 'foreignLog'
  | 'otherEpochInFleet'
  | 'logLost'
  | 'logRecreated'
  | 'logRolledBack'
  | 'fleetKnowsMore'
  | 'hashKeyChanged';

/** What heartbeats say that speaks against opening an epoch. They are not signed, so they can only ever stop, never start something. */
export interface FleetEvidence {
  /** A node follows an epoch of which this journal knows nothing. */
  readonly otherEpoch: boolean;
  /** A node has applied records of our epoch that this journal does not know. */
  readonly knowsMore: boolean;
}

export interface LogSituation {
  readonly located: LogIdentity | undefined;
  /** Of the located log. */
  readonly head: Head | undefined;
  readonly journal: JournaledEpoch | undefined;
  /** The highest sequence of the journal's epoch that the broker confirmed. */
  readonly confirmed: Sequence;
  readonly hashKeyDigest: string;
  readonly init: boolean;
  readonly evidence: FleetEvidence;
}

export type LogDecision =
  /** The head comes from a leader that may have been cut off: it proves nothing either way. */
  | { readonly kind: 'askAgain' }
  /** The log is ours and open: write. */
  | { readonly kind: 'write'; readonly log: LogIdentity }
  /** The log is ours, and its opening was interrupted: go on with it. */
  | { readonly kind: 'finish'; readonly log: LogIdentity }
  /** Open a new epoch, after removing what is left of the damaged log. */
  | { readonly kind: 'begin'; readonly previous: string | undefined; readonly remove: LogIdentity | undefined }
  | { readonly kind: 'refuse'; readonly because: RefusalReason };

/**
 * Compares what the broker has with what the journal knows. The journal is complete for its own epochs, so a lost or
 * damaged log can be written anew from it, if the operator allowed that (`init`). A log or a fleet of another epoch is never touched.
 */
export function decideLog(situation: LogSituation): LogDecision {
  const { journal, located } = situation;
  if (journal === undefined) return withoutHistory(situation);
  if (journal.hashKeyDigest !== situation.hashKeyDigest) return refuse('hashKeyChanged');
  if (located === undefined) return begin(situation, journal, 'logLost');
  if (located.epoch !== journal.epoch) return refuse('foreignLog');
  if (isRecreated(located, journal)) return begin(situation, journal, 'logRecreated');
  if (journal.rolledBack) return begin(situation, journal, 'logRolledBack');
  if (situation.head === undefined || situation.head.last >= situation.confirmed)
    return { kind: journal.state === 'opening' ? 'finish' : 'write', log: located };
  // A leader that was cut off from its followers goes on answering with the head it had.
  const isProven = situation.head.quorumAgeMs <= QUORUM_AGE_MS_MAX;
  return isProven ? begin(situation, journal, 'logRolledBack') : { kind: 'askAgain' };
}

function withoutHistory({ located, evidence, init }: LogSituation): LogDecision {
  if (located !== undefined) return refuse('foreignLog');
  if (evidence.otherEpoch) return refuse('otherEpochInFleet');
  return init ? { kind: 'begin', previous: undefined, remove: undefined } : refuse('notInitialised');
}

function begin(
  { located, evidence, init }: LogSituation,
  journal: JournaledEpoch,
  because: RefusalReason,
): LogDecision {
  if (evidence.otherEpoch) return refuse('otherEpochInFleet');
  if (evidence.knowsMore) return refuse('fleetKnowsMore');
  if (!init) return refuse(because);
  // An epoch that was never opened is nobody's predecessor.
  const previous = journal.state === 'open' ? journal.epoch : journal.previous;
  return { kind: 'begin', previous, remove: located };
}

const isRecreated = (located: LogIdentity, journal: JournaledEpoch): boolean =>
  journal.log !== undefined && journal.log.created !== located.created;

const refuse = (because: RefusalReason): LogDecision => ({ kind: 'refuse', because });

/** What an operator reads in the readiness answer. */
export const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  notInitialised:
    'There is no log and the journal has no history. To open the first epoch, start with REVOCAST_INIT=true.',
  foreignLog:
    'The broker has a log of an epoch that this journal does not know. Give the service the journal that belongs to it.',
  otherEpochInFleet:
    'Nodes follow an epoch that this journal does not know. Give the service the journal that belongs to it.',
  logLost:
    'The log is gone, while the journal has a history. To write it anew from the journal, start with REVOCAST_INIT=true.',
  logRecreated: 'The log was deleted and made again. To write it anew from the journal, start with REVOCAST_INIT=true.',
  logRolledBack:
    'The log lacks records that the broker had confirmed. To write it anew from the journal, start with REVOCAST_INIT=true.',
  fleetKnowsMore:
    'Nodes know revocations that this journal does not: it is an old copy. Give the service the newest journal.',
  hashKeyChanged: 'REVOCAST_HASH_KEY is not the key of this journal. Restore it: nodes could not unite what they know.',
};
