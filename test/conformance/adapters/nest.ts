import { Controller, Get, Module, Req, Sse, type CanActivate, type Type } from '@nestjs/common';
import { APP_GUARD, NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import {
  LiveConnections,
  Public,
  RevocationGuard,
  RevocationModule,
  RevocationNode,
  RevocationPolicy,
  type RevocationRequest,
} from '@revocast/nest';
import { map, merge, of, takeWhile, NEVER, type Observable } from 'rxjs';
import { ROUTE_BOUND_MS, type Adapter } from '../world.js';

@Controller()
class OrdersController {
  constructor(private readonly live: LiveConnections) {}

  @Get('me')
  me(@Req() { user, revocation }: RevocationRequest): unknown {
    return { sub: user['sub'], verdict: revocation.verdict.kind };
  }

  @RevocationPolicy({ stalenessMsMax: ROUTE_BOUND_MS })
  @Get('bounded')
  bounded(@Req() request: RevocationRequest): unknown {
    return this.me(request);
  }

  @RevocationPolicy({ mode: 'strict' })
  @Get('strict')
  strict(@Req() request: RevocationRequest): unknown {
    return this.me(request);
  }

  @Public()
  @Get('open')
  open(): string {
    return 'open';
  }

  @Sse('stream')
  stream(@Req() { revocation: { facts, policy } }: RevocationRequest): Observable<{ data: string }> {
    const end = this.live.ended(facts, policy).pipe(map(() => ({ data: 'end' })));
    return merge(of({ data: 'begin' }), NEVER, end).pipe(takeWhile(({ data }) => data !== 'end', true));
  }
}

/** `http` is Nest's adapter for Express or Fastify, `guard` ours or a broken one that extends it. */
export const nestAdapter = (
  name: string,
  http: () => AbstractHttpAdapter,
  guard: Type<CanActivate> = RevocationGuard,
): Adapter => ({
  name,
  start: async (options) => {
    @Module({
      imports: [RevocationModule.forRoot(options)],
      controllers: [OrdersController],
      providers: [{ provide: APP_GUARD, useClass: guard }],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, http(), { logger: false });
    await app.listen(0, '127.0.0.1');
    return {
      node: app.get(RevocationNode),
      port: Number(new URL(await app.getUrl()).port),
      routes: { me: '/me', bounded: '/bounded', strict: '/strict', open: '/open', stream: '/stream' },
      close: () => app.close(),
    };
  },
});
