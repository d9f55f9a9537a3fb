import { type Instant, type Prng } from './clock.js';
import { type Head } from './feed.js';
import { type LogIdentity } from './log-identity.js';
import { ASK_TIMEOUT_MS, RETRY_MS_MAX, RETRY_MS_MIN } from './follower-limits.js';
import { type IdentityCheck } from './identity-checks.js';
import { type Belief } from './log-cursor.js';
import { type FeedRecord } from './record.js';
import { type SnapshotAsk } from './snapshot-loading.js';
import { type SnapshotManifest } from './snapshot.js';
import { monotonicMs, type MonotonicMs, type Sequence } from './units.js';

/** What the follower asks of its feed. */
export type Ask =
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'locate' }
  | { readonly kind: 'head'; readonly log: LogIdentity; readonly believed: Belief }
  | {
      readonly kind: 'read';
      readonly log: LogIdentity;
      readonly from: Sequence;
      readonly to: Sequence;
      readonly original: boolean;
    }
  /** Reads what we hold, to see whether the log still has the same; then `proves` is proven, if this was the last check. */
  | {
      readonly kind: 'verify';
      readonly log: LogIdentity;
      readonly check: IdentityCheck;
      readonly proves: Instant | undefined;
    }
  | SnapshotAsk;
export type AskKind = Ask['kind'];
export type AskOf<Kind extends AskKind> = Extract<Ask, { readonly kind: Kind }>;

export type Answer =
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'located'; readonly log: LogIdentity | undefined }
  | { readonly kind: 'head'; readonly head: Head }
  | { readonly kind: 'records'; readonly records: readonly FeedRecord[] }
  | { readonly kind: 'manifest'; readonly manifest: SnapshotManifest | undefined }
  | { readonly kind: 'part'; readonly bytes: Uint8Array };

/** An ask on its way. Its number orders results: an answer to a number that is no longer here changes nothing. */
export interface StartedAsk {
  readonly number: number;
  readonly ask: Ask;
  /** Noted before the ask left: a proof is dated by it. */
  readonly startedAt: Instant;
}

interface Retry {
  readonly attempts: number;
  readonly notBefore: MonotonicMs;
}

/** Bounds and orders what is asked: numbers, time limits, and pauses after a refusal. */
export class Asks {
  readonly #prng: Prng;
  readonly #started = new Map<number, StartedAsk>();
  readonly #retries = new Map<AskKind, Retry>();
  #lastNumber = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  start(ask: Ask, now: Instant): StartedAsk {
    this.#lastNumber += 1;
    const started = { number: this.#lastNumber, ask, startedAt: now };
    this.#started.set(started.number, started);
    return started;
  }

  /** The ask that was answered, once; undefined if it was given up meanwhile. */
  settle(number: number): StartedAsk | undefined {
    const started = this.#started.get(number);
    this.#started.delete(number);
    return started;
  }

  /** Whatever is still under way was asked before a cut or of another log: its answer no longer says anything. */
  giveUpAll(): void {
    this.#started.clear();
    this.#retries.clear();
  }

  running(kind: AskKind): boolean {
    for (const { ask } of this.#started.values()) if (ask.kind === kind) return true;
    return false;
  }

  /** The ranges being read. */
  reading(): AskOf<'read'>[] {
    return [...this.#started.values()].flatMap(({ ask }) => (ask.kind === 'read' ? [ask] : []));
  }

  mayStart(kind: AskKind, now: Instant): boolean {
    return now.monotonic >= (this.#retries.get(kind)?.notBefore ?? Number.NEGATIVE_INFINITY);
  }

  succeeded(kind: AskKind): void {
    this.#retries.delete(kind);
  }

  /** Waits twice as long each time, with full jitter, so that a fleet that lost its broker does not come back as one. */
  refused(kind: AskKind, now: Instant): void {
    const attempts = (this.#retries.get(kind)?.attempts ?? 0) + 1;
    const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempts, 16));
    this.#retries.set(kind, {
      attempts,
      notBefore: monotonicMs(now.monotonic + RETRY_MS_MIN + this.#prng() * pauseMs),
    });
  }

  /** Not before `delayMs` from now, unless a pause is already on. */
  delay(kind: AskKind, now: Instant, delayMs: number): void {
    if (!this.mayStart(kind, now)) return;
    const attempts = this.#retries.get(kind)?.attempts ?? 0;
    this.#retries.set(kind, { attempts, notBefore: monotonicMs(now.monotonic + delayMs) });
  }

  /** Not later than `delayMs` from now, whatever pause is on. */
  hasten(kind: AskKind, now: Instant, delayMs: number): void {
    const retry = this.#retries.get(kind);
    const at = monotonicMs(now.monotonic + delayMs);
    if (retry !== undefined && retry.notBefore > at) this.#retries.set(kind, { ...retry, notBefore: at });
  }

  /** When the next pause ends; infinity when none is on. */
  nextStart(now: Instant): number {
    const pending = [...this.#retries.values()].map(({ notBefore }) => notBefore).filter((at) => at > now.monotonic);
    return Math.min(...pending);
  }

  /** Takes out what nobody answered in time. */
  takeOverdue(now: Instant): readonly StartedAsk[] {
    const overdue = [...this.#started.values()].filter(
      ({ startedAt }) => now.monotonic - startedAt.monotonic >= ASK_TIMEOUT_MS,
    );
    for (const { number } of overdue) this.#started.delete(number);
    return overdue;
  }
}
