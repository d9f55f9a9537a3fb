import { createIndex } from './compact-index.js';
import { HASH_KEY_BYTES } from './keyed-hash.js';
import { type Revocation } from './revocation.js';
import { type TokenFacts } from './token.js';
import { type EpochMs } from './units.js';

/** What a revocation would hit, asked of every node before it is given. Signed by the service as ticks are. */
export interface LiveTokensQuestion {
  /** Random: marks of two questions have nothing in common. */
  readonly id: string;
  readonly time: EpochMs;
  /** Tokens seen for the last time before that are not live. Milliseconds. */
  readonly windowMs: number;
  /** Of one issuer and scope. */
  readonly revocations: readonly Revocation[];
}

/** How many tokens one node counted. No token leaves it, no claim, and nothing that says whose they are. */
export interface LiveTokensCount {
  readonly tokens: number;
  /** Those of them without a subject, or whose subject is their client: of machines, as far as the claims tell. */
  readonly machines: number;
  /** Not all tokens were looked at, or some may have been dropped for want of room: there may be more. */
  readonly atLeast: boolean;
  /**
   * 48 bits of a hash of the question's id and a token's digest, for each token if there are few: so that one token seen by
   * three nodes counts once; those of machines stand first. They tell nothing to whoever does not have the token, and differ from question to question.
   */
  readonly marks?: readonly string[];
  /** The machine clients among them with most tokens, at most `MACHINE_CLIENTS_MAX`: a client id names a program and nobody. */
  readonly machineClients?: readonly MachineClient[];
  /** Machine clients that are not in the list. */
  readonly moreMachineClients?: number;
  /** What the condition spares, for each of its clients in their order. */
  readonly excepted?: readonly MarkedTokens[];
}

/** Some of the tokens. `marks` as above, if there are few. */
export interface MarkedTokens {
  readonly tokens: number;
  readonly marks?: readonly string[];
}

export interface MachineClient extends MarkedTokens {
  readonly clientId: string;
}

/** The answer of one node. Authorised as heartbeats are. */
export interface LiveTokensAnswer {
  readonly question: string;
  readonly service: string;
  readonly instance: string;
  /** Undefined: the node keeps no verified tokens, so it does not know. */
  readonly count: LiveTokensCount | undefined;
}

/** More tokens of one node than this are told as a number alone. */
export const LIVE_TOKEN_MARKS_MAX = 64;
/** More machine clients than this are told as a number alone. */
export const MACHINE_CLIENTS_MAX = 20;
/** Longer names of machine clients are not told. UTF-8. */
export const MACHINE_CLIENT_BYTES_MAX = 128;

/**
 * Whether one of these revocations would hit a token: by the very index that decides it once they are given. Its hash needs no
 * secret, since it holds a handful of entries and decides nothing but a number.
 */
export const wouldHit = (revocations: readonly Revocation[]): ((facts: TokenFacts, now: EpochMs) => boolean) => {
  const index = createIndex({ hashKey: new Uint8Array(HASH_KEY_BYTES), capacity: Math.max(1, revocations.length) });
  for (const revocation of revocations) index.apply(revocation);
  // A copy: the first index that asks takes the memo of the facts for good, and that is not to be this one.
  return (facts, now) => index.find({ ...facts }, now, 'iat') !== undefined;
};
