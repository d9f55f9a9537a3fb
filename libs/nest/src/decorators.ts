import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export const PUBLIC = 'revocast:public';
export const POLICY = 'revocast:policy';

/** What one route asks for, on top of the module's policy. */
export interface RoutePolicy {
  /** The longest staleness this route accepts. Milliseconds, above 0; never more than the module's, or the app does not start. */
  readonly stalenessMsMax: number;
}

/** Lets everybody in, without a token: for health, login, and what else is meant to be open. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC, true);

/**
 * Tightens the staleness bound of a controller or a route. It can only tighten: a route that may be staler than its
 * module would make the module's bound, which the proof of enforcement rests on, untrue.
 *
 * ```ts
 * @Post('payments') @RevocationPolicy({ stalenessMsMax: 15_000 }) pay() {}
 * ```
 */
export const RevocationPolicy = (policy: RoutePolicy): CustomDecorator => SetMetadata(POLICY, policy);
