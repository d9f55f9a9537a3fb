import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import * as jetstream from '@revocast/jetstream';
import { RevocationGuard, RevocationModule } from '@revocast/nest';
import { nodeFromEnvironment } from '@revocast/node';
import { HealthController, OrdersController } from './orders.controllers.js';
import { count } from './verdicts.js';

const useFactory = () => ({
  ...nodeFromEnvironment(process.env, { jetstream, service: 'orders' }).node,
  onVerdict: count,
});

@Module({
  imports: [RevocationModule.forRootAsync({ useFactory })],
  controllers: [HealthController, OrdersController],
  providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
})
export class AppModule {}
