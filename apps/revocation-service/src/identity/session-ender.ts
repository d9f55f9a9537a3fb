import { type Clock, type EpochMs, epochMs, type Prng, type RevocationKey, type Schedule } from '@revocast/core';
import { type Database } from '../journal/database.js';
import {
  countDueEndings,
  dueEndings,
  insertEnding,
  type JournaledEnding,
  noteEnded,
  noteFailure,
} from '../journal/endings.js';
import { type NewRevocation } from '../journal/entries.js';
import { type ServiceLog } from '../log/service-log.js';
import { type EndTarget, type IdentityProvider, ProviderError } from './identity-provider.js';

/** How often the journal is looked at without a reason: what is due by time alone waits for no longer. Milliseconds. */
const LOOK_MS = 1_000;
/** Providers count requests: more at once would only be told to come back. */
const AT_ONCE_MAX = 8;
/** Waits between attempts: doubled from the first to the second, and jittered. Milliseconds. */
const RETRY_MS = { min: 1_000, max: 300_000 } as const;
/** Refresh tokens of lost sessions live for weeks; a provider that is out for longer needs a person. Milliseconds. */
export const ENDING_AGE_MS_MAX = 7 * 86_400_000;

export interface SessionEnderOptions {
  readonly database: Database;
  readonly providers: readonly IdentityProvider[];
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly prng: Prng;
  /**
   * Hits what was refreshed between the revocation and now, if anything can have been. Gives the id of the revocation that
   * does; for one ending always the same one.
   */
  readonly closeGap: (revocationId: string) => Promise<string | undefined>;
  readonly log: Pick<ServiceLog, 'info' | 'warn'>;
}

/**
 * Ends at the identity provider what was revoked here, so that refresh tokens yield nothing new. Our record goes first and
 * waits for nothing of this: what is to be ended stands in the journal, and is tried until it succeeds, also by the next process.
 */
export class SessionEnder {
  readonly #providers: ReadonlyMap<string, IdentityProvider>;
  readonly #underWay = new Set<string>();
  #closed = false;
  #disarm: () => void = () => undefined;

  constructor(private readonly options: SessionEnderOptions) {
    this.#providers = new Map(options.providers.map((provider) => [provider.issuer, provider]));
  }

  start(): void {
    if (this.#closed || this.#providers.size === 0) return;
    this.#disarm = this.options.schedule(LOOK_MS, () => {
      this.wake();
      this.start();
    });
  }

  /** The journal is closed next. What is under way is tried again by the next process: ending twice does no harm. */
  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  providerOf(issuer: string): IdentityProvider | undefined {
    return this.#providers.get(issuer);
  }

  /** All of them, for a search. */
  get providers(): readonly IdentityProvider[] {
    return this.options.providers;
  }

  /** Notes in the journal what is to follow a command. Call in the transaction that takes its revocations in. */
  intend(revocations: readonly NewRevocation[]): void {
    // A deactivation makes two of one key: the sessions end once.
    const [revocation] = revocations;
    if (revocation === undefined || revocation.moot) return;
    const target = targetOf(revocation.key);
    const provider = this.providerOf(revocation.issuer);
    if (target === undefined || provider?.ends.includes(target.kind) !== true) return;
    insertEnding(this.options.database, revocation.id, target, this.options.clock.wall());
  }

  due(): number {
    return this.#closed || this.#providers.size === 0 ? 0 : countDueEndings(this.options.database);
  }

  /** Something may be due now. Returns at once. */
  wake(): void {
    if (this.#closed || this.#providers.size === 0) return;
    const free = AT_ONCE_MAX - this.#underWay.size;
    if (free <= 0) return;
    const { database, clock } = this.options;
    const issuers = [...this.#providers.keys()];
    const due = dueEndings(database, { now: clock.wall(), issuers, limit: AT_ONCE_MAX });
    for (const ending of due.filter(({ revocationId }) => !this.#underWay.has(revocationId)).slice(0, free)) {
      this.#underWay.add(ending.revocationId);
      this.#end(ending)
        .finally(() => this.#underWay.delete(ending.revocationId))
        .then(
          () => this.wake(),
          // The journal failed: looking again at once would ask the provider without end.
          (error: unknown) => this.options.log.warn('endingNotNoted', { id: ending.revocationId, error }),
        );
    }
  }

  async #end(ending: JournaledEnding): Promise<void> {
    const { database, clock, log } = this.options;
    const { revocationId, issuer, target } = ending;
    try {
      const outcome = await this.#providers.get(issuer)?.end(target);
      if (outcome === undefined || this.#isOver()) return;
      const at = clock.wall();
      // Only now is there an end to what can be refreshed. Before it is noted: else a crash here would leave the gap open.
      const closedBy = await this.#closeGap(revocationId);
      if (this.#isOver()) return;
      noteEnded(database, revocationId, { outcome, at, closedBy });
      log.info('sessionsEnded', { id: revocationId, issuer, outcome });
    } catch (error) {
      if (!this.#closed) this.#failed(ending, error);
    }
  }

  /** Asked after each wait: the journal may have been closed during it. */
  #isOver(): boolean {
    return this.#closed;
  }

  async #closeGap(revocationId: string): Promise<string | undefined> {
    try {
      return await this.options.closeGap(revocationId);
    } catch {
      throw new NotClosed();
    }
  }

  #failed(ending: JournaledEnding, error: unknown): void {
    const { database, log } = this.options;
    const failure = error instanceof NotClosed ? 'ourLog' : error instanceof ProviderError ? error.failure : 'broken';
    const nextAt = this.#nextAt(ending, error);
    noteFailure(database, ending.revocationId, { failure, nextAt });
    const { revocationId: id, issuer, attempts } = ending;
    log.warn(nextAt === undefined ? 'sessionsNotEnded' : 'sessionsNotYetEnded', {
      id,
      issuer,
      failure,
      attempts: attempts + 1,
    });
  }

  /** Undefined = it will never succeed, or has been tried for long enough. */
  #nextAt({ attempts, since }: JournaledEnding, error: unknown): EpochMs | undefined {
    const now = this.options.clock.wall();
    const { failure, retryAfterMs = 0 } = error instanceof ProviderError ? error : { failure: 'broken' };
    if (failure === 'rejected' || now - since >= ENDING_AGE_MS_MAX) return undefined;
    const wait = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** Math.min(attempts, 20));
    return epochMs(Math.ceil(now + Math.max(retryAfterMs, wait * (0.5 + this.options.prng() / 2))));
  }
}

/** The provider has done its part; ours is to be tried again, and so are both. */
class NotClosed extends Error {}

/** Other scopes say nothing about a login. */
const targetOf = (key: RevocationKey): EndTarget | undefined => {
  if (key.scope === 'subject') return { kind: 'subject', subject: key.sub };
  return key.scope === 'session' ? { kind: 'session', session: key.sid } : undefined;
};
