import {
  createFollower as createRealFollower,
  decide,
  type Feed,
  type Follower,
  type FollowerOptions,
  type Revocation,
  type Sequence,
  type TokenFacts,
} from '@revocast/core';
import { anIssuer, aRevocation, epochOpenedBody, liftedBody, revokedBody, someFacts } from './builders.js';
import { type HistoryEntry } from './guarantees.js';
import { InMemoryBroker, type InMemoryFeed } from './in-memory-feed.js';
import { ManualTime } from './manual-time.js';

export interface FollowerWorldOptions {
  /** Staleness bound of every check. Milliseconds. */
  readonly boundMs: number;
  readonly nodes: number;
  /** Dice of the followers, in [0, 1). */
  readonly prng: () => number;
  /** Changes what a follower is made of; mutants do. */
  readonly alter?: (options: FollowerOptions) => FollowerOptions;
}

/** One process with a follower. */
export interface WorldNode {
  readonly name: string;
  readonly feed: InMemoryFeed;
  readonly follower: Follower;
  readonly meter: ReadMeter;
  readonly timers: () => number;
}

interface Published {
  readonly revocation: Revocation;
  readonly facts: TokenFacts;
}

const NOTHING_WRONG = {};
const TICK_MS = 1_000;

/**
 * A broker, a service that publishes, and nodes that follow, all on one manual time; everything that an observer could
 * see goes into `history`, which the guarantees judge. Every revocation hits a token of its own.
 */
export class FollowerWorld {
  readonly time = new ManualTime();
  readonly broker: InMemoryBroker;
  readonly nodes: readonly WorldNode[];
  readonly history: HistoryEntry[] = [];
  readonly #options: FollowerWorldOptions;
  readonly #published = new Map<string, Published>();
  readonly #lifted = new Set<string>();
  #epochs = 0;
  #ticking = true;

  constructor(options: FollowerWorldOptions) {
    this.#options = options;
    this.broker = new InMemoryBroker({ schedule: this.time.schedule, now: () => this.time.wall() });
    this.nodes = Array.from({ length: options.nodes }, (_, at) => this.#createNode(`node-${at + 1}`));
    this.openEpoch();
    this.#tickForEver();
  }

  /** All revocations so far, lifted ones too. */
  get ids(): readonly string[] {
    return [...this.#published.keys()];
  }

  start(): void {
    for (const { follower } of this.nodes) follower.start();
  }

  /** Publishes a revocation of one token that nothing else hits, and answers its id. */
  revoke(): string {
    const jti = `jti-${this.#published.size + 1}`;
    const revocation = aRevocation({ id: `revocation-${jti}`, key: { scope: 'token', jti } });
    this.#published.set(revocation.id, { revocation, facts: someFacts({ jti }) });
    this.#publish(revocation);
    return revocation.id;
  }

  lift(id: string): void {
    const published = this.#published.get(id);
    if (published === undefined || this.#lifted.has(id)) return;
    this.#lifted.add(id);
    this.broker.publish(liftedBody(published.revocation));
    this.history.push({ kind: 'lifted', at: this.time.trueMs(), id });
  }

  /** The service opens a new epoch: a new log, everything live again, and only then the record that makes it count. */
  openEpoch(): void {
    this.#epochs += 1;
    this.#replaceLog(`epoch-${this.#epochs}`);
  }

  /** Somebody deletes the log and makes it again under its old name. */
  recreateLog(): void {
    this.#replaceLog(`epoch-${this.#epochs}`);
  }

  /** A power loss takes the newest records; the service notices and publishes what it knows again. */
  rollBack(records: number): void {
    const log = this.broker.requiredLog();
    const last = Math.max(1, log.last - records);
    const lost = log.records().filter(({ sequence }) => sequence > last);
    log.rollBackTo(last);
    this.history.push({ kind: 'rolledBack', at: this.time.trueMs(), log: this.#logName() });
    this.#lose(lost.map(({ sequence }) => sequence));
    for (const { revocation } of this.#published.values())
      if (this.#isMissing(revocation.id)) this.#publish(revocation);
    for (const id of this.#lifted) this.#publishLift(id);
    const isOpened = log.records().some((record) => record.kind === 'record' && record.body.kind === 'epochOpened');
    if (!isOpened) this.broker.publish(epochOpenedBody());
  }

  /** Lets `ms` pass and looks at everything meanwhile. */
  async advance(ms: number): Promise<void> {
    const stepMs = Math.max(1, ms / 4);
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.time.advance(Math.min(stepMs, ms - passed));
      this.observe();
    }
  }

  /** Ends all faults and gives the nodes `ms` to recover. */
  async settle(ms: number): Promise<void> {
    this.broker.faults = NOTHING_WRONG;
    for (const { feed } of this.nodes) feed.reconnect();
    await this.time.advance(ms);
    this.#ticking = false;
    await this.time.advance(2 * TICK_MS);
    this.history.push({ kind: 'settled', at: this.time.trueMs(), healedMs: ms });
    this.observe();
  }

  async close(): Promise<void> {
    this.#ticking = false;
    await Promise.all(this.nodes.map(({ follower }) => follower.close()));
  }

  /** Looks at every node and checks every revoked token at it. */
  observe(): void {
    for (const node of this.nodes) {
      this.#check(node);
      this.#observe(node);
    }
  }

  #createNode(name: string): WorldNode {
    const feed = this.broker.createFeed();
    const meter = new ReadMeter(feed);
    const timers = new TimerMeter(this.time);
    const { prng, boundMs, alter = (options): FollowerOptions => options } = this.#options;
    const options = { feed: meter, clock: this.time, prng, schedule: timers.schedule, issuers: [anIssuer()] };
    const follower = createRealFollower(alter({ ...options, stalenessMsMax: boundMs }));
    follower.on((notice) => {
      if (notice.kind !== 'applied' || notice.body.kind !== 'revoked') return;
      const { sequence, replayed } = notice;
      const log = nameOf(follower.status().log);
      for (const { id } of notice.body.revocations) {
        this.history.push({ kind: 'noticed', node: name, log, sequence, id, replayed });
      }
    });
    return { name, feed, follower, meter, timers: () => timers.pending };
  }

  #check({ name, follower }: WorldNode): void {
    const { boundMs } = this.#options;
    const { stalenessMs } = follower.status();
    const place = { node: name, stalenessMs, ...this.#placeOf(follower) };
    const about = { kind: 'checked', at: this.time.trueMs(), boundMs, ...place } as const;
    for (const [id, { facts }] of this.#published) {
      this.history.push({ ...about, id, verdict: decide(follower, facts, boundMs) });
    }
  }

  #observe({ name, follower, meter, timers }: WorldNode): void {
    const { state, watermark, stalenessMs, counters } = follower.status();
    const found = [...this.#published].filter(([, { facts }]) => follower.find(facts) !== undefined);
    this.history.push({
      kind: 'observed',
      at: this.time.trueMs(),
      node: name,
      ...this.#placeOf(follower),
      state,
      watermark,
      stalenessMs,
      fresh: follower.freshness(anIssuer().issuer, this.#options.boundMs).fresh,
      resyncs: counters.resyncs,
      found: new Set(found.map(([id]) => id)),
      readsInFlight: meter.inFlightMax,
      recordsPerRead: meter.recordsMax,
      timers: timers(),
    });
  }

  /** Where a node says that it stands, and whether that is where it stands. */
  #placeOf(follower: Follower): { readonly log: string | undefined; readonly acknowledges: boolean } {
    const { log, watermark, identity } = follower.status();
    const current = this.broker.requiredLog();
    const isCurrent = nameOf(log) === nameOf(current.identity);
    const standing = current.records().find(({ sequence }) => sequence === watermark);
    return { log: nameOf(log), acknowledges: isCurrent && standing?.identity === identity };
  }

  #replaceLog(epoch: string): void {
    const before = this.broker.log;
    if (before !== undefined) this.#lose(before.records().map(({ sequence }) => sequence));
    this.broker.createLog(epoch);
    for (const { revocation } of this.#published.values())
      if (!this.#lifted.has(revocation.id)) this.#publish(revocation);
    for (const id of this.#lifted) this.#publishLift(id);
    this.broker.publish(epochOpenedBody({ entries: this.#published.size }));
  }

  #publish(revocation: Revocation): void {
    const { sequence } = this.broker.publish(revokedBody(revocation));
    this.history.push({ kind: 'published', at: this.time.trueMs(), log: this.#logName(), sequence, id: revocation.id });
  }

  #publishLift(id: string): void {
    const published = this.#published.get(id);
    if (published !== undefined) this.broker.publish(liftedBody(published.revocation));
  }

  #isMissing(id: string): boolean {
    const isOfId = ({ revocations }: { revocations: readonly Revocation[] }): boolean =>
      revocations.some((revocation) => revocation.id === id);
    const records = this.broker.requiredLog().records();
    const stands = records.some(
      (record) => record.kind === 'record' && record.body.kind === 'revoked' && isOfId(record.body),
    );
    return !stands && !this.#lifted.has(id);
  }

  #lose(sequences: readonly Sequence[]): void {
    const log = this.#logName();
    const lost = new Set<number>(sequences);
    const losses = this.history.flatMap((entry) =>
      entry.kind === 'published' && entry.log === log && lost.has(entry.sequence)
        ? [{ ...entry, kind: 'lost', at: this.time.trueMs() } as const]
        : [],
    );
    this.history.push(...losses);
  }

  #logName(): string {
    return nameOf(this.broker.requiredLog().identity) ?? '';
  }

  #tickForEver(): void {
    this.time.schedule(TICK_MS, () => {
      if (!this.#ticking) return;
      this.broker.tick();
      this.#tickForEver();
    });
  }
}

const nameOf = (log: { readonly name: string; readonly created: string } | undefined): string | undefined =>
  log && `${log.name} ${log.created}`;

/** Passes everything on and notes how much is read at once. */
class ReadMeter implements Feed {
  readonly #feed: InMemoryFeed;
  #inFlight = 0;
  inFlightMax = 0;
  recordsMax = 0;

  constructor(feed: InMemoryFeed) {
    this.#feed = feed;
  }

  open(...[listener]: Parameters<Feed['open']>): void {
    this.#feed.open(listener);
  }

  subscribed(): Promise<void> {
    return this.#feed.subscribed();
  }

  locate(): ReturnType<Feed['locate']> {
    return this.#feed.locate();
  }

  head(...[log]: Parameters<Feed['head']>): ReturnType<Feed['head']> {
    return this.#feed.head(log);
  }

  async read(...[log, from, to]: Parameters<Feed['read']>): ReturnType<Feed['read']> {
    this.#inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.#inFlight);
    this.recordsMax = Math.max(this.recordsMax, to - from + 1);
    try {
      return await this.#feed.read(log, from, to);
    } finally {
      this.#inFlight -= 1;
    }
  }

  snapshot(...[log]: Parameters<Feed['snapshot']>): ReturnType<Feed['snapshot']> {
    return this.#feed.snapshot(log);
  }

  snapshotPart(...asked: Parameters<Feed['snapshotPart']>): ReturnType<Feed['snapshotPart']> {
    return this.#feed.snapshotPart(...asked);
  }

  report(...[heartbeat]: Parameters<Feed['report']>): void {
    this.#feed.report(heartbeat);
  }

  close(): Promise<void> {
    return this.#feed.close();
  }
}

/** Counts the timers that one follower has waiting. */
class TimerMeter {
  pending = 0;
  readonly #time: ManualTime;

  constructor(time: ManualTime) {
    this.#time = time;
  }

  readonly schedule: ManualTime['schedule'] = (delayMs, task) => {
    this.pending += 1;
    let waiting = true;
    const settle = (): void => {
      if (waiting) this.pending -= 1;
      waiting = false;
    };
    const cancel = this.#time.schedule(delayMs, () => {
      settle();
      task();
    });
    return () => {
      settle();
      cancel();
    };
  };
}
