import { Controller, Get, Header, HttpStatus, Req, Res, Sse, type MessageEvent } from '@nestjs/common';
import {
  LiveConnections,
  Public,
  RevocationHealthIndicator,
  RevocationNode,
  type RevocationHealth,
  type RevocationRequest,
} from '@revocast/nest';
import { type FastifyReply } from 'fastify';
import { map, merge, takeWhile, timer, type Observable } from 'rxjs';
import { Metrics } from './metrics.js';

/** Shorter than the idle limits of common proxies. */
const PING_MS = 15_000;

@Controller()
export class MeController {
  constructor(private readonly live: LiveConnections) {}

  /** The claims of the caller. */
  @Get('me')
  me(@Req() request: RevocationRequest): RevocationRequest['user'] {
    return request.user;
  }

  /** A stream that ends, with a last event that says why, when the caller's token is revoked or expires. */
  @Sse('stream')
  stream(@Req() { revocation }: RevocationRequest): Observable<MessageEvent> {
    const pings = timer(0, PING_MS).pipe(map((count): MessageEvent => ({ type: 'ping', data: { count } })));
    const end = this.live
      .ended(revocation.facts, revocation.policy)
      .pipe(map(({ code }): MessageEvent => ({ type: 'end', data: { code } })));
    return merge(pings, end).pipe(takeWhile(({ type }) => type !== 'end', true));
  }
}

@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly health: RevocationHealthIndicator,
    private readonly node: RevocationNode,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  /** 503 until this node was current once; later staleness is in the body, since a restart would not help. */
  @Get('health/ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply): RevocationHealth {
    const health = this.health.health();
    if (health.status === 'down') reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return health;
  }

  @Get('metrics')
  @Header('Content-Type', Metrics.CONTENT_TYPE)
  scrape(): Promise<string> {
    return this.metrics.render(this.node.status());
  }
}
