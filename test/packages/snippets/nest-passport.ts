import { Injectable, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { RevocationGuard, type RevocationGuardOptions } from '@revocast/nest';
import { ExtractJwt, Strategy } from 'passport-jwt';

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();
    super({ jwtFromRequest, secretOrKey: process.env['JWT_PUBLIC_KEY'] ?? '', algorithms: ['RS256'] });
  }

  // All claims, as they are: what is thrown away here no revocation can find.
  validate(payload: object): object {
    return payload;
  }
}

@Injectable()
class JwtGuard extends AuthGuard('jwt') {}

// In this order: the first one verifies, the second one asks whether that token is revoked.
export const guards: Provider[] = [
  JwtStrategy,
  { provide: APP_GUARD, useClass: JwtGuard },
  { provide: APP_GUARD, useExisting: RevocationGuard },
];

// To be spread into the options of RevocationModule.
export const beside: RevocationGuardOptions = { verifiedClaims: { from: 'user', whole: true } };
