import { Context, Query, Resolver, Subscription } from '@nestjs/graphql';
import { Public, type RevocationRequest } from '@revocast/nest';
import { PubSub } from 'graphql-subscriptions';

export const shipments = new PubSub();

@Resolver()
export class OrdersResolver {
  @Query(() => String)
  me(@Context('req') { user }: RevocationRequest): unknown {
    return user['sub'];
  }

  @Public()
  @Query(() => String)
  version(): string {
    return '1';
  }

  // Refused when it begins, and its socket is closed when the token is revoked or expires.
  @Subscription(() => String)
  shipped(): AsyncIterator<unknown> {
    return shipments.asyncIterableIterator('shipped');
  }
}
