import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { type Clock } from '@revocast/core';
import { assertUnlimited, type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { Fleet } from '../fleet/fleet.js';
import { writeAudit } from '../journal/audit.js';
import { Database } from '../journal/database.js';
import { ServiceLog } from '../log/service-log.js';
import { nodesAnswerSchema } from './answer-schemas.js';
import { ApiAnswer, ApiProblems } from './api-docs.js';
import { ProblemError } from './problem.js';
import { type ForgetBody, forgetSchema } from './schemas.js';
import { CLOCK } from './tokens.js';

/** The fleet as its nodes speak of themselves. */
@Controller('v1/nodes')
export class NodesController {
  constructor(
    private readonly fleet: Fleet,
    private readonly database: Database,
    private readonly log: ServiceLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('read')
  @ApiAnswer(200, 'Every node heard of, and every expected one that is missing.', nodesAnswerSchema)
  @ApiProblems('none')
  list(): Record<string, unknown> {
    return this.fleet.overview();
  }

  @Post('forget')
  @HttpCode(200)
  @Needs('write')
  @ApiAnswer(200, 'The node counts no longer; if it lives, it comes back with its next heartbeat.', nodesAnswerSchema)
  @ApiProblems('forget')
  forget(@Body({ schema: forgetSchema }) body: ForgetBody, @Caller() operator: Operator): Record<string, unknown> {
    const { node, instance, reason } = body;
    assertUnlimited(operator);
    const known = this.fleet.nodes().find((one) => one.node === node && one.instance === instance);
    if (known === undefined)
      throw new ProblemError('ERR_NODE_NOT_FOUND', 'There is no node of this name and instance.');
    if (known.state !== 'silent' && known.state !== 'presumedGone' && known.state !== 'gone')
      throw new ProblemError('ERR_NODE_ALIVE', 'The node was heard within the last 3 s.');
    writeAudit(this.database, {
      at: this.clock.wall(),
      actor: operator.name,
      action: 'nodeForgotten',
      subject: JSON.stringify({ node, instance }),
      reason,
    });
    this.fleet.forget(node, instance);
    this.log.info('nodeForgotten', { node, instance, actor: operator.name });
    return this.fleet.overview();
  }
}
