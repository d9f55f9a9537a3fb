import {
  type FeedRecord,
  type FleetView,
  type FleetViewOptions,
  type FollowerOptions,
  type LogIdentity,
  type Propagation,
  sequence,
  type TokenFacts,
} from '@revocast/core';
import { aRevocation, liftedBody, revokedBody, someFacts } from '../builders.js';
import { type History, type HistoryEntry } from '../history.js';
import { InMemoryBroker } from '../in-memory-feed.js';
import { type InMemoryLog } from '../in-memory-log.js';
import { ManualTime } from '../manual-time.js';
import { idsOf, Journal, type JournalRecord } from './journal.js';
import { type NodePlan, SimulatedNode } from './simulated-node.js';
import { isFilled, isKept, type ServiceSurroundings, SimulatedService, type Stored } from './simulated-service.js';
import { SNAPSHOT_RECORDS_MIN } from './simulated-snapshots.js';
import { logNameOf } from './surroundings.js';

/** How a world begins. */
export interface WorldSetup {
  readonly seed: number;
  /** The largest bound of the fleet. Milliseconds. */
  readonly fleetBoundMs: number;
  readonly nodes: readonly NodePlan[];
  readonly services: number;
  /** Whether services write snapshots, and nodes start from them. */
  readonly snapshots: boolean;
}

/** What a mutant may change; all of it is the product's otherwise. */
export interface WorldAlterations {
  readonly alterFollower?: (options: FollowerOptions) => FollowerOptions;
  readonly alterView?: (view: FleetView, options: FleetViewOptions) => FleetView;
  /** Whether an epoch may be opened; by default when everything of it is confirmed. */
  readonly mayAnnounce?: (journal: Journal) => boolean;
  /** How long a log that was made waits for what is live; by default everything is sent at once. Milliseconds. */
  readonly fillsAfterMs?: number;
  /** Whether the log still has what was confirmed; by default when each record stands where it did. */
  readonly isKept?: ServiceSurroundings['isKept'];
  /** Whether what is live goes into the log once more before it ages out; by default it does. */
  readonly publishesAgain?: boolean;
}

interface Renewal {
  readonly epoch: string;
  readonly from: number;
  readonly records: readonly JournalRecord[];
  confirmedAt?: number;
}

/** Milliseconds from the confirmation of what was published again until its first publication ages out. */
const RENEWED_FOR_MS = 15_000;
/** Nodes there may be; each is looked at all the time. */
export const NODES_MAX = 7;
const DEFAULTS: Required<WorldAlterations> = {
  alterFollower: (options) => options,
  alterView: (view) => view,
  mayAnnounce: isFilled,
  fillsAfterMs: 0,
  publishesAgain: true,
  isKept,
};

/**
 * A broker, the instances of a service with their journal, and nodes that follow: each process with clocks of its own,
 * all on one manual time. Everything that an observer with a perfect clock could see goes into `history`, which the
 * guarantees judge. Every revocation hits a token of its own.
 */
export class SimulatedWorld {
  readonly time = new ManualTime();
  readonly broker = new InMemoryBroker({ schedule: this.time.schedule, now: () => this.time.wall() });
  readonly journal = new Journal();
  readonly nodes: SimulatedNode[] = [];
  readonly services: readonly SimulatedService[];
  readonly #takesSnapshots: boolean;
  readonly #history: HistoryEntry[] = [];
  readonly #tokens = new Map<string, TokenFacts>();
  readonly #around: ServiceSurroundings;
  #fleetBoundMs: number;
  #seed: number;
  #changes = 0;
  /** What goes into the log of this epoch again from there on. */
  #renewal: Renewal | undefined;
  #lostAt = Number.NEGATIVE_INFINITY;
  #forged = 0;

  constructor(setup: WorldSetup, alterations: WorldAlterations = {}) {
    this.#seed = setup.seed;
    this.#fleetBoundMs = setup.fleetBoundMs;
    this.#takesSnapshots = setup.snapshots;
    this.#around = this.#surroundings({ ...DEFAULTS, ...alterations });
    this.services = Array.from(
      { length: setup.services },
      (_, at) => new SimulatedService(this.#around, `service-${at + 1}`),
    );
    for (const plan of setup.nodes) this.addNode(plan);
  }

  get history(): History {
    return this.#history;
  }

  get ids(): readonly string[] {
    return [...this.journal.revocations.keys()];
  }

  /** The service first, as somebody who sets this up would. */
  async start(): Promise<void> {
    for (const service of this.services) service.start();
    await this.time.advance(10);
    for (const node of this.nodes) node.start();
  }

  addNode(plan: NodePlan): SimulatedNode | undefined {
    if (this.nodes.length >= NODES_MAX) return undefined;
    const node = new SimulatedNode(this.#around, `host-${this.nodes.length + 1}`, plan);
    this.nodes.push(node);
    return node;
  }

  note(what: string): void {
    this.#history.push({ kind: 'happened', at: this.time.trueMs(), what });
  }

  spins(why: string): void {
    this.#history.push({ kind: 'spins', at: this.time.trueMs(), why });
  }

  /** Revokes a token that nothing else hits. */
  revoke(service: SimulatedService): void {
    if (service.process?.runs !== true || this.journal.epoch === undefined) return;
    const jti = `jti-${this.journal.revocations.size + 1}`;
    const revocation = aRevocation({ id: `revocation-${jti}`, key: { scope: 'token', jti } });
    this.journal.revocations.set(revocation.id, revocation);
    this.#tokens.set(revocation.id, someFacts({ jti }));
    service.publish(revokedBody(revocation));
  }

  lift(service: SimulatedService, id: string): void {
    const revocation = this.journal.revocations.get(id);
    if (revocation === undefined || service.process?.runs !== true || this.journal.lifted.has(id)) return;
    this.journal.lifted.add(id);
    this.#changes += 1;
    this.#history.push({ kind: 'lifted', at: this.time.trueMs(), id });
    service.publish(liftedBody(revocation));
  }

  /** A power loss takes the newest records; the broker gives their sequences out again. */
  rollBack(records: number): void {
    const { log } = this.broker;
    if (log === undefined || log.last < 2) return;
    const last = Math.max(1, log.last - records);
    this.#changes += 1;
    this.#history.push({ kind: 'rolledBack', at: this.time.trueMs(), log: this.#logName(log.identity) });
    this.#lose(last, 'rolledBack');
    log.rollBackTo(last);
  }

  wipeLog(): void {
    this.replaceLog();
  }

  /**
   * The log keeps records for a time only: first what is live is published again, and long after that is confirmed, what is
   * older ages out. In truth half of the log's age lies between; here more than anybody's answer is under way.
   */
  ageLog(): string {
    const { log } = this.broker;
    const service = this.services.find(({ works }) => works);
    const { epoch } = this.journal;
    if (log === undefined || service === undefined || epoch?.isOpen !== true) return 'nothing is published again';
    if (this.#renewal?.epoch !== epoch.name) {
      this.#renewal = { epoch: epoch.name, from: log.last + 1, records: service.publishAgain() };
      return `${service.name} publishes again what is live`;
    }
    const { from, records } = this.#renewal;
    if (!records.every(({ sequence: at = 0 }) => at >= from && at <= log.last)) return 'nothing ages out';
    this.#renewal.confirmedAt ??= this.time.trueMs();
    if (this.time.trueMs() - this.#renewal.confirmedAt < RENEWED_FOR_MS) return 'nothing ages out yet';
    this.#renewal = undefined;
    this.#ageOut(log, from);
    return `what is older than ${from} ages out`;
  }

  #ageOut(log: InMemoryLog, from: number): void {
    this.#changes += 1;
    for (const record of log.records()) {
      if (record.sequence >= from || record.kind !== 'record') continue;
      const place = { at: this.time.trueMs(), log: this.#logName(log.identity), sequence: record.sequence };
      for (const id of idsOf(record.body)) this.#history.push({ kind: 'agedOut', ...place, id });
    }
    log.ageOut(from);
  }

  /**
   * Somebody deletes the log and makes an empty one of its name. Never while its epoch is being opened: the record that opens
   * it may be under way, and would open a log that lacks everything before it.
   */
  recreateLog(): void {
    if (this.journal.epoch?.isOpen !== true) return;
    const epoch = this.broker.log?.identity.epoch;
    this.replaceLog();
    if (epoch !== undefined) this.broker.createLog(epoch);
  }

  /** Somebody without our keys revokes; `inLog`: he may even write into the log, also where it has lost what was confirmed. */
  forge(inLog: boolean): void {
    const { log } = this.broker;
    if (log === undefined) return;
    this.#forged += 1;
    const jti = `forged-jti-${this.#forged}`;
    const revocation = aRevocation({ id: `forged-${this.#forged}`, key: { scope: 'token', jti } });
    this.#tokens.set(revocation.id, someFacts({ jti }));
    this.#history.push({ kind: 'forged', at: this.time.trueMs(), id: revocation.id });
    // Signed once, for another epoch: all that a forger can get hold of.
    const stale = {
      kind: 'record',
      epoch: 'epoch-of-old',
      time: this.broker.now(),
      body: revokedBody(revocation),
    } as const;
    const foreign = { kind: 'foreign', why: 'wrongKey' } as const;
    for (const [at, forged] of [stale, foreign].entries()) {
      const record = { ...forged, identity: `forged-record-${this.#forged}-${at}` };
      if (inLog) this.broker.place(record);
      else this.broker.inject({ ...record, sequence: sequence(log.last + 1) });
    }
  }

  /**
   * Sends a record of the log over the live feed, perhaps one that nobody has heard of, as it was or so many sequences above
   * or below its own: the signature does not cover the sequence.
   */
  replay(which: number, movedBy: number): void {
    const records = this.broker.log?.records() ?? [];
    const record: FeedRecord | undefined = records[which % Math.max(1, records.length)];
    if (record === undefined) return;
    this.broker.inject({ ...record, sequence: sequence(Math.max(1, record.sequence + movedBy)) });
  }

  /** The operator sets another bound: the services start again with it. */
  setFleetBound(ms: number): void {
    this.#fleetBoundMs = ms;
    for (const service of this.services) {
      if (service.process === undefined) continue;
      service.kill();
      service.start();
    }
  }

  get fleetBoundMs(): number {
    return this.#fleetBoundMs;
  }

  /** Lets `ms` pass and looks at everything meanwhile. */
  async advance(ms: number): Promise<void> {
    const stepMs = Math.max(1, Math.ceil(ms / Math.min(4, Math.ceil(ms / 400))));
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.time.advance(Math.min(stepMs, ms - passed));
      this.observe();
    }
  }

  /** Ends all faults and gives everybody `ms` to recover. */
  async settle(ms: number): Promise<void> {
    this.broker.faults = {};
    for (const service of this.services) {
      service.link.latencyMs = () => 0;
      service.start();
      service.reconnect();
    }
    for (const node of this.nodes) {
      node.faults = undefined;
      node.reconnect();
    }
    await this.time.advance(ms);
    const unproven = this.journal.unproven.flatMap(({ body }) => idsOf(body));
    const binding = unproven.filter((id) => !this.journal.lifted.has(id));
    const missing = this.#missing();
    // Somebody must be there for whom it can be said.
    const isAsked = this.nodes.some(
      ({ running, plan }) =>
        running !== undefined && plan.settings === 'declared' && plan.guarded && plan.mode === 'strict',
    );
    this.#history.push({
      kind: 'settled',
      at: this.time.trueMs(),
      healedMs: ms,
      missing,
      unproven: isAsked ? binding : [],
    });
    // What was just published is under way to all, or to none.
    this.observe(true);
  }

  close(): void {
    for (const node of this.nodes) node.kill();
    for (const service of this.services) service.kill();
  }

  /** Looks at every node that answers. */
  observe(everything = false): void {
    for (const node of this.nodes) this.observeNode(node, everything);
  }

  observeNode(node: SimulatedNode, everything = false): void {
    const observation = node.look(everything);
    if (observation !== undefined) this.#history.push(observation);
  }

  replaceLog(): void {
    this.#changes += 1;
    this.#lose(0, 'replaced');
    this.broker.removeLog();
  }

  #surroundings(alterations: Required<WorldAlterations>): ServiceSurroundings {
    return {
      ...{ time: this.time, broker: this.broker, journal: this.journal, ...alterations },
      note: (entry) => this.#history.push(entry),
      carry: (...heard) => {
        for (const service of this.services) service.hear(...heard);
      },
      tokens: () => this.#tokens,
      changes: () => this.#changes,
      lostAt: () => this.#lostAt,
      nextSeed: () => (this.#seed = (this.#seed * 31 + 7) >>> 0),
      takesSnapshots: this.#takesSnapshots,
      snapshot: () => (this.#takesSnapshots ? { snapshotRecordsMin: SNAPSHOT_RECORDS_MIN } : {}),
      fleetBoundMs: () => this.#fleetBoundMs,
      works: (name) => this.services.some((service) => service.name === name && service.works),
      leads: (service) => this.services.find(({ works }) => works) === service,
      replaceLog: () => this.replaceLog(),
      store: (record) => this.#store(record),
      claim: (service, record, propagation) => this.#claim(service, record, propagation),
    };
  }

  /** As the broker does it: one of another log is refused, and a repeated one is known by its id. */
  #store({ recordId, epoch, time, body }: JournalRecord): Stored | undefined {
    const { log } = this.broker;
    if (log?.identity.epoch !== epoch) return undefined;
    const known = log.records().find(({ identity }) => identity === recordId);
    if (known !== undefined) return { at: known.sequence, duplicate: true };
    const { sequence: at } = this.broker.place({ kind: 'record', identity: recordId, epoch, time, body });
    const place = { at: this.time.trueMs(), log: this.#logName(log.identity), sequence: at };
    for (const id of idsOf(body)) this.#history.push({ kind: 'published', ...place, id });
    return { at, duplicate: false };
  }

  /** What the broker once confirmed and the log lacks. */
  #missing(): readonly string[] {
    const bodies =
      this.broker.log?.records().flatMap((record) => (record.kind === 'record' ? [record.body] : [])) ?? [];
    const standing = new Set(bodies.flatMap(idsOf));
    const confirmed = this.journal.records
      .filter(({ sequence: at }) => at !== undefined)
      .flatMap(({ body }) => idsOf(body));
    return [...new Set(confirmed)].filter((id) => !standing.has(id) && !this.journal.lifted.has(id));
  }

  #claim(service: string, { body }: JournalRecord, propagation: Propagation): void {
    const { state, appliedNodes, silent, lagging } = propagation;
    if (state !== 'enforced' && state !== 'enforcedExcept') return;
    const applied = new Set(appliedNodes.map(({ instance }) => instance));
    const counted = new Set([...applied, ...[...silent, ...lagging].map(({ instance }) => instance)]);
    const at = this.time.trueMs();
    this.observe();
    for (const id of idsOf(body)) this.#history.push({ kind: 'claimed', at, service, id, state, counted, applied });
    this.observe();
  }

  #lose(after: number, because: 'replaced' | 'rolledBack'): void {
    const { log } = this.broker;
    this.#lostAt = this.time.trueMs();
    if (log === undefined) return;
    const place = { at: this.time.trueMs(), log: this.#logName(log.identity), because };
    for (const record of log.records()) {
      if (record.sequence <= after || record.kind !== 'record') continue;
      for (const id of idsOf(record.body))
        this.#history.push({ kind: 'lost', ...place, sequence: record.sequence, id });
    }
  }

  #logName(log: LogIdentity): string {
    return logNameOf(log) ?? '';
  }
}
