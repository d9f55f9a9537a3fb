import {
  type Clock,
  type Feed,
  type Follower,
  type FollowerListener,
  type FollowerStatus,
  type Heartbeat,
  type LocalOverridesStatus,
  type Mode,
  type Schedule,
  type TokenFacts,
} from '@revocast/core';
import {
  issuerSettings,
  STRICTNESS,
  type ClaimsAnswer,
  type ClaimsPolicy,
  type GateAnswer,
  type IssuerConfig,
  type RecheckAnswer,
  type ReloadableGate,
  type RoutePolicy,
  type TokenCacheStatus,
  type TokenClaims,
} from '@revocast/gate';
import { CanaryWatch } from './canary-watch.js';
import { HeartbeatPulse } from './heartbeat-pulse.js';
import { LiveConnections, type LiveConnectionSettings } from './live-connections.js';
import { localReport } from './local-report.js';
import { type LocalWatch } from './local-watch.js';
import { configError, LIVE_CONNECTIONS_MAX_DEFAULT, type NodeIdentity } from './options.js';
import { type RefusalCountsStatus } from './refusal-counts.js';
import { QuestionDesk } from './question-desk.js';
import { RefusalReporter } from './refusal-reporter.js';
import { policyProblems, tightestPolicy } from './route-policy.js';

export interface RevocationNodeParts
  extends NodeIdentity, Partial<Pick<LiveConnectionSettings, 'liveConnectionsMax' | 'log'>> {
  readonly nodeId: string;
  readonly version: string;
  readonly mode: Mode;
  readonly stalenessMsMax: number;
  readonly follower: Follower;
  readonly gate: ReloadableGate;
  readonly feed: Pick<Feed, 'report' | 'read' | 'head' | 'reportRefusals' | 'onQuestion'>;
  /** Only on a node that listens to a local file. */
  readonly local?: LocalWatch;
  readonly onVerdict: (answer: GateAnswer) => void;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

/** What health, metrics and logs show of a node. */
export interface NodeStatus extends FollowerStatus, NodeIdentity {
  readonly nodeId: string;
  /** The mode in force: as configured, or as a local file overrides it. */
  readonly mode: Mode;
  /** Present when the node listens to a local file. */
  readonly localFile?: LocalOverridesStatus;
  /** Whether a guard stands before a handler, or somebody has asked by hand: without either nothing is enforced. */
  readonly guarded: boolean;
  /** Whether somebody asks by claims that another guard left: the fleet is told that fewer scopes are covered. */
  readonly claimsOnly: boolean;
  /** The verified-token cache; undefined = it is off. */
  readonly tokenCache: TokenCacheStatus | undefined;
  /** What of its refusals this node counts for the service. */
  readonly refusals: RefusalCountsStatus;
}

/**
 * One process's part in the fleet: it follows the log, answers for tokens and says about itself how far it is. Whatever
 * protects a request, a message or a connection in this process shares this one.
 */
export class RevocationNode {
  readonly #pulse: HeartbeatPulse;
  readonly #refusals: RefusalReporter;
  readonly #questions: QuestionDesk;
  /** Sockets and streams that end with their token. */
  readonly live: LiveConnections;
  readonly #canaries: CanaryWatch;
  #gate: ReloadableGate;
  #wired = false;
  #claimsSeen: ClaimsPolicy | undefined;
  #asked = false;
  #connected = false;
  #started = false;
  #closed = false;
  readonly #localListeners = new Set<(status: LocalOverridesStatus) => void>();
  #tightestMs: number;
  /** The strictest mode that any route asked for. */
  #routeMode: Mode | undefined;

  constructor(private readonly parts: RevocationNodeParts) {
    this.#gate = parts.gate;
    this.#tightestMs = parts.stalenessMsMax;
    this.#refusals = new RefusalReporter(parts);
    const { feed, clock, schedule, service, instance } = parts;
    this.#questions = new QuestionDesk({ feed, clock, schedule, service, instance, gate: () => this.#gate });
    this.#pulse = new HeartbeatPulse(() => parts.feed.report(this.#heartbeat()), parts.clock, parts.schedule);
    this.#canaries = new CanaryWatch(() => this.#gate, parts.clock);
    parts.follower.on((notice) => {
      // Before anything is said: the heartbeat that acknowledges the canary also says what became of it.
      this.#canaries.hear(notice);
      if (notice.kind === 'status' && notice.because === 'closed') this.#sayGoodbye();
      else this.#speak();
    });
    // Registered before any other: what is closed because of a change is closed before anybody hears of the change.
    parts.local?.onChange((status) => this.#onLocalChange(status));
    this.live = new LiveConnections(this, { liveConnectionsMax: LIVE_CONNECTIONS_MAX_DEFAULT, log: console, ...parts });
  }

  /**
   * Begins to connect, also while the broker is down, and waits for nothing but the first look at the local file: what that
   * revokes counts from the first request on, and the first heartbeat says it.
   */
  async start(): Promise<void> {
    if (this.parts.local !== undefined) await this.parts.local.start();
    if (this.#closed) return;
    this.#started = true;
    this.parts.follower.start();
    this.#pulse.start();
    this.live.start();
  }

  /** From the first moment on every answer that needs freshness is unknown; then the fleet is told, then the feed closed. */
  close(): Promise<void> {
    this.#closed = true;
    this.live.closeAll();
    this.parts.local?.close();
    return this.parts.follower.close();
  }

  /** Verifies a token and checks it. Rejects only on a defect, never because of the token. */
  async check(token: string | undefined, policy?: RoutePolicy): Promise<GateAnswer> {
    return this.checkNow(token, policy);
  }

  /** The same answer, at once if the token was verified before. */
  checkNow(token: string | undefined, policy?: RoutePolicy): GateAnswer | Promise<GateAnswer> {
    this.#asked = true;
    if (policy !== undefined) this.#note(policy);
    const answer = this.#gate.checkNow(token, policy);
    return 'outcome' in answer ? this.#told(answer) : answer.then((later) => this.#told(later));
  }

  /** Asks again for a token that was verified before. No I/O. */
  recheck(facts: TokenFacts, policy?: RoutePolicy): RecheckAnswer {
    const answer = this.#gate.recheck(facts, policy);
    this.#count(answer);
    return answer;
  }

  /** Checks claims that another guard verified; what that cannot cover is `unknown`. No I/O. */
  checkClaims(claims: unknown, policy?: RoutePolicy & ClaimsPolicy): ClaimsAnswer {
    this.#asked = true;
    this.acceptClaims({ whole: policy?.whole ?? false });
    if (policy !== undefined) this.#note(policy);
    const answer = this.#gate.checkClaims(claims, policy);
    const told = toldOf(answer, claims);
    this.#count(told);
    this.parts.onVerdict(told);
    return answer;
  }

  /**
   * Somebody asks by claims that another guard left. From now on the fleet is told of the scopes alone that are covered so: one
   * that a single way into this process does not enforce is not enforced by it.
   */
  acceptClaims({ whole = false }: ClaimsPolicy): void {
    const known = this.#claimsSeen;
    if (known !== undefined && (known.whole === false || whole)) return;
    this.#claimsSeen = { whole };
    if (this.#started) this.#pulse.soon();
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
    const settings = issuers.map(issuerSettings);
    this.parts.follower.replaceIssuers(settings);
    this.parts.local?.overrides.replaceIssuers(settings);
    this.parts.local?.tellChange();
    this.#pulse.soon();
  }

  /** Something that asks this node stands before a handler. */
  markWired(): void {
    this.#wired = true;
    this.#pulse.soon();
  }

  /** Follows what takes effect; the returned function takes the listener back. */
  on(listener: FollowerListener): () => void {
    return this.parts.follower.on(listener);
  }

  /** Called when the local file, or the time, changed what is in force beside the log. */
  onLocalChange(listener: (status: LocalOverridesStatus) => void): void {
    this.#localListeners.add(listener);
  }

  status(): NodeStatus {
    const { nodeId, service, instance, local, mode } = this.parts;
    return {
      ...this.parts.follower.status(),
      ...{ nodeId, service, instance, mode: local?.overrides.mode() ?? mode, guarded: this.#guarded },
      claimsOnly: this.#claimsSeen !== undefined,
      tokenCache: this.#gate.tokenCache(),
      refusals: this.#refusals.status(),
      ...(local && { localFile: local.overrides.status() }),
    };
  }

  /** The log as it stands at the broker, for whoever reads it at a pace of its own. */
  get log(): Pick<Feed, 'read' | 'head'> {
    return this.parts.feed;
  }

  get stalenessMsMax(): number {
    return this.parts.stalenessMsMax;
  }

  /** As configured; a local file may override it, which `status()` shows. */
  get mode(): Mode {
    return this.parts.mode;
  }

  /**
   * Takes a route's policy into account before its first request. Throws ERR_CONFIG when it is no tightening; `where` names
   * the route in the message.
   */
  acceptPolicy(policy: RoutePolicy, where: string): void {
    const problems = policyProblems(where, policy, this);
    if (problems.length > 0) throw configError(problems);
    this.#note(policy);
  }

  #note({ stalenessMsMax, mode }: RoutePolicy): void {
    if (stalenessMsMax !== undefined) this.tighten(stalenessMsMax);
    if (mode === undefined || mode === this.#routeMode) return;
    this.#routeMode = tightestPolicy({ mode }, this.#routeMode && { mode: this.#routeMode })?.mode;
  }

  /** What routes ask for beyond the mode in force; undefined when that is no more. */
  #routeModeBeyond(mode: Mode): Mode | undefined {
    const asked = this.#routeMode;
    return asked !== undefined && STRICTNESS[asked] > STRICTNESS[mode] ? asked : undefined;
  }

  #told(answer: GateAnswer): GateAnswer {
    this.#count(answer);
    this.parts.onVerdict(answer);
    return answer;
  }

  #count(answer: GateAnswer | RecheckAnswer): void {
    if (answer.outcome === 'refuse' && answer.revocationId !== undefined) this.#refusals.note(answer.revocationId);
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

  /** Said at once: a node that opens unheard would be counted as closed. */
  #onLocalChange(status: LocalOverridesStatus): void {
    for (const listener of this.#localListeners) listener(status);
    if (this.#started) this.#pulse.now();
  }

  #sayGoodbye(): void {
    this.#pulse.stop();
    this.#refusals.close();
    this.parts.feed.report({ ...this.#heartbeat(), goodbye: true });
  }

  #heartbeat(): Heartbeat {
    const { nodeId, instance, service, version, stalenessMsMax, clock, follower, local } = this.parts;
    const status = follower.status();
    const { epoch, watermark, identity, state, because, stalenessMs, liveEntries } = status;
    const mode = local?.overrides.saidMode ?? this.parts.mode;
    const routeMode = this.#routeModeBeyond(mode);
    return {
      ...{ node: nodeId, instance, service, version, epoch, watermark, identity, state },
      ...(because !== undefined && { because }),
      ...{ mode, stalenessMsMax, stalenessMs, issuers: this.#gate.coverage(this.#claimsSeen), liveEntries },
      ...(routeMode !== undefined && { routeMode }),
      ...{ guarded: this.#guarded, at: clock.wall() },
      ...(this.#refusals.counts && { countsRefusals: true as const }),
      ...(this.#questions.isOpen && { answersQuestions: true as const }),
      heedsConditions: true,
      ...(this.#canaries.reports.length > 0 && { canaries: this.#canaries.reports }),
      ...(local && localReport(local.overrides.status(), status.newestTick)),
    };
  }
}

/** Of claims that could not be read there are no facts to tell: what is told is what the other modes answer. */
function toldOf(answer: ClaimsAnswer, claims: unknown): GateAnswer {
  if (answer.outcome === 'refuse') return answer;
  const { facts, verdict } = answer;
  if (facts !== undefined) return { outcome: 'pass', facts, verdict, claims: claims as TokenClaims };
  return { outcome: 'refuse', status: 503, code: 'ERR_REVOCATION_UNKNOWN' };
}
