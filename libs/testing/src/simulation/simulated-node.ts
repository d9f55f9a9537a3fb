import {
  createFollower,
  decide,
  type Follower,
  type FollowerNotice,
  type FollowerOptions,
  type FollowerStatus,
  type Heartbeat,
  type IssuerCoverage,
  type Mode,
  settingsDigest,
  type TokenFacts,
  type Verdict,
} from '@revocast/core';
import { AN_ISSUER, anIssuer } from '../builders.js';
import { type Observation } from '../history.js';
import { type InMemoryFaults, type InMemoryFeed } from '../in-memory-feed.js';
import { seededDice } from './dice.js';
import { MeteredFeed, TimerMeter } from './meters.js';
import { ProcessTime } from './process-time.js';
import { logNameOf, type Surroundings } from './surroundings.js';

/** How a node is configured. */
export interface NodePlan {
  readonly node: string;
  readonly service: string;
  readonly mode: Mode;
  readonly guarded: boolean;
  /** `declared`: reads tokens as the log says. `other`: takes another claim for the token id, and does not notice. `none`: has not the issuer. */
  readonly settings: 'declared' | 'other' | 'none';
  /** Milliseconds. */
  readonly boundMs: number;
}

/** Least gap between two heartbeats, and the longest. Milliseconds. */
const BEAT_GAP_MS = 50;
const BEAT_MS = 1_000;

/** One process of a node. */
interface Running {
  readonly instance: string;
  readonly process: ProcessTime;
  readonly feed: InMemoryFeed;
  readonly meter: MeteredFeed;
  readonly timers: TimerMeter;
  readonly follower: Follower;
  found: ReadonlySet<string>;
  looks: number;
  fullLookOf: string;
}

/** A host on which a node runs, dies and runs again; with the network between it and the broker. */
export class SimulatedNode {
  readonly plan: NodePlan;
  #running: Running | undefined;
  #faults: InMemoryFaults | undefined;
  #reachable = true;
  /** The network loses heartbeats. */
  muted = false;
  #spokenOver = false;
  #wallAheadMs = 0;
  #lastBeatAt = 0;
  #cancelBeat: () => void = () => undefined;
  #starts = 0;
  #connections = 0;

  constructor(
    private readonly around: Surroundings,
    readonly host: string,
    plan: NodePlan,
  ) {
    this.plan = plan;
  }

  get running(): Pick<Running, 'instance' | 'process' | 'follower'> | undefined {
    return this.#running;
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#starts += 1;
    const instance = `${this.host}.${this.#starts}`;
    const process = new ProcessTime(this.around.time, this.#wallAheadMs);
    const feed = this.around.broker.createFeed();
    feed.faults = this.#faults;
    const meter = new MeteredFeed(feed, process, (heartbeat) => this.#carry(heartbeat));
    const timers = new TimerMeter(process.schedule);
    const follower = this.#createFollower(process, meter, timers);
    const unknown = { found: new Set<string>(), looks: 0, fullLookOf: '' };
    this.#running = { instance, process, feed, meter, timers, follower, ...unknown };
    follower.on((notice) => this.#onNotice(instance, follower, notice));
    this.#spokenOver = false;
    if (!this.#reachable) feed.disconnect();
    follower.start();
    this.#beat();
  }

  /** SIGKILL: nobody hears of it. */
  kill(): void {
    this.#wallAheadMs = this.#running?.process.wallAheadMs ?? this.#wallAheadMs;
    this.#running?.process.kill();
    void this.#running?.feed.close();
    this.#running = undefined;
  }

  /** The guard answers unknown, the fleet is told, the process ends. */
  leave(): void {
    if (this.#running?.process.runs !== true) return;
    void this.#running.follower.close();
    this.kill();
  }

  cut(): void {
    this.#reachable = false;
    this.#running?.feed.disconnect();
  }

  reconnect(): void {
    this.#reachable = true;
    this.muted = false;
    this.#running?.feed.reconnect();
  }

  set faults(faults: InMemoryFaults | undefined) {
    this.#faults = faults;
    if (this.#running !== undefined) this.#running.feed.faults = faults;
  }

  /** Looks at the node from outside; undefined while it does not answer. Everything that may have changed is asked again now and then. */
  look(everything: boolean): Observation | undefined {
    const running = this.#running;
    if (running?.process.runs !== true) return undefined;
    const { follower, meter, timers, instance } = running;
    const status = follower.status();
    const { found, active, passes } = this.#askAll(running, status, everything);
    const { boundMs, mode, guarded, settings } = this.plan;
    const provenAt = this.around.time.trueMs() - (status.stalenessMs ?? Infinity);
    // Named field by field: most of what a run costs is looking, and spreading costs several times as much.
    return {
      kind: 'observed',
      at: this.around.time.trueMs(),
      node: instance,
      log: logNameOf(status.log),
      state: status.state,
      watermark: status.watermark,
      acknowledges: this.#acknowledges(status),
      stalenessMs: status.stalenessMs,
      fresh: follower.freshness(AN_ISSUER, boundMs).fresh,
      shortBy: this.#shortBy(running, status, provenAt),
      untold: isUntold(meter, provenAt),
      boundMs,
      mode,
      guarded,
      covers: settings === 'declared',
      resyncs: status.counters.resyncs,
      found,
      active,
      passes,
      readsInFlight: meter.inFlightMax,
      recordsPerRead: meter.recordsMax,
      timers: timers.pending,
    };
  }

  /** Only of a log that lost nothing since: it has grown at most. */
  #shortBy({ meter }: Running, { log }: FollowerStatus, provenAt: number): number {
    const { broker, lostAt } = this.around;
    const standing = broker.log;
    if (standing === undefined || logNameOf(log) !== logNameOf(standing.identity) || lostAt() >= provenAt) return 0;
    return Math.max(0, meter.toldBefore(provenAt, standing.identity.epoch) - standing.last);
  }

  #createFollower(process: ProcessTime, feed: MeteredFeed, timers: TimerMeter): Follower {
    const options: FollowerOptions = {
      ...{ feed, clock: process, schedule: timers.schedule, issuers: [anIssuer()] },
      prng: seededDice(this.around.nextSeed()),
      stalenessMsMax: this.plan.boundMs,
      ...this.around.snapshot(),
    };
    return createFollower(this.around.alterFollower(options));
  }

  /** Asks about every revoked token that is not known to be found, and about all when more may have changed. */
  #askAll(
    running: Running,
    { counters }: FollowerStatus,
    everything: boolean,
  ): Pick<Observation, 'found' | 'active' | 'passes'> {
    const { follower } = running;
    const world = `${counters.resyncs} ${this.around.changes()}`;
    running.looks += 1;
    const isFull = everything || world !== running.fullLookOf || running.looks % FULL_LOOK_EVERY === 0;
    if (isFull) running.fullLookOf = world;
    const found = isFull ? new Set<string>() : new Set(running.found);
    const active = new Set<string>();
    const passes = new Set<string>();
    for (const [id, facts] of this.around.tokens()) {
      if (!isFull && running.found.has(id)) continue;
      const verdict = decide(follower, this.#readToken(facts), this.plan.boundMs);
      if (verdict.kind === 'revoked') found.add(id);
      if (verdict.kind === 'active') active.add(id);
      if (this.#lets(verdict)) passes.add(id);
    }
    if (!isSame(found, running.found)) running.found = found;
    return { found: running.found, active, passes };
  }

  /** What a node makes of a token depends on its settings. */
  #readToken(facts: TokenFacts): TokenFacts {
    return this.plan.settings === 'other' ? { ...facts, jti: `other-${facts.jti ?? ''}` } : facts;
  }

  /** As the gate does. */
  #lets(verdict: Verdict): boolean {
    const { guarded, mode, settings } = this.plan;
    if (settings === 'none') return false;
    if (!guarded || mode === 'observe' || verdict.kind === 'active') return true;
    return verdict.kind === 'unknown' && mode === 'bestEffort' && verdict.everCurrent;
  }

  #acknowledges({ log, watermark, identity }: FollowerStatus): boolean {
    const current = this.around.broker.log;
    if (current === undefined || logNameOf(log) !== logNameOf(current.identity)) return false;
    return current.at(watermark)?.identity === identity;
  }

  #onNotice(instance: string, follower: Follower, notice: FollowerNotice): void {
    if (notice.kind === 'status' && notice.because === 'closed') {
      this.#carry({ ...this.#heartbeat(instance, follower), goodbye: true });
      return;
    }
    if (notice.kind === 'applied' && notice.body.kind === 'revoked') {
      const { log: identity, counters } = follower.status();
      const said = { log: logNameOf(identity), sequence: notice.sequence, replayed: notice.replayed };
      for (const { id } of notice.body.revocations) {
        this.around.note({ kind: 'noticed', node: instance, id, resyncs: counters.resyncs, ...said });
      }
    }
    this.#speak(follower);
  }

  /** Over each new connection first of all; otherwise with the least gap since the last time. */
  #speak(follower: Follower): void {
    const running = this.#running;
    if (running?.follower !== follower) return;
    const { connected } = running.meter;
    if (!connected && this.#spokenOver) {
      this.#spokenOver = false;
      this.#connections += 1;
    }
    if (connected && !this.#spokenOver) this.#beat();
    else this.#beatAt(this.#lastBeatAt + BEAT_GAP_MS);
  }

  #beatAt(at: number): void {
    const process = this.#running?.process;
    if (process === undefined) return;
    this.#cancelBeat();
    this.#cancelBeat = process.schedule(Math.max(0, at - process.monotonic()), () => this.#beat());
  }

  #beat(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#lastBeatAt = running.process.monotonic();
    this.#beatAt(this.#lastBeatAt + BEAT_MS);
    this.#carry(this.#heartbeat(running.instance, running.follower));
  }

  #carry(heartbeat: Heartbeat): void {
    if (this.#running?.feed.isConnected !== true) return;
    this.#spokenOver = true;
    this.around.carry(heartbeat, `${this.#running.instance} ${this.#connections}`, this.muted);
  }

  #heartbeat(instance: string, follower: Follower): Heartbeat {
    const { epoch, watermark, identity, state, stalenessMs, liveEntries } = follower.status();
    const { node, service, mode, guarded, boundMs } = this.plan;
    const said = { node, instance, service, version: '1.0.0', epoch, watermark, identity, state, mode, guarded };
    const at = this.#running?.process.wall() ?? this.around.broker.now();
    const issuers = COVERAGE[this.plan.settings];
    return Object.assign(said, { stalenessMs, stalenessMsMax: boundMs, liveEntries, issuers, at });
  }
}

/** Nobody who waits for a first tick waits longer. Milliseconds. */
const TICK_WAIT_MS = 6_000;
/** A proof may be dated that much earlier than it was asked for: when its leader last heard from a majority. Milliseconds. */
const BACKDATED_MS_MAX = 2_000;

const isUntold = ({ connected, connectedAt, tickedAt }: MeteredFeed, provenAt: number): boolean =>
  connected &&
  provenAt > connectedAt &&
  provenAt + BACKDATED_MS_MAX < Math.min(tickedAt ?? Infinity, connectedAt + TICK_WAIT_MS);

/** Everything is asked again this often, so that what is forgotten shows. */
const FULL_LOOK_EVERY = 6;

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((id) => b.has(id));

const coverageWith = (digest: string): IssuerCoverage => ({
  ...{ issuer: AN_ISSUER, scopes: ['token'], settingsDigest: digest, tokens: 0, seen: {} },
});

export const DECLARED_DIGEST = settingsDigest(anIssuer());

const COVERAGE: Readonly<Record<NodePlan['settings'], readonly IssuerCoverage[]>> = {
  declared: [coverageWith(DECLARED_DIGEST)],
  other: [coverageWith(settingsDigest(anIssuer({ claims: { ...anIssuer().claims, tokenId: ['uid'] } })))],
  none: [],
};
