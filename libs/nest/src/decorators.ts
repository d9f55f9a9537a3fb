import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import { type RoutePolicy } from '@revocast/gate';

export type { RoutePolicy };

export const PUBLIC = 'revocast:public';
export const POLICY = 'revocast:policy';

/** Lets everybody in, without a token: for health, login, and what else is meant to be open. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC, true);

/**
 * Tightens the staleness bound or the mode of a controller or a route. It can only tighten, or the application does not start:
 * a route that may be staler or weaker than its module would make what the proof of enforcement rests on untrue. So a
 * service that observes can enforce on one route first.
 *
 * ```ts
 * @Post('payments') @RevocationPolicy({ mode: 'strict', stalenessMsMax: 15_000 }) pay() {}
 * ```
 */
export const RevocationPolicy = (policy: RoutePolicy): CustomDecorator => SetMetadata(POLICY, policy);
