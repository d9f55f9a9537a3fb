import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import { type Clock, RevocationError } from '@revocast/core';
import { type FastifyReply } from 'fastify';
import { type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { EventHub, WATCHERS_MAX } from '../events/event-hub.js';
import { EventStream } from '../events/event-stream.js';
import { systemSchedule } from '../system.js';
import { ApiProblems } from './api-docs.js';
import { CLOCK } from './tokens.js';

/** Server-sent events: `revocation`, `lift`, `propagation`, `node`. */
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly hub: EventHub,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('read')
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'Events from now on; a reader who falls behind is cut off.',
    schema: { type: 'string' },
  })
  @ApiProblems('events')
  watch(@Caller() operator: Operator, @Res() reply: FastifyReply): void {
    if (this.hub.watchers >= WATCHERS_MAX)
      throw new RevocationError('ERR_CAPACITY', 'There are too many readers already.');
    reply.hijack();
    const { hub, clock } = this;
    new EventStream({ hub, operator, response: reply.raw, schedule: systemSchedule, now: () => clock.wall() }).open();
  }
}
