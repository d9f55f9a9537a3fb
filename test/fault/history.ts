import { type FollowerState, type TokenFacts, type Verdict } from '@revocast/core';
import { type HistoryEntry } from '@revocast/testing';

/** A revocation that the service answered with success, and a token that it hits. */
export interface Acknowledged {
  readonly id: string;
  readonly token: string;
  readonly facts: TokenFacts;
  readonly at: number;
  /** When the answer "enforced" was here; undefined as long as nobody said so. */
  enforcedAt?: number;
}

/** What one look at a node brought. */
export interface Look {
  readonly node: string;
  /** Before the question left: whatever was answered before then binds. */
  readonly at: number;
  readonly verdict: Verdict;
  readonly watermark?: number;
  readonly log?: string | undefined;
}

/** A node's answer to a token that nobody revoked: what a user sees. */
export interface Standing {
  readonly node: string;
  readonly at: number;
  readonly kind: Verdict['kind'] | 'gone';
}

/** All that happened in a round, by the one clock of the process that runs it. */
export class RoundHistory {
  readonly entries: HistoryEntry[] = [];
  readonly acknowledged: Acknowledged[] = [];
  readonly standings: Standing[] = [];
  /** Accepts of a token after "enforced" was answered for its revocation. */
  readonly afterEnforced: string[] = [];
  #byId = new Map<string, Acknowledged>();

  constructor(private readonly boundMs: number) {}

  now(): number {
    return performance.now();
  }

  publish(one: Acknowledged, log: string, sequence: number): void {
    this.acknowledged.push(one);
    this.#byId.set(one.id, one);
    this.entries.push({ kind: 'published', at: one.at, log, sequence, id: one.id });
  }

  /** A token that `id` hits was checked. A second over the bound is what the rule of "enforced" grants too. */
  check(id: string, { node, at, verdict, log }: Look): void {
    const [acknowledges, stalenessMs, boundMs] = [log !== undefined, undefined, this.boundMs + 1_000];
    this.entries.push({ kind: 'checked', at, node, log, id, acknowledges, stalenessMs, verdict, boundMs });
    const enforcedAt = this.#byId.get(id)?.enforcedAt;
    if (verdict.kind !== 'active' || enforcedAt === undefined || at <= enforcedAt) return;
    this.afterEnforced.push(`${node} accepted ${id} ${Math.round(at - enforcedAt)} ms after "enforced"`);
  }

  stand(standing: Standing): void {
    this.standings.push(standing);
  }

  /** Everything that a node finds revoked. */
  observe(node: string, state: FollowerState, found: ReadonlySet<string>): void {
    this.entries.push({
      ...{ kind: 'observed', at: this.now(), node, state, found },
      // What a process tells about itself is not looked at: only what it answers.
      ...{ log: undefined, watermark: 0, acknowledges: false, stalenessMs: undefined, fresh: false },
      ...{ resyncs: 0, readsInFlight: 0, recordsPerRead: 0, timers: 0 },
    });
  }

  settle(healedMs: number): void {
    this.entries.push({ kind: 'settled', at: this.now(), healedMs });
  }
}
