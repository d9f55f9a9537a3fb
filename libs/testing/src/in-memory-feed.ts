import {
  type EpochMs,
  type Feed,
  type FeedListener,
  type FeedRecord,
  type Head,
  type Heartbeat,
  type LogIdentity,
  type RecordBody,
  type RefusalReport,
  RevocationError,
  type Schedule,
  sequence,
  type Sequence,
  type SnapshotContent,
  type SnapshotManifest,
  type Tick,
} from '@revocast/core';
import { InMemoryLog, type UnplacedRecord } from './in-memory-log.js';

export type InMemoryAsk = 'locate' | 'head' | 'read' | 'snapshot' | 'snapshotPart';

/** What goes wrong between broker and nodes; each is asked anew for every message, so a test may change its mind. */
export interface InMemoryFaults {
  /** Delays of the copies of one live message: `[]` is lost, `[0]` arrives, `[0, 40]` arrives twice, `[500]` is late. */
  readonly deliver?: (record: FeedRecord) => readonly number[];
  /** How long an ask takes on its way there, and its answer on the way back. Milliseconds. */
  readonly travelMs?: () => number;
  /** Whether an ask gets no useful answer. */
  readonly refuses?: (ask: InMemoryAsk) => boolean;
  /** How long ago the leader heard from a majority. Milliseconds. */
  readonly quorumAgeMs?: () => number;
  /** The last sequence of a leader that was cut off from its followers: it answers as if the log ended there. */
  readonly endsAt?: () => Sequence;
  /** The same for ticks as `deliver` for records. Default: each arrives once, at once. */
  readonly hearTick?: (tick: Tick) => readonly number[];
}

export interface InMemoryBrokerOptions {
  readonly schedule: Schedule;
  /** Stamped on records and ticks. */
  readonly now: () => EpochMs;
  readonly faults?: InMemoryFaults;
}

/**
 * A broker in memory with one namespace: a log, a live feed, ticks, and any number of feeds connected to it.
 * libs/testing/README.md lists what it does not model.
 */
export class InMemoryBroker {
  readonly schedule: Schedule;
  readonly heartbeats: Heartbeat[] = [];
  readonly refusals: RefusalReport[] = [];
  faults: InMemoryFaults;
  readonly now: () => EpochMs;
  readonly #feeds = new Set<InMemoryFeed>();
  #log: InMemoryLog | undefined;
  #logsMade = 0;
  #recordsMade = 0;
  readonly #snapshots: WrittenSnapshot[] = [];
  /** Whoever asks for a snapshot is given the newest, whatever epoch it is of. */
  misfilesSnapshots = false;

  constructor({ schedule, now, faults = {} }: InMemoryBrokerOptions) {
    this.schedule = schedule;
    this.now = now;
    this.faults = faults;
  }

  get log(): InMemoryLog | undefined {
    return this.#log;
  }

  /** A feed that is not yet open, as a node would make it. */
  createFeed(): InMemoryFeed {
    const feed = new InMemoryFeed(this);
    this.#feeds.add(feed);
    return feed;
  }

  /** Makes a log and removes the one before. The name follows the epoch, so making one epoch twice recreates the log. */
  createLog(epoch: string): LogIdentity {
    this.#logsMade += 1;
    this.#log = new InMemoryLog({ name: `LOG_${epoch}`, epoch, created: `made-${String(this.#logsMade)}` });
    return this.#log.identity;
  }

  removeLog(): void {
    this.#log = undefined;
  }

  /** Stores a signed record of ours and sends it to whoever is subscribed. */
  publish(body: RecordBody, id = this.#nextId()): FeedRecord {
    const log = this.requiredLog();
    return this.place({ kind: 'record', identity: id, epoch: log.identity.epoch, time: this.now(), body });
  }

  /** Stores any record: foreign, unreadable, one of another epoch. */
  place(record: UnplacedRecord): FeedRecord {
    const placed = this.requiredLog().append(record);
    for (const feed of this.#feeds) feed.deliver(placed);
    return placed;
  }

  /** Sends something that looks like a live record and is in no log. */
  inject(record: FeedRecord): void {
    for (const feed of this.#feeds) feed.deliver(record);
  }

  /** A tick of the log as it is, where nothing else is said. */
  tick(parts: Partial<Tick> = {}): Tick {
    const { identity, last } = this.requiredLog();
    return this.hearTick({ epoch: identity.epoch, head: last, time: this.now(), fleetBoundMs: 300_000, ...parts });
  }

  /** Sends a tick to whoever is subscribed; it does not go through the log. */
  hearTick(said: Omit<Tick, 'id'>): Tick {
    const tick = { id: this.#nextId(), ...said };
    for (const feed of this.#feeds) feed.hearTick(tick);
    return tick;
  }

  /** Stores the state of a follower, as the service would write it. The one before stays readable, older ones do not. */
  writeSnapshot({ log: _log, image, ...framing }: SnapshotContent): SnapshotManifest {
    const parts = [...image()];
    const manifest: SnapshotManifest = {
      ...framing,
      id: this.#nextId(),
      time: this.now(),
      parts: parts.map(({ length }, at) => ({ sequence: sequence(at + 1), bytes: length, digest: '' })),
    };
    this.#snapshots.unshift({ manifest, parts });
    this.#snapshots.splice(2);
    return manifest;
  }

  /** Somebody removes the newest ones: those before are the newest now, if any. */
  dropSnapshots(count: number): void {
    this.#snapshots.splice(0, count);
  }

  /** The newest first. */
  get snapshots(): readonly WrittenSnapshot[] {
    return this.#snapshots;
  }

  requiredLog(): InMemoryLog {
    if (this.#log === undefined) throw new RevocationError('ERR_LOG_UNAVAILABLE', 'There is no log.');
    return this.#log;
  }

  forget(feed: InMemoryFeed): void {
    this.#feeds.delete(feed);
  }

  #nextId(): string {
    this.#recordsMade += 1;
    return `record-${String(this.#recordsMade)}`;
  }
}

/** A snapshot as the broker holds it; a test may change its parts. */
export interface WrittenSnapshot {
  readonly manifest: SnapshotManifest;
  readonly parts: Uint8Array[];
}

/** One node's connection to an `InMemoryBroker`. */
export class InMemoryFeed implements Feed {
  /** What goes wrong for this feed, in place of what does for all. */
  faults: InMemoryFaults | undefined;
  readonly #broker: InMemoryBroker;
  #listener: FeedListener | undefined;
  #reachable = true;
  #connected = false;
  #closed = false;
  /** Whether the broker knows of our subscription; it learns of it some time after we connected. */
  #subscribed = false;
  #subscribing = Promise.resolve();
  readonly #travelling = new Set<(reason: Error) => void>();
  /** Counts connections: a message of an earlier one never arrives, as with TCP. */
  #connection = 0;

  constructor(broker: InMemoryBroker) {
    this.#broker = broker;
  }

  get #faults(): InMemoryFaults {
    return this.faults ?? this.#broker.faults;
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  open(listener: FeedListener): void {
    this.#listener = listener;
    this.#broker.schedule(0, () => this.#connect());
  }

  /** Cuts the connection, or keeps it from being made. */
  disconnect(): void {
    this.#reachable = false;
    if (!this.#connected) return;
    this.#cut();
    this.#listener?.disconnected();
  }

  reconnect(): void {
    this.#reachable = true;
    this.#connect();
  }

  async subscribed(): Promise<void> {
    if (!this.#connected) throw disconnected();
    await this.#subscribing;
    await this.#travel();
  }

  locate(): Promise<LogIdentity | undefined> {
    return this.#ask('locate', () => this.#broker.log?.identity);
  }

  head(log: LogIdentity): Promise<Head> {
    return this.#ask('head', () => {
      const quorumAgeMs = this.#faults.quorumAgeMs?.() ?? 0;
      const { identity, first, last } = this.#logOf(log);
      const endsAt = this.#faults.endsAt?.() ?? last;
      return { log: identity, first, last: endsAt < last ? endsAt : last, quorumAgeMs };
    });
  }

  read(log: LogIdentity, from: Sequence, to: Sequence): Promise<readonly FeedRecord[]> {
    return this.#ask('read', () => this.#logOf(log).read(from, to));
  }

  snapshot({ epoch }: LogIdentity): Promise<SnapshotManifest | undefined> {
    return this.#ask('snapshot', () => {
      const newest = this.#broker.snapshots[0]?.manifest;
      return newest?.epoch === epoch || this.#broker.misfilesSnapshots ? newest : undefined;
    });
  }

  snapshotPart({ id }: SnapshotManifest, at: number): Promise<Uint8Array> {
    return this.#ask('snapshotPart', () => {
      const part = this.#broker.snapshots.find(({ manifest }) => manifest.id === id)?.parts[at];
      if (part === undefined) throw new RevocationError('ERR_LOG_UNAVAILABLE', `No part ${String(at)} of ${id}.`);
      return part;
    });
  }

  report(heartbeat: Heartbeat): void {
    if (this.#connected) this.#broker.heartbeats.push(heartbeat);
  }

  reportRefusals(report: RefusalReport): void {
    if (this.#connected) this.#broker.refusals.push(report);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cut();
    this.#listener = undefined;
    this.#broker.forget(this);
    return Promise.resolve();
  }

  /** The broker has sent a live record. */
  deliver(record: FeedRecord): void {
    const delays = this.#faults.deliver?.(record) ?? [0];
    for (const delayMs of delays) this.#arrive(delayMs, (listener) => listener.record(record));
  }

  hearTick(tick: Tick): void {
    const delays = this.#faults.hearTick?.(tick) ?? [0];
    for (const delayMs of delays) this.#arrive(delayMs, (listener) => listener.tick(tick));
  }

  #connect(): void {
    if (!this.#reachable || this.#connected || this.#closed) return;
    this.#connected = true;
    this.#connection += 1;
    this.#subscribe();
    this.#listener?.connected();
  }

  #subscribe(): void {
    this.#subscribed = false;
    this.#subscribing = this.#travel().then(() => {
      this.#subscribed = true;
    });
    // Whoever waits for it hears of the cut; when nobody does, nothing is lost.
    this.#subscribing.catch(() => undefined);
  }

  #arrive(delayMs: number, tell: (listener: FeedListener) => void): void {
    if (!this.#connected || !this.#subscribed) return;
    const connection = this.#connection;
    this.#broker.schedule(delayMs, () => {
      if (this.#connected && connection === this.#connection && this.#listener !== undefined) tell(this.#listener);
    });
  }

  async #ask<Answer>(ask: InMemoryAsk, answer: () => Answer): Promise<Answer> {
    await this.#travel();
    if (this.#faults.refuses?.(ask) === true) throw disconnected();
    const answered = answer();
    await this.#travel();
    return answered;
  }

  /** A log is found by its name: whoever asks for a recreated one is answered by the new one. */
  #logOf(log: LogIdentity): InMemoryLog {
    const current = this.#broker.requiredLog();
    if (current.identity.name !== log.name) throw new RevocationError('ERR_LOG_UNAVAILABLE', `No log ${log.name}.`);
    return current;
  }

  /** One way between node and broker; a cut ends it at once. */
  #travel(): Promise<void> {
    if (!this.#connected) return Promise.reject(disconnected());
    const travelMs = this.#faults.travelMs?.() ?? 0;
    return new Promise((resolve, reject) => {
      this.#travelling.add(reject);
      this.#broker.schedule(travelMs, () => {
        this.#travelling.delete(reject);
        resolve();
      });
    });
  }

  #cut(): void {
    this.#connected = false;
    for (const reject of this.#travelling) reject(disconnected());
    this.#travelling.clear();
  }
}

const disconnected = (): RevocationError =>
  new RevocationError('ERR_FEED_DISCONNECTED', 'The broker cannot be reached.');
