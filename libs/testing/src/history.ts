import { type FollowerState, type Mode } from '@revocast/core';

/** A revocation that stands, or stood, at one sequence of a log. */
export interface Placement {
  readonly id: string;
  readonly log: string;
  readonly sequence: number;
  readonly at: number;
}

/** One entry of what happened in a run, as an observer with a perfect clock saw it. Times in true milliseconds. */
export type HistoryEntry =
  /** What the schedule made happen; for those who read the history. */
  | { readonly kind: 'happened'; readonly at: number; readonly what: string }
  /** A revocation stands in the log; again when it was published again. */
  | (Placement & { readonly kind: 'published' })
  /**
   * The record is no longer in the log. `replaced`: nor is anything else, and no epoch counts until all is published again,
   * so the revocation binds on. `rolledBack`: the log goes on without it, and it binds nobody until it is published again.
   */
  | (Placement & { readonly kind: 'lost'; readonly because: 'replaced' | 'rolledBack' })
  /** The log keeps records for a time only, and this one's is over; what it revokes was published again before. */
  | (Placement & { readonly kind: 'agedOut' })
  /** The broker lost the newest records of a log and will give their sequences out again. */
  | { readonly kind: 'rolledBack'; readonly at: number; readonly log: string }
  | { readonly kind: 'lifted'; readonly at: number; readonly id: string }
  /** Somebody who has none of our keys sent a revocation of this id. */
  | { readonly kind: 'forged'; readonly at: number; readonly id: string }
  /** What a node told its listeners about a record. */
  | {
      readonly kind: 'noticed';
      readonly node: string;
      readonly log: string | undefined;
      readonly sequence: number;
      readonly id: string;
      readonly replayed: boolean;
      /** How often the node had begun to read a log anew. */
      readonly resyncs: number;
    }
  | Observation
  | Claim
  /** The run could not go on: something does work without end. */
  | { readonly kind: 'spins'; readonly at: number; readonly why: string }
  /** The faults ended `healedMs` ago. */
  | Settlement;

/** One process of a node, looked at from outside between two of its steps. */
export interface Observation {
  readonly kind: 'observed';
  readonly at: number;
  /** Its instance: a node that starts again is another one. */
  readonly node: string;
  readonly log: string | undefined;
  readonly state: FollowerState;
  readonly watermark: number;
  /** Whether the record that it names at its watermark is the one that stands there: otherwise nobody counts it. */
  readonly acknowledges: boolean;
  readonly stalenessMs: number | undefined;
  readonly fresh: boolean;
  /** How many records the log lacks of those that a tick had named before the proof was asked for. */
  readonly shortBy: number;
  /** The proof was asked for over this connection before the service had its say. */
  readonly untold: boolean;
  readonly boundMs: number;
  /** How often it began anew with a log. */
  readonly resyncs: number;
  /** Revocations whose token it finds revoked. */
  readonly found: ReadonlySet<string>;
  /** Revocations whose token it calls active. */
  readonly active: ReadonlySet<string>;
  /** Revocations whose token it lets through, by its mode. */
  readonly passes: ReadonlySet<string>;
  readonly mode: Mode;
  /** Whether it reads tokens as the log declares it; of others nothing is promised. */
  readonly covers: boolean;
  /** Whether it asks at all. */
  readonly guarded: boolean;
  readonly readsInFlight: number;
  readonly recordsPerRead: number;
  readonly timers: number;
}

/** A service said of a revocation that it is enforced. */
export interface Claim {
  readonly kind: 'claimed';
  readonly at: number;
  readonly service: string;
  readonly id: string;
  readonly state: 'enforced' | 'enforcedExcept';
  /** Instances that it counted. */
  readonly counted: ReadonlySet<string>;
  /** Those of them that it says have applied it. */
  readonly applied: ReadonlySet<string>;
}

export interface Settlement {
  readonly kind: 'settled';
  readonly at: number;
  readonly healedMs: number;
  /** Revocations in the log of which no service can say yet that they are enforced. */
  readonly unproven: readonly string[];
  /** Revocations that the broker had confirmed, and that the log lacks although nobody lifted them. */
  readonly missing: readonly string[];
}

export type History = readonly HistoryEntry[];
