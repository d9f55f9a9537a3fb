import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { RevocationGuard, RevocationModule, RevocationNode } from '@revocast/nest';
import { HealthController, MeController } from './api.controllers.js';
import { IdleConnections } from './idle-connections.js';
import { IssuersFile } from './issuers-file.js';
import { Metrics } from './metrics.js';
import { type Settings } from './settings.js';

@Module({})
export class AppModule {
  static with({ revocation, issuersFile }: Settings): DynamicModule {
    const metrics = new Metrics();
    return {
      module: AppModule,
      imports: [RevocationModule.forRoot({ ...revocation, onVerdict: (answer) => metrics.count(answer) })],
      controllers: [MeController, HealthController],
      providers: [
        { provide: APP_GUARD, useExisting: RevocationGuard },
        { provide: Metrics, useValue: metrics },
        IdleConnections,
        {
          provide: IssuersFile,
          inject: [RevocationNode],
          useFactory: (node: RevocationNode) => new IssuersFile(node, issuersFile),
        },
      ],
    };
  }
}
