import { type BeforeApplicationShutdown, Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import { type Clock, RevocationError } from '@revocast/core';
import { type FastifyReply } from 'fastify';
import { type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { EventHub } from '../events/event-hub.js';
import { EventStream } from '../events/event-stream.js';
import { systemSchedule } from '../system.js';
import { ApiProblems } from './api-docs.js';
import { CLOCK } from './tokens.js';

/** Server-sent events: `revocation`, `lift`, `propagation`, `node`. */
@Controller('v1/events')
export class EventsController implements BeforeApplicationShutdown {
  constructor(
    private readonly hub: EventHub,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A stream ends by itself never, and the server closes only once all requests have ended. */
  beforeApplicationShutdown(): void {
    this.hub.close();
  }

  @Get()
  @Needs('read')
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'Events from now on; a reader who falls behind is cut off.',
    schema: { type: 'string' },
  })
  @ApiProblems('events')
  watch(@Caller() operator: Operator, @Res() reply: FastifyReply): void {
    if (!this.hub.isOpen) throw new RevocationError('ERR_CAPACITY', 'There are too many readers already.');
    reply.hijack();
    const { hub, clock } = this;
    new EventStream({ hub, operator, response: reply.raw, schedule: systemSchedule, now: () => clock.wall() }).open();
  }
}
