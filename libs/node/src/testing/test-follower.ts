import {
  BEFORE_FIRST,
  createIndex,
  sequence,
  type Clock,
  type Follower,
  type FollowerListener,
  type FollowerNotice,
  type FollowerState,
  type FollowerStatus,
  type Freshness,
  type Hit,
  type IssuerSettings,
  type LogIdentity,
  type RecordBody,
  type RevocationIndex,
  type Sequence,
  type TokenFacts,
} from '@revocast/core';

/**
 * What the node is to be like: in one of a follower's states, never current since it started, or last at the head this
 * many milliseconds ago.
 */
export type TestState = 'current' | 'stale' | 'neverCurrent' | 'failed' | { readonly stalenessMs: number };

type AppliedBody = Extract<RecordBody, { readonly kind: 'revoked' | 'lifted' }>;

export const TEST_LOG: LogIdentity = { name: 'TEST_LOG', epoch: 'test', created: 'test' };
const COUNTERS: FollowerStatus['counters'] = {
  foreign: 0,
  unreadable: 0,
  gaps: 0,
  regress: 0,
  duplicates: 0,
  resyncs: 0,
  listenerErrors: 0,
};

/** A follower without a log: what is applied takes effect at once, and its state is whatever a test says. */
export class TestFollower implements Follower {
  readonly #index: RevocationIndex = createIndex({ hashKey: new Uint8Array(16) });
  readonly #listeners = new Set<FollowerListener>();
  #state: TestState = 'current';
  #watermark: Sequence = BEFORE_FIRST;
  #closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly stalenessMsMax: number,
    private readonly issuers: readonly IssuerSettings[],
  ) {}

  apply(body: AppliedBody): void {
    if (body.kind === 'revoked') for (const revocation of body.revocations) this.#index.apply(revocation);
    else for (const lift of body.lifts) this.#index.lift(lift);
    this.#watermark = sequence(this.#watermark + 1);
    this.#tell({ kind: 'applied', sequence: this.#watermark, body, replayed: false });
  }

  snapshot(): undefined {
    return undefined;
  }

  setState(state: TestState): void {
    this.#state = state;
    this.#tell({ kind: 'status', state: this.#followerState() });
  }

  find(token: TokenFacts): Hit | undefined {
    const cutoffClaim =
      this.issuers.find(({ issuer }) => issuer === (token.family ?? token.issuer))?.cutoffClaim ?? 'iat';
    return this.#index.find(token, this.clock.wall(), cutoffClaim);
  }

  freshness(_issuer: string, boundMs: number): Freshness {
    const everCurrent = this.#state !== 'neverCurrent';
    if (this.#closed || this.#state === 'failed') return { fresh: false, because: 'failed', everCurrent };
    if (this.#state === 'neverCurrent') return { fresh: false, because: 'neverCurrent', everCurrent };
    const stalenessMs = this.#stalenessMs();
    return stalenessMs <= boundMs
      ? { fresh: true, watermark: this.#watermark, stalenessMs }
      : { fresh: false, because: 'stale', everCurrent };
  }

  status(): FollowerStatus {
    return {
      state: this.#followerState(),
      connected: true,
      ...{ log: TEST_LOG, epoch: TEST_LOG.epoch, watermark: this.#watermark, head: this.#watermark },
      identity: undefined,
      stalenessMs: this.#state === 'neverCurrent' ? undefined : this.#stalenessMs(),
      stalenessMsMax: this.stalenessMsMax,
      everCurrent: this.#state !== 'neverCurrent',
      ...{ ticksMissed: false, newestTick: undefined, fleetBoundMs: undefined },
      ...{ declaredSettings: [], unreadableIssuers: [], counters: COUNTERS },
      ...this.#index.size(this.clock.wall()),
    };
  }

  on(listener: FollowerListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#tell({ kind: 'status', state: this.#followerState(), because: 'closed' });
    return Promise.resolve();
  }

  start(): void {
    // There is nothing to open.
  }

  tighten(): void {
    // Freshness is what the test says, whatever the bound.
  }

  replaceIssuers(): void {
    // No log declares settings here.
  }

  #stalenessMs(): number {
    if (typeof this.#state === 'object') return this.#state.stalenessMs;
    return this.#state === 'stale' ? Number.POSITIVE_INFINITY : 0;
  }

  #followerState(): FollowerState {
    if (this.#closed || this.#state === 'failed') return 'failed';
    if (this.#state === 'neverCurrent') return 'catchingUp';
    return this.#stalenessMs() <= this.stalenessMsMax ? 'current' : 'stale';
  }

  #tell(notice: FollowerNotice): void {
    for (const listener of [...this.#listeners]) listener(notice);
  }
}
