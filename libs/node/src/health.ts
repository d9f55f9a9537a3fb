import {
  type FollowerReason,
  type FollowerState,
  type LocalOverridesStatus,
  type Mode,
  type Sequence,
} from '@revocast/core';
import { type NodeStatus } from './revocation-node.js';

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
    mode,
    ...(localFile !== undefined && { localFile }),
  };
}
