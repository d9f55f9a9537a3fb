import { Controller, Get, Module, Req } from '@nestjs/common';
import * as jetstream from '@revocast/jetstream';
import { Public, RevocationModule, type RevocationRequest } from '@revocast/nest';
import { nodeFromEnvironment } from '@revocast/node';
import { KeycloakConnectModule, Roles, TokenValidation, Unprotected } from 'nest-keycloak-connect';
import { beside, guards } from './guards.js';

@Controller()
export class OrdersController {
  @Get('me')
  me(@Req() { user, revocation }: RevocationRequest): unknown {
    return { sub: user['sub'], verdict: revocation.verdict.kind };
  }

  @Get('admin')
  @Roles({ roles: ['realm:admin'] })
  admin(): string {
    return 'admin';
  }

  // Each guard has a mark of its own.
  @Unprotected()
  @Public()
  @Get('open')
  open(): string {
    return 'open';
  }
}

const env = (name: string): string => process.env[name] ?? '';

const useFactory = () => ({ ...nodeFromEnvironment(process.env, { jetstream, service: 'orders' }).node, ...beside });

@Module({
  imports: [
    KeycloakConnectModule.registerAsync({
      useFactory: () => ({
        ...{ authServerUrl: env('KEYCLOAK_URL'), realm: env('KEYCLOAK_REALM'), clientId: env('KEYCLOAK_CLIENT') },
        ...{ secret: env('KEYCLOAK_SECRET'), realmPublicKey: env('KEYCLOAK_REALM_KEY') },
        // By the signature and not by a question to Keycloak for each request.
        ...{ bearerOnly: true, tokenValidation: TokenValidation.OFFLINE },
      }),
    }),
    RevocationModule.forRootAsync({ useFactory }),
  ],
  controllers: [OrdersController],
  providers: guards,
})
export class AppModule {}
