import { type EpochMs, type LogIdentity, type Propagation, type RecordBody, type Revocation } from '@revocast/core';

/** A record as the journal has it: what is meant to be published, and what became of it. */
export interface JournalRecord {
  readonly recordId: string;
  readonly epoch: string;
  readonly body: RecordBody;
  /** The instance that made it, and sends it as long as it runs. */
  readonly maker: string;
  /** By the clock of the service that made it. */
  readonly time: EpochMs;
  sequence?: number;
  /** By the clock of the service that heard the PubAck. */
  ackedAt?: EpochMs;
  proof?: Propagation;
}

/** One that the log confirmed. */
export type ConfirmedRecord = JournalRecord & Required<Pick<JournalRecord, 'sequence' | 'ackedAt'>>;

export interface JournalEpoch {
  readonly name: string;
  readonly previous: string | undefined;
  log?: LogIdentity;
  isOpen: boolean;
  /** The highest head that was seen of its log, whoever wrote the records. */
  head: number;
  /** A confirmed sequence was given out again. */
  rolledBack: boolean;
}

/** The disk of the service: it outlives its processes, and all instances share it. */
export class Journal {
  readonly revocations = new Map<string, Revocation>();
  readonly lifted = new Set<string>();
  readonly records: JournalRecord[] = [];
  epoch: JournalEpoch | undefined;
  #epochs = 0;
  #made = 0;

  begin(): JournalEpoch {
    this.#epochs += 1;
    const previous = this.epoch?.name;
    this.epoch = { name: `epoch-${this.#epochs}`, previous, isOpen: false, head: 0, rolledBack: false };
    return this.epoch;
  }

  /** Writes down what will be published in the epoch of now. */
  intend(body: RecordBody, time: EpochMs, maker: string): JournalRecord | undefined {
    if (this.epoch === undefined) return undefined;
    this.#made += 1;
    const record = { recordId: `r-${this.#made}`, epoch: this.epoch.name, body, time, maker };
    this.records.push(record);
    return record;
  }

  /** Notes a PubAck; false when it says nothing new. */
  acked(record: JournalRecord, sequence: number, at: EpochMs): boolean {
    if (record.sequence !== undefined || record.epoch !== this.epoch?.name) return false;
    if (this.records.some((other) => other.epoch === record.epoch && other.sequence === sequence)) {
      this.epoch.rolledBack = true;
    }
    record.sequence = sequence;
    record.ackedAt = at;
    return true;
  }

  get pending(): readonly JournalRecord[] {
    return this.records.filter((record) => record.epoch === this.epoch?.name && record.sequence === undefined);
  }

  /** The highest confirmed sequence of the epoch of now. */
  get confirmed(): number {
    const ofEpoch = this.records.filter(({ epoch }) => epoch === this.epoch?.name);
    return ofEpoch.reduce((highest, { sequence }) => Math.max(highest, sequence ?? 0), 0);
  }

  /** Up to where the log of the epoch of now is known to have had records: what is published later gets a higher sequence. */
  get stored(): number {
    return Math.max(this.confirmed, this.epoch?.head ?? 0);
  }

  /** The newest confirmed records of the epoch of now, at most `count`. */
  newestConfirmed(count: number): readonly JournalRecord[] {
    const ofEpoch = this.records.filter(({ epoch, sequence }) => epoch === this.epoch?.name && sequence !== undefined);
    return ofEpoch.sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0)).slice(-count);
  }

  /** The log of this epoch was seen to have records up to there. */
  saw(epoch: string | undefined, head: number): void {
    if (this.epoch !== undefined && epoch === this.epoch.name) this.epoch.head = Math.max(this.epoch.head, head);
  }

  /** The log of this epoch is known to lack what was confirmed. */
  lostRecords(epoch: string): void {
    if (epoch === this.epoch?.name) this.epoch.rolledBack = true;
  }

  hasLostRecords(epoch: string): boolean {
    return epoch === this.epoch?.name && this.epoch.rolledBack;
  }

  identityAt(epoch: string, sequence: number): string | undefined {
    return this.records.find((record) => record.epoch === epoch && record.sequence === sequence)?.recordId;
  }

  /** Confirmed records of the epoch of now that revoke something and of which nobody said that it is enforced. */
  get unproven(): readonly ConfirmedRecord[] {
    return this.records
      .filter(({ epoch, body, proof }) => epoch === this.epoch?.name && body.kind === 'revoked' && proof === undefined)
      .filter((record): record is ConfirmedRecord => record.sequence !== undefined && record.ackedAt !== undefined);
  }
}

export const idsOf = (body: RecordBody): readonly string[] =>
  body.kind === 'revoked' ? body.revocations.map(({ id }) => id) : [];
