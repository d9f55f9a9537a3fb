import { type Head, type LogIdentity, type Sequence } from '@revocast/core';
import { type JournaledEpoch } from '../journal/epochs.js';
import { type LogOrigin } from './log-origin.js';

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
  | 'journalBehind'
  | 'hashKeyChanged';

/** What heartbeats say that speaks against opening an epoch. They are not signed, so they can only ever stop, never start something. */
export interface FleetEvidence {
  /** A node follows an epoch of which this journal knows nothing. */
  readonly otherEpoch: boolean;
  /** A node has applied records of our epoch that neither this journal nor that of an instance that is heard knows. */
  readonly knowsMore: boolean;
}

/** A log of another epoch than the journal's: what it is to us. `superseded`: the journal saw it open, and replaced. */
export type Strangeness = LogOrigin | 'superseded';

/** What an operator reads of a log that is being written anew. */
export const DAMAGES: Readonly<Record<Exclude<Damage, 'first'>, string>> = {
  logLost: 'The log is gone. It is written anew from the journal; nodes keep what they know.',
  logRecreated: 'The log was deleted and made again. It is written anew from the journal; nodes keep what they know.',
  logRolledBack: 'The log lost records that the broker had confirmed. It is written anew; nodes keep what they know.',
  logEmpty: 'The log is empty and nobody writes to it. It is made again and written from the journal.',
};

export interface LogSituation {
  readonly located: LogIdentity | undefined;
  /** Of the located log. */
  readonly head: Head | undefined;
  /** Undefined when the located log is that of the journal's epoch, or when there is none. */
  readonly stranger: Strangeness | undefined;
  readonly journal: JournaledEpoch | undefined;
  /** The highest sequence that the journal's epoch was known to have had before the head was asked for: confirmed to us, or read by us. */
  readonly confirmed: Sequence;
  /** Where a record of the journal was confirmed, the located log has another one. Undefined when that was not looked at. */
  readonly isRewritten: boolean | undefined;
  /** The log is known to have had records that neither this journal nor that of an instance that is heard has. */
  readonly lacksRecords: boolean;
  /** Another instance of the service is heard that has a history. */
  readonly hasPeer: boolean;
  /** One of them says that it writes to the located log. */
  readonly hasPeerThere: boolean;
  readonly hashKeyDigest: string;
  readonly init: boolean;
  /** The operator said that what is known to be missing may be missing. */
  readonly acceptsLoss: boolean;
  readonly evidence: FleetEvidence;
}

/** Why a log is written anew. */
export type Damage = 'first' | 'logLost' | 'logRecreated' | 'logRolledBack' | 'logEmpty';

export type LogDecision =
  /** Nothing can be said now: the head comes from a leader that may have been cut off, or another instance is at work. */
  | { readonly kind: 'askAgain' }
  /** The log is ours and open: write. */
  | { readonly kind: 'write'; readonly log: LogIdentity }
  /** The log is ours, and its opening was interrupted: go on with it. */
  | { readonly kind: 'finish'; readonly log: LogIdentity }
  /** The log is ours, and of an epoch that another instance began, or that a lost journal knew: go over to it. */
  | { readonly kind: 'adopt'; readonly log: LogIdentity; readonly isOpen: boolean }
  /** Open a new epoch, after removing what is left of the damaged log. */
  | {
      readonly kind: 'begin';
      readonly because: Damage;
      readonly previous: string | undefined;
      readonly remove: LogIdentity | undefined;
    }
  | { readonly kind: 'refuse'; readonly because: RefusalReason };

/**
 * Compares what the broker has with what the journal knows. A log that our keys signed is gone over to, whoever began it.
 * One that is lost or damaged is written anew from the journals, if the operator allowed that (`init`) and nothing is known to
 * be missing from them. A log that is not ours is never touched.
 */
export function decideLog(situation: LogSituation): LogDecision {
  const { journal, located, stranger, confirmed, head, isRewritten } = situation;
  if (journal !== undefined && journal.hashKeyDigest !== situation.hashKeyDigest) return refuse('hashKeyChanged');
  if (located !== undefined && stranger !== undefined) return meetStranger(situation, located, stranger);
  if (journal === undefined) return beginFirst(situation);
  if (located === undefined) return begin(situation, journal, 'logLost');
  if (isRecreated(located, journal)) return begin(situation, journal, 'logRecreated');
  if (journal.rolledBack) return begin(situation, journal, 'logRolledBack');
  if (head === undefined || (head.last >= confirmed && isRewritten !== true))
    return { kind: journal.state === 'opening' ? 'finish' : 'write', log: located };
  // A leader that was cut off from its followers goes on answering with what it had.
  return isProven(head) ? begin(situation, journal, 'logRolledBack') : { kind: 'askAgain' };
}

function meetStranger(situation: LogSituation, located: LogIdentity, stranger: Strangeness): LogDecision {
  const { journal } = situation;
  switch (stranger) {
    case 'oursOpen':
    case 'oursUnopened':
      return { kind: 'adopt', log: located, isOpen: stranger === 'oursOpen' };
    case 'foreign':
      return refuse('foreignLog');
    case 'otherHashKey':
      return refuse('hashKeyChanged');
    case 'superseded':
      // An old state of the broker's disk: what came after it was lost.
      return journal === undefined ? { kind: 'askAgain' } : begin(situation, journal, 'logRolledBack');
    case 'empty':
      // Whoever made it is about to write to it; or died before.
      if (situation.hasPeerThere) return { kind: 'askAgain' };
      return journal === undefined ? beginFirst(situation) : begin(situation, journal, 'logEmpty');
  }
}

/** Without a history. An instance that has one knows better what belongs into the log. */
function beginFirst({ located, evidence, init, hasPeer }: LogSituation): LogDecision {
  if (hasPeer) return { kind: 'askAgain' };
  if (evidence.otherEpoch) return refuse('otherEpochInFleet');
  return init ? { kind: 'begin', because: 'first', previous: undefined, remove: located } : refuse('notInitialised');
}

function begin(situation: LogSituation, journal: JournaledEpoch, because: Exclude<Damage, 'first'>): LogDecision {
  const { located, evidence, init, lacksRecords, acceptsLoss } = situation;
  if (evidence.otherEpoch) return refuse('otherEpochInFleet');
  if (evidence.knowsMore && !acceptsLoss) return refuse('fleetKnowsMore');
  if (lacksRecords && !acceptsLoss) return refuse('journalBehind');
  if (!init) return refuse(because === 'logEmpty' ? 'logLost' : because);
  // An epoch that was never opened is nobody's predecessor.
  const previous = journal.state === 'open' ? journal.epoch : journal.previous;
  return { kind: 'begin', because, previous, remove: located };
}

/** Whether a majority of the servers stands behind what this leader says. */
export const isProven = ({ quorumAgeMs }: Head): boolean => quorumAgeMs <= QUORUM_AGE_MS_MAX;

const isRecreated = (located: LogIdentity, journal: JournaledEpoch): boolean =>
  journal.log !== undefined && journal.log.created !== located.created;

const refuse = (because: RefusalReason): LogDecision => ({ kind: 'refuse', because });

/** What an operator reads in the readiness answer. */
export const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  notInitialised:
    'There is no log and the journal has no history. To open the first epoch, start with REVOCAST_INIT=true.',
  foreignLog:
    'The broker has a log under this namespace that our record keys did not sign. Check REVOCAST_NAMESPACE and the keys; during a rotation REVOCAST_RECORD_KEYS needs the old ones.',
  otherEpochInFleet:
    'Nodes follow an epoch that this journal does not know. Give the service the journal that belongs to it.',
  logLost:
    'The log is gone, while the journal has a history. To write it anew from the journal, start with REVOCAST_INIT=true.',
  logRecreated: 'The log was deleted and made again. To write it anew from the journal, start with REVOCAST_INIT=true.',
  logRolledBack:
    'The log lacks records that the broker had confirmed. To write it anew from the journal, start with REVOCAST_INIT=true.',
  fleetKnowsMore:
    'Nodes know revocations that no running instance has in its journal. Start the instance that has them, or give the service the newest journal; if it is gone for good, start with REVOCAST_ACCEPT_LOSS=true.',
  journalBehind:
    'The log had records that no running instance has in its journal. Start the instance that has them; if its journal is gone for good, start with REVOCAST_ACCEPT_LOSS=true.',
  hashKeyChanged:
    'REVOCAST_HASH_KEY is not the key of this journal or of this log. Restore it: nodes could not unite what they know.',
};
