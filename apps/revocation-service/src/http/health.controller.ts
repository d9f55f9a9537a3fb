import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { Open } from '../auth/operator.guard.js';
import { Health } from '../health/health.js';
import { type Readiness } from '../health/readiness.js';
import { Metrics } from '../metrics/metrics.js';
import { livenessSchema, readinessSchema } from './answer-schemas.js';
import { ApiAnswer } from './api-docs.js';

/** In the description of the API: no credentials. */
const OPEN = { security: [] };

/** For probes and scrapers; open to all, so it names no key, no operator and no token. */
@Controller()
@Open()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('health/live')
  @ApiOperation(OPEN)
  @ApiAnswer(200, 'The process answers.', livenessSchema)
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  @Get('health/ready')
  @ApiOperation(OPEN)
  @Header('cache-control', 'no-store')
  @ApiAnswer(200, 'Commands are carried out.', readinessSchema)
  @ApiAnswer(503, 'They are not; `reasons` says why.', readinessSchema)
  ready(@Res({ passthrough: true }) reply: FastifyReply): Readiness {
    const readiness = this.health.readiness();
    void reply.status(readiness.status === 'ready' ? 200 : 503);
    return readiness;
  }

  @Get('metrics')
  @ApiOperation(OPEN)
  @ApiOkResponse({ description: 'Metrics in the text format of Prometheus.', schema: { type: 'string' } })
  @Header('content-type', Metrics.CONTENT_TYPE)
  @ApiProduces('text/plain')
  metrics(): Promise<string> {
    return this.health.metrics();
  }
}
