import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import * as jetstream from '@revocast/jetstream';
import { RevocationGuard, RevocationModule } from '@revocast/nest';
import { nodeFromEnvironment } from '@revocast/node';
import { OrdersGateway } from './orders.gateway.js';
import { OrdersResolver } from './orders.resolver.js';

const useFactory = () => nodeFromEnvironment(process.env, { jetstream, service: 'orders' }).node;

@Module({
  imports: [
    RevocationModule.forRootAsync({ useFactory }),
    GraphQLModule.forRoot<ApolloDriverConfig>({
      ...{ driver: ApolloDriver, autoSchemaFile: true },
      subscriptions: { 'graphql-ws': true },
    }),
  ],
  providers: [OrdersResolver, OrdersGateway, { provide: APP_GUARD, useExisting: RevocationGuard }],
})
export class AppModule {}
