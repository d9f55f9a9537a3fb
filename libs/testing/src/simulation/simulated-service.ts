import {
  createFleetView,
  type FleetView,
  type Heartbeat,
  type LogIdentity,
  type MonotonicMs,
  type Propagation,
  type PropagationQuery,
  type RecordBody,
  sequence,
} from '@revocast/core';
import { anIssuer, AN_ISSUER, epochOpenedBody, liftedBody, revokedBody } from '../builders.js';
import { type InMemoryLog } from '../in-memory-log.js';
import { type ConfirmedRecord, type Journal, type JournalRecord } from './journal.js';
import { ProcessTime } from './process-time.js';
import { ServiceLink } from './service-link.js';
import { DECLARED_DIGEST } from './simulated-node.js';
import { SnapshotWriter } from './simulated-snapshots.js';
import { logNameOf, type Surroundings } from './surroundings.js';

/** How often a service ticks, looks at the log, tries what was not confirmed again, and at its fleet. Milliseconds. */
const TICK_MS = 1_000;
const REVIEW_MS = 2_000;
/** A node that starts is answered with a tick, unless one was sent this lately. Milliseconds. */
const NEWCOMER_MS = 100;
const RETRY_MS = 1_000;
/** One attempt to publish is under way at a time, and for no longer. Milliseconds. */
const ATTEMPT_MS = 5_000;
/** A PubAck that took longer waited for a service that was stopped. Milliseconds. */
const ACK_AGE_MS_MAX = 6_000;
const LOOK_MS_MAX = 500;
const LOOK_MS_MIN = 5;
/** How long a log must be seen missing or damaged before it is written anew. Milliseconds. */
const DAMAGED_MS = 1_000;
/** Confirmed records that are compared with the log in each review. */
const COMPARED_MAX = 64;
/** Revocations per record when an epoch is filled. */
const PACKED = 4;

/** What is the service's alone, beside what all parts of the world share. */
export interface ServiceSurroundings extends Surroundings {
  readonly journal: Journal;
  readonly fleetBoundMs: () => number;
  /** Whether services write snapshots. */
  readonly takesSnapshots: boolean;
  /** Whether the instance of this name runs and has its connection. */
  readonly works: (service: string) => boolean;
  /** Whether this instance does what one of them has to do. */
  readonly leads: (service: SimulatedService) => boolean;
  /** What stood in the log stands there no more. */
  readonly replaceLog: () => void;
  /** Whether the epoch may be opened. */
  readonly mayAnnounce: (journal: Journal) => boolean;
  /** How long a log waits for what is live after it was made. Milliseconds. */
  readonly fillsAfterMs: number;
  readonly publishesAgain: boolean;
  /** Whether the log still has what was confirmed. */
  readonly isKept: (expected: readonly JournalRecord[], log: InMemoryLog) => boolean;
  readonly store: (record: JournalRecord) => Stored | undefined;
  readonly claim: (service: string, record: JournalRecord, propagation: Propagation) => void;
}

/** Where the broker has a record. `duplicate`: it had it before. */
export interface Stored {
  readonly at: number;
  readonly duplicate: boolean;
}

/** The log as the service saw it: who it is, and whether confirmed records stand where they should. */
interface Seen {
  readonly identity: LogIdentity;
  readonly head: number;
  readonly isKept: boolean;
}

/** A process of the service. */
interface Running {
  readonly process: ProcessTime;
  readonly view: FleetView;
  /** When it heard PubAcks, by its own monotonic clock. */
  readonly heardAcks: Map<string, MonotonicMs>;
  readonly triedAt: Map<string, number>;
  readonly snapshots: SnapshotWriter | undefined;
  /** The highest watermark that nodes told, by epoch. */
  readonly claimed: Map<string, number>;
  damagedSince: number | undefined;
  looksSoon: boolean;
  tickedAt: number;
}

/**
 * An instance of the service, as `apps/revocation-service` does it: intent before publish, the same bytes until a PubAck
 * is there, a fleet view of its own that dies with the process, and a log that is written anew when it is lost.
 */
export class SimulatedService {
  readonly link: ServiceLink;
  #running: Running | undefined;
  #reachable = true;
  #wallAheadMs = 0;
  readonly #heardOver = new Set<string>();

  constructor(
    private readonly around: ServiceSurroundings,
    readonly name: string,
  ) {
    this.link = new ServiceLink(around.time);
  }

  get process(): ProcessTime | undefined {
    return this.#running?.process;
  }

  get works(): boolean {
    return this.#running?.process.runs === true && this.link.isOpen;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const { journal, fleetBoundMs, alterView, time } = this.around;
    const process = new ProcessTime(time, this.#wallAheadMs);
    const identityAt = (epoch: string, at: number): string | undefined => journal.identityAt(epoch, at);
    const hasLostRecords = (epoch: string): boolean => journal.hasLostRecords(epoch);
    const options = { fleetBoundMs: fleetBoundMs(), expected: {}, clock: process, identityAt, hasLostRecords };
    const view = alterView(createFleetView(options), options);
    const nothing = { damagedSince: undefined, looksSoon: false, tickedAt: -Infinity, claimed: new Map() };
    const snapshots = this.#snapshotWriter(process);
    const running = { process, view, snapshots, heardAcks: new Map(), triedAt: new Map(), ...nothing };
    this.#running = running;
    if (this.#reachable) this.#connect();
    this.#repeat(running, 0, TICK_MS, () => this.#tick(running));
    this.#repeat(running, 0, REVIEW_MS, () => this.#review(running));
    this.#repeat(running, LOOK_MS_MAX, LOOK_MS_MAX, () => this.#look(running));
    this.#repeat(running, RETRY_MS, RETRY_MS, () => this.#sendPending(running));
  }

  kill(): void {
    this.#wallAheadMs = this.#running?.process.wallAheadMs ?? this.#wallAheadMs;
    this.#running?.process.kill();
    this.#running?.snapshots?.close();
    this.#running = undefined;
    this.link.cut();
  }

  cut(): void {
    this.#reachable = false;
    if (!this.link.isOpen) return;
    this.link.cut();
    const running = this.#running;
    running?.snapshots?.cut();
    running?.process.run(() => running.view.deaf());
  }

  reconnect(): void {
    this.#reachable = true;
    if (this.#running !== undefined) this.#connect();
  }

  /**
   * What a node says over `connection`. However bad the network is, of each connection something is heard as long as both
   * stand: that is what a service relies on that has listened for long enough.
   */
  hear(heartbeat: Heartbeat, connection: string, isMuted: boolean): void {
    if (!this.link.isOpen || (isMuted && this.#heardOver.has(connection))) return;
    this.#heardOver.add(connection);
    this.link.receive(() => {
      const running = this.#running;
      running?.process.run(() => {
        running.view.heard(heartbeat);
        this.#readUpTo(running, heartbeat);
        this.#lookSoon(running);
        if (heartbeat.state === 'connecting' || heartbeat.state === 'catchingUp') this.#welcome(running);
      });
    });
  }

  /** What a node has read was in the log; the service reads it as well, as long as the log has it. */
  #readUpTo({ process, claimed }: Running, { epoch, watermark }: Heartbeat): void {
    const { journal, broker } = this.around;
    if (epoch === undefined) return;
    claimed.set(epoch, Math.max(watermark, claimed.get(epoch) ?? 0));
    if (epoch !== journal.epoch?.name || watermark <= journal.stored) return;
    this.link.send(() => {
      const last = logNameOf(broker.log?.identity) === logNameOf(journal.epoch?.log) ? (broker.log?.last ?? 0) : 0;
      this.link.receive(() => process.run(() => last >= watermark && journal.saw(epoch, watermark)));
    });
  }

  /** Takes what is new into the journal and publishes it. */
  publish(body: RecordBody): void {
    const running = this.#running;
    if (running?.process.runs !== true) return;
    const record = this.around.journal.intend(body, running.process.wall(), this.name);
    if (record !== undefined) this.#send(running, record);
  }

  /** Before it ages out of the log, what is live goes into it once more, and so does what makes the log count. */
  publishAgain(): readonly JournalRecord[] {
    const { journal } = this.around;
    const before = journal.records.length;
    if (this.around.publishesAgain) this.#fill();
    this.publish(epochOpenedBody({ previous: journal.epoch?.previous, entries: journal.revocations.size }));
    return journal.records.slice(before);
  }

  /** Writes what its follower knows now, which takes `ms`. */
  takeSnapshot(ms: number): void {
    this.#running?.snapshots?.write(ms);
  }

  #snapshotWriter(process: ProcessTime): SnapshotWriter | undefined {
    const { takesSnapshots, broker, nextSeed, fleetBoundMs } = this.around;
    if (!takesSnapshots) return undefined;
    const options = { broker, process, seed: nextSeed(), reachable: this.#reachable, fleetBoundMs: fleetBoundMs() };
    return new SnapshotWriter(options);
  }

  #connect(): void {
    const running = this.#running;
    if (this.link.isOpen || running === undefined) return;
    this.link.open();
    running.snapshots?.reconnect();
    this.#heardOver.clear();
    running.process.run(() => {
      if (!this.link.isOpen) return;
      // Whatever was under way over the connection before has failed.
      running.triedAt.clear();
      running.view.listening();
      this.#sendPending(running);
    });
  }

  #repeat(running: Running, firstMs: number, everyMs: number, task: () => void): void {
    running.process.schedule(firstMs, () => {
      task();
      this.#repeat(running, everyMs, everyMs, task);
    });
  }

  /** A node that starts waits for a tick. */
  #welcome(running: Running): void {
    const now = running.process.monotonic();
    if (now - running.tickedAt >= NEWCOMER_MS) this.#tick(running);
  }

  #tick(running: Running): void {
    const { process } = running;
    const { journal, leads, broker, fleetBoundMs } = this.around;
    if (!leads(this) || journal.epoch?.isOpen !== true) return;
    running.tickedAt = process.monotonic();
    const epoch = journal.epoch.name;
    const parts = { epoch, head: sequence(journal.stored), time: process.wall(), fleetBoundMs: fleetBoundMs() };
    this.link.send(() => broker.hearTick(parts));
  }

  #sendPending(running: Running): void {
    for (const record of this.around.journal.pending) {
      if (record.maker !== this.name && this.around.works(record.maker)) continue;
      const triedAt = running.triedAt.get(record.recordId) ?? -Infinity;
      if (running.process.monotonic() - triedAt >= ATTEMPT_MS) this.#send(running, record);
    }
  }

  #send(running: Running, record: JournalRecord): void {
    const sentAt = { wall: running.process.wall(), monotonic: running.process.monotonic() };
    running.triedAt.set(record.recordId, sentAt.monotonic);
    const [before, claimed] = [this.around.journal.stored, running.claimed.get(record.epoch) ?? 0];
    this.link.send(() => {
      const stored = this.around.store(record);
      if (stored === undefined) return;
      this.link.receive(() =>
        running.process.run(() => {
          const { process, view } = running;
          const tookMs = Math.max(process.wall() - sentAt.wall, process.monotonic() - sentAt.monotonic);
          if (tookMs > ACK_AGE_MS_MAX) return;
          if (!stored.duplicate && stored.at <= before) this.around.journal.lostRecords(record.epoch);
          else if (!stored.duplicate && stored.at <= claimed) view.disown(record.epoch, sequence(stored.at));
          this.#acked(running, record, stored);
        }),
      );
    });
  }

  #acked(running: Running, record: JournalRecord, { at }: Stored): void {
    const { journal } = this.around;
    if (!journal.acked(record, at, running.process.wall())) return;
    running.heardAcks.set(record.recordId, running.process.monotonic());
    const { epoch } = journal;
    if (record.body.kind === 'epochOpened' && epoch !== undefined) epoch.isOpen = true;
    this.#announce(running);
    this.#lookSoon(running);
  }

  /** Asks the log who it is and how far it goes, and follows what that says. */
  #review(running: Running): void {
    if (!this.around.leads(this)) return;
    const { broker, journal } = this.around;
    const expected = journal.newestConfirmed(COMPARED_MAX);
    this.link.send(() => {
      const { log } = broker;
      const seen = log && { identity: log.identity, head: log.last, isKept: this.around.isKept(expected, log) };
      this.link.receive(() => running.process.run(() => this.#reviewed(running, seen)));
    });
  }

  #reviewed(running: Running, seen: Seen | undefined): void {
    const { journal, leads } = this.around;
    if (!leads(this)) return;
    const { epoch } = journal;
    const isOurs = epoch !== undefined && seen !== undefined && logNameOf(seen.identity) === logNameOf(epoch.log);
    // It reads what others write as well, so it knows that it was there.
    const isWhole = epoch !== undefined && isOurs && seen.isKept && seen.head >= epoch.head;
    if (isWhole && !epoch.rolledBack) {
      journal.saw(epoch.name, seen.head);
      running.damagedSince = undefined;
      this.#announce(running);
      return;
    }
    const now = running.process.monotonic();
    running.damagedSince ??= now;
    if (epoch === undefined || now - running.damagedSince >= DAMAGED_MS) this.#beginEpoch(running);
  }

  /** A new log with everything that is live; the record that makes it count comes last. */
  #beginEpoch(running: Running): void {
    const { journal, broker, note, time } = this.around;
    if (journal.epoch === undefined) running.view.noneCurrentYet();
    running.damagedSince = undefined;
    const { log } = broker;
    if (log !== undefined) note({ kind: 'happened', at: time.trueMs(), what: `${this.name} replaces the log` });
    this.around.replaceLog();
    const epoch = journal.begin();
    epoch.log = broker.createLog(epoch.name);
    if (this.around.fillsAfterMs === 0) this.#fill();
    else running.process.schedule(this.around.fillsAfterMs, () => this.#fill());
    this.#announce(running);
  }

  #fill(): void {
    const { journal } = this.around;
    const live = [...journal.revocations.values()].filter(({ id }) => !journal.lifted.has(id));
    for (let at = 0; at < live.length; at += PACKED) this.publish(revokedBody(...live.slice(at, at + PACKED)));
    const lifts = [...journal.lifted].flatMap((id) => journal.revocations.get(id) ?? []);
    if (lifts.length > 0) this.publish(liftedBody(...lifts));
    this.publish({ kind: 'settingsDeclared', version: 1, settings: anIssuer() });
  }

  #announce({ process }: Running): void {
    const { journal } = this.around;
    const { epoch } = journal;
    if (epoch === undefined || epoch.isOpen || !this.around.mayAnnounce(journal) || !process.runs) return;
    const isSaid = journal.records.some((record) => record.epoch === epoch.name && record.body.kind === 'epochOpened');
    if (!isSaid) this.publish(epochOpenedBody({ previous: epoch.previous, entries: journal.revocations.size }));
  }

  #lookSoon(running: Running): void {
    if (running.looksSoon) return;
    running.looksSoon = true;
    running.process.schedule(LOOK_MS_MIN, () => {
      running.looksSoon = false;
      this.#look(running);
    });
  }

  /** As the service keeps proofs: one look at everything that has none yet. */
  #look({ view, heardAcks }: Running): void {
    const records = this.around.journal.unproven;
    const proofs = view.proven(records.map((record) => queryOf(record, heardAcks.get(record.recordId))));
    for (const [at, record] of records.entries()) {
      const propagation = proofs[at];
      if (propagation === undefined) continue;
      record.proof = propagation;
      this.around.claim(this.name, record, propagation);
    }
  }
}

const queryOf = (
  { epoch, sequence: at, ackedAt: pubAckAt }: ConfirmedRecord,
  heardAck: MonotonicMs | undefined,
): PropagationQuery => ({
  ...{ epoch, sequence: sequence(at), pubAckAt, issuer: AN_ISSUER, scope: 'token', settingsDigest: DECLARED_DIGEST },
  ...(heardAck !== undefined && { pubAckMonotonic: heardAck }),
});

/** Whether everything of the epoch is confirmed, so that it may be opened. */
export const isFilled = (journal: Journal): boolean => journal.pending.length === 0;

/** Whether each of these stands where it was confirmed, unless it has aged out. */
export const isKept = (expected: readonly JournalRecord[], log: InMemoryLog): boolean =>
  expected.every(({ recordId, sequence: at = 0 }) => at < log.first || log.at(sequence(at))?.identity === recordId);
