import { generateKeyPairSync } from 'node:crypto';
import { Controller, Get, Injectable, Req, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule, PassportStrategy } from '@nestjs/passport';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  RevocationGuard,
  RevocationHealthIndicator,
  RevocationModule,
  type RevocationGuardOptions,
} from '@revocast/nest';
import { RevocationTestingModule, TestRevocations } from '@revocast/nest/testing';
import { eventually } from '@revocast/testing';
import { auth } from 'express-oauth2-jwt-bearer';
import { SignJWT } from 'jose';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { beside, guards } from '../../../test/packages/snippets/nest-passport.js';
import {
  aBroker,
  anIssuer,
  AN_ISSUER,
  openEpoch,
  optionsFor,
  startApp,
  type AppParts,
  type RunningApp,
} from './support.js';

const ISSUER = 'https://issuer.test';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const SECRET = 'a secret of 32 characters or more';

/** What both libraries verify for real; our side never sees it. */
const signed = (claims: object = {}, alg: 'RS256' | 'HS256' = 'RS256'): Promise<string> =>
  new SignJWT({ iss: ISSUER, aud: 'orders', sub: 'alice', sid: 'sid-1', jti: 'jti-1', ...claims })
    .setProtectedHeader({ alg, typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(alg === 'RS256' ? privateKey : Buffer.from(SECRET));

@Controller()
class ApiController {
  @Get('me')
  me(@Req() request: { revocation?: { verdict: { kind: string }; facts: { sub?: string } } }): unknown {
    return { sub: request.revocation?.facts.sub, verdict: request.revocation?.verdict.kind };
  }
}

let running: RunningApp | undefined;
afterEach(() => running?.app.close());

async function anApp(guardOptions: RevocationGuardOptions, parts: AppParts, mode: 'strict' | 'observe' = 'strict') {
  const revocations = new TestRevocations({ mode });
  running = await startApp({
    adapter: 'express',
    controllers: [ApiController],
    ...parts,
    imports: [RevocationTestingModule.forTest(revocations, guardOptions), ...(parts.imports ?? [])],
  });
  return { ...running, revocations };
}

process.env['JWT_PUBLIC_KEY'] = pem;

/** As the documentation of Nest shows it. */
@Injectable()
class CuttingStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: pem, algorithms: ['RS256'] });
  }

  validate(payload: { sub?: string }): object {
    return { userId: payload.sub };
  }
}

const [, ...bothGuards] = guards;
const imports = [PassportModule];

describe('beside passport-jwt', () => {
  it('checks what validate() returned, once passport has verified the token', async () => {
    const { get, revocations } = await anApp(beside, { imports, providers: guards });
    const token = await signed();
    expect(await (await get('/me', token)).json()).toEqual({ sub: 'alice', verdict: 'active' });
    expect((await get('/me', `${token}x`)).status).toBe(401);
    revocations.revoke({ scope: 'session', sid: 'sid-1' });
    const refused = await get('/me', token);
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'ERR_TOKEN_REVOKED' }),
    ]);
    expect((await get('/me', await signed({ sid: 'sid-2' }))).status).toBe(200);
  });

  it('says unknown where validate() throws the claims away, and lets that pass in observe alone', async () => {
    const cutting = { imports, providers: [CuttingStrategy, ...bothGuards] };
    const strict = await anApp({ verifiedClaims: { from: 'user' } }, cutting);
    const refused = await strict.get('/me', await signed());
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'ERR_REVOCATION_UNKNOWN' }),
    ]);
    await strict.app.close();
    const observed = await anApp({ verifiedClaims: { from: 'user' } }, cutting, 'observe');
    expect(await (await observed.get('/me', await signed())).json()).toEqual({});
  });

  it('says unknown, and why, where it stands before the guard that verifies', async () => {
    const warnings: unknown[] = [];
    const providers = [...guards].reverse();
    const onWarning = (message: unknown): unknown => warnings.push(message);
    const { get } = await anApp({ verifiedClaims: { from: 'user' } }, { imports, providers, onWarning });
    for (let request = 0; request < 2; request++) expect((await get('/me', await signed())).status).toBe(503);
    expect(warnings.filter((message) => String(message).includes('put RevocationGuard after it'))).toHaveLength(1);
  });
});

describe('beside express-oauth2-jwt-bearer', () => {
  it('checks the payload that the middleware left', async () => {
    const verify = auth({ issuer: ISSUER, audience: 'orders', secret: SECRET, tokenSigningAlg: 'HS256' });
    const { get, revocations } = await anApp(
      { verifiedClaims: { from: 'auth.payload', whole: true } },
      { providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }], before: (app) => app.use(verify) },
    );
    const token = await signed({}, 'HS256');
    expect(await (await get('/me', token)).json()).toEqual({ sub: 'alice', verdict: 'active' });
    // The middleware's own refusal, as its error comes out of the application.
    expect((await get('/me', await signed({ aud: 'else' }, 'HS256'))).status).not.toBe(200);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect((await get('/me', token)).status).toBe(401);
  });
});

describe('beside a guard that leaves what nest-keycloak-connect leaves', () => {
  /** `request.user`, the parsed token, and `request.accessTokenJWT`: the shape alone, not the package. */
  @Injectable()
  class KeycloakShapedGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const request = context
        .switchToHttp()
        .getRequest<Record<string, unknown> & { headers: { authorization?: string } }>();
      const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
      const [, payload = ''] = token.split('.');
      request['user'] = JSON.parse(Buffer.from(payload, 'base64url').toString());
      request['accessTokenJWT'] = token;
      return true;
    }
  }

  it('checks the parsed token on a controller that names both guards in order', async () => {
    @UseGuards(KeycloakShapedGuard, RevocationGuard)
    @Controller()
    class GuardedController extends ApiController {}
    const { get, revocations } = await anApp(
      { verifiedClaims: { from: 'user', whole: true } },
      { controllers: [GuardedController] },
    );
    const token = await signed({ azp: 'app' });
    expect((await get('/me', token)).status).toBe(200);
    revocations.revoke({ scope: 'client', clientId: 'app' });
    expect([(await get('/me', token)).status, (await get('/me', await signed())).status]).toEqual([401, 200]);
  });
});

it('tells the fleet which scopes are covered so, and health that it is', async () => {
  const broker = aBroker();
  openEpoch(broker);
  const options = { ...optionsFor(broker, [anIssuer().input]), verifiedClaims: { from: 'user' } };
  running = await startApp({
    imports: [RevocationModule.forRoot(options)],
    controllers: [ApiController],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  await eventually(() =>
    expect(broker.heartbeats.at(-1)).toMatchObject({
      ...{ state: 'current', guarded: true, mode: 'strict' },
      issuers: [{ issuer: AN_ISSUER, scopes: ['subject', 'issuer'] }],
    }),
  );
  expect(running.app.get(RevocationHealthIndicator).health()).toMatchObject({ warnings: ['claimsOnly'] });
});
