import { type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { RevocationGuard, type RevocationGuardOptions } from '@revocast/nest';
import { AuthGuard, RoleGuard } from 'nest-keycloak-connect';

// In this order: the first one verifies, the second one asks whether that token is revoked.
export const guards: Provider[] = [
  { provide: APP_GUARD, useClass: AuthGuard },
  { provide: APP_GUARD, useExisting: RevocationGuard },
  { provide: APP_GUARD, useClass: RoleGuard },
];

// The whole parsed token is what Keycloak's guard leaves there. To be spread into the options of RevocationModule.
export const beside: RevocationGuardOptions = { verifiedClaims: { from: 'user', whole: true } };
