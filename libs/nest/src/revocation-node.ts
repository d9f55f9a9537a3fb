import {
  type Clock,
  type Feed,
  type Follower,
  type FollowerListener,
  type FollowerStatus,
  type Heartbeat,
  type Mode,
  type Schedule,
  type TokenFacts,
} from '@revocast/core';
import {
  issuerSettings,
  type GateAnswer,
  type IssuerConfig,
  type RecheckAnswer,
  type ReloadableGate,
  type TokenCacheStatus,
} from '@revocast/gate';
import { type RoutePolicy } from './decorators.js';
import { HeartbeatPulse } from './heartbeat-pulse.js';
import { type NodeIdentity } from './options.js';

export interface RevocationNodeParts extends NodeIdentity {
  readonly nodeId: string;
  readonly version: string;
  readonly mode: Mode;
  readonly stalenessMsMax: number;
  readonly follower: Follower;
  readonly gate: ReloadableGate;
  readonly feed: Pick<Feed, 'report' | 'read' | 'head'>;
  readonly onVerdict: (answer: GateAnswer) => void;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

/** What health, metrics and logs show of a node. */
export interface NodeStatus extends FollowerStatus, NodeIdentity {
  readonly nodeId: string;
  readonly mode: Mode;
  /** Whether a guard stands before a handler, or somebody has asked by hand: without either nothing is enforced. */
  readonly guarded: boolean;
  /** The verified-token cache; undefined = it is off. */
  readonly tokenCache: TokenCacheStatus | undefined;
}

/**
 * One process's part in the fleet: it follows the log, answers for tokens and says about itself how far it is. Guard,
 * checker, live connections, health and reactions all share the one of their module.
 */
export class RevocationNode {
  readonly #pulse: HeartbeatPulse;
  #gate: ReloadableGate;
  #wired = false;
  #asked = false;
  #connected = false;
  #tightestMs: number;

  constructor(private readonly parts: RevocationNodeParts) {
    this.#gate = parts.gate;
    this.#tightestMs = parts.stalenessMsMax;
    this.#pulse = new HeartbeatPulse(() => parts.feed.report(this.#heartbeat()), parts.clock, parts.schedule);
    parts.follower.on((notice) => {
      if (notice.kind === 'status' && notice.because === 'closed') this.#sayGoodbye();
      else this.#speak();
    });
  }

  /** Begins to connect and returns at once, also while the broker is down. */
  start(): void {
    this.parts.follower.start();
    this.#pulse.start();
  }

  /** From the first moment on every answer that needs freshness is unknown; then the fleet is told, then the feed closed. */
  close(): Promise<void> {
    return this.parts.follower.close();
  }

  /** Verifies a token and checks it. Rejects only on a defect, never because of the token. */
  async check(token: string | undefined, policy?: RoutePolicy): Promise<GateAnswer> {
    return this.checkNow(token, policy);
  }

  /** The same answer, at once if the token was verified before. */
  checkNow(token: string | undefined, policy?: RoutePolicy): GateAnswer | Promise<GateAnswer> {
    this.#asked = true;
    if (policy !== undefined) this.tighten(policy.stalenessMsMax);
    const answer = this.#gate.checkNow(token, policy);
    return 'outcome' in answer ? this.#told(answer) : answer.then((later) => this.#told(later));
  }

  /** Asks again for a token that was verified before. No I/O. */
  recheck(facts: TokenFacts, policy?: RoutePolicy): RecheckAnswer {
    return this.#gate.recheck(facts, policy);
  }

  /** A tighter bound than any so far is in force: proofs are asked for often enough for it. */
  tighten(stalenessMs: number): void {
    if (stalenessMs >= this.#tightestMs) return;
    this.#tightestMs = stalenessMs;
    this.parts.follower.tighten(stalenessMs);
  }

  /**
   * Accepts tokens of these issuers from now on, and of no others. Key sets of issuers that
   * stay are kept: their provider may be out right now. Throws nothing: the issuers were parsed before.
   */
  replaceIssuers(issuers: readonly IssuerConfig[]): void {
    this.#gate = this.#gate.withIssuers(issuers);
    this.parts.follower.replaceIssuers(issuers.map(issuerSettings));
    this.#pulse.soon();
  }

  /** A guard was found before a handler. */
  markWired(): void {
    this.#wired = true;
    this.#pulse.soon();
  }

  /** Follows what takes effect; the returned function takes the listener back. */
  on(listener: FollowerListener): () => void {
    return this.parts.follower.on(listener);
  }

  status(): NodeStatus {
    const { nodeId, service, instance, mode } = this.parts;
    const own = { nodeId, service, instance, mode, guarded: this.#guarded, tokenCache: this.#gate.tokenCache() };
    return { ...this.parts.follower.status(), ...own };
  }

  /** The log as it stands at the broker, for whoever reads it at a pace of its own. */
  get log(): Pick<Feed, 'read' | 'head'> {
    return this.parts.feed;
  }

  get stalenessMsMax(): number {
    return this.parts.stalenessMsMax;
  }

  #told(answer: GateAnswer): GateAnswer {
    this.parts.onVerdict(answer);
    return answer;
  }

  get #guarded(): boolean {
    return this.#wired || this.#asked;
  }

  /**
   * Over each new connection we say who we are before anything is asked over it. A node that could become current
   * unheard would be missing from the service's roster, and "enforced" would be said without it.
   */
  #speak(): void {
    const { connected } = this.parts.follower.status();
    const isNew = connected && !this.#connected;
    this.#connected = connected;
    if (isNew) this.#pulse.now();
    else this.#pulse.soon();
  }

  #sayGoodbye(): void {
    this.#pulse.stop();
    this.parts.feed.report({ ...this.#heartbeat(), goodbye: true });
  }

  #heartbeat(): Heartbeat {
    const { nodeId, instance, service, version, mode, stalenessMsMax, clock, follower } = this.parts;
    const { epoch, watermark, identity, state, because, stalenessMs, liveEntries } = follower.status();
    return {
      ...{ node: nodeId, instance, service, version, epoch, watermark, identity, state },
      ...(because !== undefined && { because }),
      ...{ mode, stalenessMsMax, stalenessMs, issuers: this.#gate.coverage(), liveEntries },
      ...{ guarded: this.#guarded, at: clock.wall() },
    };
  }
}
