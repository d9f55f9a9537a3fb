import { type FollowerState, type TokenFacts, type Verdict } from '@revocast/core';
import { type HistoryEntry, type Observation } from '@revocast/testing';

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

/** What a process tells about itself is not looked at: only what it answers. */
const UNSEEN: Omit<Observation, 'at' | 'node' | 'state' | 'boundMs'> = {
  ...{ kind: 'observed', log: undefined, watermark: 0, acknowledges: false, stalenessMs: undefined, fresh: false },
  ...{ found: new Set(), active: new Set(), passes: new Set(), mode: 'strict', covers: true, guarded: true },
  ...{ shortBy: 0, untold: false, resyncs: 0, readsInFlight: 0, recordsPerRead: 0, timers: 0 },
};

/** All that happened in a round, by the one clock of the process that runs it. */
export class RoundHistory {
  /** What was published, and what nodes held when they were asked for all of it. */
  readonly entries: HistoryEntry[] = [];
  /** What was published, and what nodes said of single tokens. */
  readonly looks: HistoryEntry[] = [];
  checks = 0;
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
    const published = { kind: 'published', at: one.at, log, sequence, id: one.id } as const;
    this.entries.push(published);
    this.looks.push(published);
  }

  /** A token that `id` hits was checked. A second over the bound is what the rule of "enforced" grants too. */
  check(id: string, { node, at, verdict, log }: Look): void {
    this.checks += 1;
    const active = verdict.kind === 'active' ? verdict : undefined;
    const seen = { active: new Set(active === undefined ? [] : [id]), watermark: active?.watermark ?? 0 };
    const place = { at, node, log, acknowledges: log !== undefined, boundMs: this.boundMs + 1_000 };
    this.looks.push({ ...UNSEEN, ...place, ...seen, state: 'current' });
    const enforcedAt = this.#byId.get(id)?.enforcedAt;
    if (verdict.kind !== 'active' || enforcedAt === undefined || at <= enforcedAt) return;
    this.afterEnforced.push(`${node} accepted ${id} ${Math.round(at - enforcedAt)} ms after "enforced"`);
  }

  stand(standing: Standing): void {
    this.standings.push(standing);
  }

  /** Everything that a node finds revoked. */
  observe(node: string, state: FollowerState, found: ReadonlySet<string>): void {
    this.entries.push({ ...UNSEEN, at: this.now(), node, state, found, boundMs: this.boundMs });
  }

  settle(healedMs: number): void {
    this.entries.push({ kind: 'settled', at: this.now(), healedMs, unproven: [], missing: [] });
  }
}
