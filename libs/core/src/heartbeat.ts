import { type CanaryReport } from './canary.js';
import { type Mode } from './verdict.js';
import { type Scope } from './scope.js';
import { type EpochMs, type Sequence } from './units.js';

export const FOLLOWER_STATES = ['connecting', 'catchingUp', 'current', 'stale', 'failed'] as const;
export type FollowerState = (typeof FOLLOWER_STATES)[number];

/** What a node covers of one issuer, and which mapped claims its tokens really carried lately. */
export interface IssuerCoverage {
  readonly issuer: string;
  /** Scopes whose claims are mapped on this node. */
  readonly scopes: readonly Scope[];
  /** Digest of the issuer's settings on this node; must equal the declared ones. */
  readonly settingsDigest: string;
  /** Tokens verified lately (a sliding count of at most 10,000) and how many carried each scope's claim. */
  readonly tokens: number;
  readonly seen: Readonly<Partial<Record<Scope, number>>>;
}

/** What a node says about the file beside it (`REVOCAST_LOCAL_FILE`). Its presence alone says that the node may be overridden. */
export interface LocalFileReport {
  /** Local revocations in force. */
  readonly entries: number;
  /** The file that is there now is not in force, or none could be read. */
  readonly broken: boolean;
  /** An override of the mode that is in force or announced, and when it ends. */
  readonly modeOverride?: Mode;
  readonly until?: EpochMs;
}

/** What a node says about itself, each second and right after an apply. Not signed: it only ever delays a proof. */
export interface Heartbeat {
  readonly node: string;
  /** Random per process: two processes with one node id are two instances. */
  readonly instance: string;
  readonly service: string;
  readonly version: string;
  readonly epoch: string | undefined;
  readonly watermark: Sequence;
  /** Identity of the record at the watermark. */
  readonly identity: string | undefined;
  readonly state: FollowerState;
  /** Why the state is what it is, a short code. */
  readonly because?: string;
  /** The weakest mode, one that is about to come into force included, and the largest bound of any policy in the process. */
  readonly mode: Mode;
  readonly stalenessMsMax: number;
  /** The strictest mode that a route asks for, where that is stricter than `mode`: how far a roll-out has come. Proves nothing. */
  readonly routeMode?: Mode;
  readonly stalenessMs: number | undefined;
  readonly issuers: readonly IssuerCoverage[];
  readonly liveEntries: number;
  /** Whether a guard or checker really asks: a module that is imported but not used protects nothing. */
  readonly guarded: boolean;
  readonly at: EpochMs;
  /** Present when the node listens to a local file: it may become weaker while nobody hears it. */
  readonly localFile?: LocalFileReport;
  /** Time of the newest tick it has heard, by the clock of the service: proves that this was said after it. */
  readonly newestTick?: EpochMs;
  /** The node reports what it refused: without this word a count of none says nothing about it. */
  readonly countsRefusals?: true;
  /** The node can be asked what a revocation would hit there. */
  readonly answersQuestions?: true;
  /** The node spares whom a condition of a revocation spares: without this word it hits more. */
  readonly heedsConditions?: true;
  /** What became of the latest canaries, at most `CANARIES_MAX`, the newest last. Absent before the first one. */
  readonly canaries?: readonly CanaryReport[];
  /** Set in the last heartbeat: the guard has already begun to answer unknown. */
  readonly goodbye?: true;
}
