import { Injectable } from '@nestjs/common';
import { healthOf, RevocationNode, type RevocationHealth } from '@revocast/node';

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
    return healthOf(this.node.status());
  }
}
