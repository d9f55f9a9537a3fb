import {
  type FollowerReason,
  type FollowerState,
  type LocalOverridesStatus,
  type Mode,
  type Sequence,
} from '@revocast/core';
import { type NodeStatus } from './revocation-node.js';

/**
 * What somebody has to see though the node is fit for requests. `unguarded`: no guard is in use, so nothing is enforced here.
 * `claimsOnly`: some requests are checked by claims that another guard left, so no revocation of a key is enforced for sure.
 */
export type HealthWarning = 'unguarded' | 'claimsOnly';

export interface RevocationHealth {
  /**
   * `up` once this node was current, and for good: a broker's outage must not make an orchestrator restart the fleet. `down`
   * while a local file that was never read may revoke anything; `up` while one opens the node with `observe`.
   */
  readonly status: 'up' | 'down';
  readonly state: FollowerState;
  readonly because?: FollowerReason;
  /** Since the last proof of being at the head. Milliseconds; absent before the first. */
  readonly stalenessMs?: number;
  readonly watermark: Sequence;
  /** False: no guard is in use, so nothing is enforced here. */
  readonly guarded: boolean;
  /** Empty when all is well; it never changes `status`. */
  readonly warnings: readonly HealthWarning[];
  /** The mode in force. */
  readonly mode: Mode;
  /** Present when the node listens to a local file. */
  readonly localFile?: LocalOverridesStatus;
}

/** Whether a node is fit for requests, and how far behind it is: what an orchestrator and an operator look at. */
export function healthOf(status: NodeStatus): RevocationHealth {
  const { state, because, stalenessMs, watermark, guarded, everCurrent, mode, localFile } = status;
  const isOpened = localFile?.modeOverride?.inForce === true && localFile.modeOverride.value === 'observe';
  return {
    status: (everCurrent && localFile?.blind !== true) || isOpened ? 'up' : 'down',
    state,
    ...(because !== undefined && { because }),
    ...(stalenessMs !== undefined && { stalenessMs }),
    watermark,
    guarded,
    warnings: warningsOf(status),
    mode,
    ...(localFile !== undefined && { localFile }),
  };
}

const warningsOf = ({ guarded, claimsOnly }: NodeStatus): readonly HealthWarning[] => [
  ...(guarded ? [] : (['unguarded'] as const)),
  ...(claimsOnly ? (['claimsOnly'] as const) : []),
];
