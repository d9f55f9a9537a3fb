import { type FollowerReason } from './follower.js';
import { type LastProof } from './freshness.js';
import { type Instant } from './clock.js';
import { type FollowerState } from './heartbeat.js';

/** What decides a follower's state; nothing else does. */
export interface StandingFacts {
  readonly failure: FollowerReason | undefined;
  readonly proof: LastProof;
  readonly stalenessMsMax: number;
  readonly connected: boolean;
  readonly ticksMissed: boolean;
  /** What we wait for as long as nothing is proven. */
  readonly catchingUp: FollowerReason;
}

export interface StateAndReason {
  readonly state: FollowerState;
  readonly because?: FollowerReason;
}

/**
 * State and reason. `current` holds as long as the last proof is young enough, also while disconnected: the proof says
 * what we knew at its moment, not what the connection is like now.
 */
export const describeStanding = (facts: StandingFacts, now: Instant): StateAndReason => {
  const { failure, proof, connected } = facts;
  if (failure !== undefined) return { state: 'failed', because: failure };
  if (!proof.exists) {
    return connected
      ? { state: 'catchingUp', because: facts.catchingUp }
      : { state: 'connecting', because: 'disconnected' };
  }
  if (proof.isDoubtful(now)) return { state: 'stale', because: 'clockJumped' };
  if (proof.stalenessMs(now) <= facts.stalenessMsMax) return describeCurrent(facts);
  return { state: 'stale', because: connected ? 'boundExceeded' : 'disconnected' };
};

const describeCurrent = ({ connected, ticksMissed }: StandingFacts): StateAndReason => {
  if (!connected) return { state: 'current', because: 'disconnected' };
  return ticksMissed ? { state: 'current', because: 'ticksMissed' } : { state: 'current' };
};
