import { type EpochMs } from './units.js';

/** How often one revocation refused on one node. */
export interface RefusalCount {
  readonly id: string;
  /** Tells a count that began anew, since the one before was dropped for want of room, from a repetition of that one. */
  readonly run: number;
  /** Since the run began: it only grows, so a repeated or overtaken report changes nothing. */
  readonly refused: number;
  /** By the clock of the node. */
  readonly lastAt: EpochMs;
}

/** What a node's guard refused, by revocation and nothing else: no token, no claim, no address. Authorised as heartbeats are. */
export interface RefusalReport {
  readonly service: string;
  readonly instance: string;
  readonly counts: readonly RefusalCount[];
  /** Refusals since the process began that no report ever told: more revocations refused than the node keeps counts of. */
  readonly dropped: number;
}
