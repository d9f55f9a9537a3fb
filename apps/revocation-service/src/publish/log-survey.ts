import { type Head, type Heartbeat, isSameLog, sequence, type Sequence } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type Database } from '../journal/database.js';
import { type JournaledEpoch, markRolledBack, wasOpened } from '../journal/epochs.js';
import { countPending, highestSequence, lastWithoutGap } from '../journal/records.js';
import { FleetWitness, type FleetWitnessOptions } from './fleet-witness.js';
import { HistoryCheck } from './history-check.js';
import {
  decideLog,
  type FleetEvidence,
  isProven,
  type LogDecision,
  type LogSituation,
  type Strangeness,
} from './log-decision.js';
import { originOf } from './log-origin.js';
import { type Peers } from './peers.js';

export interface LogSurveyOptions extends FleetWitnessOptions {
  readonly publisher: Pick<Publisher, 'locate' | 'head' | 'read'>;
  readonly peers: Peers;
  readonly hashKeyDigest: string;
  readonly init: boolean;
  readonly acceptsLoss: boolean;
}

export interface Finding {
  readonly decision: LogDecision;
  /** Of the log that is there. */
  readonly head: Head | undefined;
}

/** Up to where the journal has every record of its epoch. */
export const takenOf = (database: Database, journal: JournaledEpoch | undefined): Sequence =>
  journal === undefined ? sequence(0) : lastWithoutGap(database, journal.epoch, journal.taken);

/** The highest sequence that the log of the epoch is known to have had: seen, confirmed to us, or read by us. */
export const storedOf = (database: Database, journal: JournaledEpoch | undefined): Sequence =>
  journal === undefined
    ? sequence(0)
    : sequence(Math.max(journal.head, highestSequence(database, journal.epoch), takenOf(database, journal)));

/** Looks at the log, at the fleet and at the other instances, and says what follows for the journal. */
export class LogSurvey {
  readonly #witness: FleetWitness;
  readonly #history: HistoryCheck;

  constructor(private readonly options: LogSurveyOptions) {
    this.#witness = new FleetWitness(options);
    this.#history = new HistoryCheck(options);
  }

  hear(heartbeat: Heartbeat): void {
    this.#witness.hear(heartbeat);
  }

  async look(journal: JournaledEpoch | undefined): Promise<Finding> {
    const { publisher } = this.options;
    // Before the head is asked for: what is confirmed while the answers are under way stands above it.
    const confirmed = this.#confirmed(journal);
    const located = await publisher.locate();
    const head = located && (await publisher.head(located));
    const stranger =
      head === undefined || head.log.epoch === journal?.epoch ? undefined : await this.#strangeness(head);
    const isRewritten = await this.#isRewritten(journal, head);
    const situation = { ...this.#situation(journal, head), confirmed, located, head, stranger, isRewritten };
    return { head, decision: decideLog(situation) };
  }

  /** What heartbeats say against this journal. */
  evidence(journal: JournaledEpoch | undefined): FleetEvidence {
    return this.#witness.evidence(journal?.epoch, this.#known(journal));
  }

  #situation(
    journal: JournaledEpoch | undefined,
    head: Head | undefined,
  ): Omit<LogSituation, 'confirmed' | 'located' | 'head' | 'stranger' | 'isRewritten'> {
    const { peers, hashKeyDigest, init, acceptsLoss } = this.options;
    return {
      journal,
      lacksRecords: journal !== undefined && journal.head > this.#known(journal),
      hasPeer: peers.all().some(({ epoch }) => epoch !== undefined),
      hasPeerThere: peers.all().some(({ epoch }) => epoch !== undefined && epoch === head?.log.epoch),
      ...{ hashKeyDigest, init, acceptsLoss },
      evidence: this.evidence(journal),
    };
  }

  #confirmed(journal: JournaledEpoch | undefined): Sequence {
    const { database } = this.options;
    const taken = takenOf(database, journal);
    const confirmed = journal === undefined ? taken : highestSequence(database, journal.epoch);
    return confirmed > taken ? confirmed : taken;
  }

  /** What a majority says is written down: more records may cover it before the log is written anew. */
  async #isRewritten(journal: JournaledEpoch | undefined, head: Head | undefined): Promise<boolean | undefined> {
    if (head === undefined || journal?.log === undefined || !isSameLog(head.log, journal.log)) return undefined;
    if (await this.#history.isKept(head)) return false;
    if (isProven(head)) markRolledBack(this.options.database, journal.epoch);
    return true;
  }

  async #strangeness(head: Head): Promise<Strangeness> {
    const { database, publisher, hashKeyDigest } = this.options;
    return wasOpened(database, head.log.epoch) ? 'superseded' : originOf(publisher, head, hashKeyDigest);
  }

  /**
   * Up to where some instance that is heard has every record of the epoch: what one of them has, it will write. An
   * unconfirmed record of ours may well be stored, and applied by a node.
   */
  #known(journal: JournaledEpoch | undefined): number {
    const { database, peers } = this.options;
    const others = peers.all().filter(({ epoch }) => epoch === journal?.epoch);
    return Math.max(takenOf(database, journal), ...others.map(({ watermark }) => watermark)) + countPending(database);
  }
}
