import { Injectable } from '@nestjs/common';
import {
  type FollowerReason,
  type FollowerState,
  type LocalOverridesStatus,
  type Mode,
  type Sequence,
} from '@revocast/core';
import { RevocationNode } from './revocation-node.js';

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

/** A health indicator in the shape of `@nestjs/terminus` 11 and later, which this package does not depend on. */
@Injectable()
export class RevocationHealthIndicator {
  constructor(private readonly node: RevocationNode) {}

  /**
   * ```ts
   * @Get('ready') @HealthCheck() ready() { return this.health.check([() => this.revocation.isHealthy()]); }
   * ```
   */
  isHealthy<Key extends string = 'revocation'>(key: Key = 'revocation' as Key): Record<Key, RevocationHealth> {
    return { [key]: this.health() } as Record<Key, RevocationHealth>;
  }

  /** The same without terminus. */
  health(): RevocationHealth {
    const { state, because, stalenessMs, watermark, guarded, everCurrent, mode, localFile } = this.node.status();
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
}
