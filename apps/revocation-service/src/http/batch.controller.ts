import { Readable } from 'node:stream';
import { Controller, Headers, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiProduces } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { batchLineSchema, batchPreviewSchema } from './answer-schemas.js';
import { ApiAnswer, ApiIdempotencyKey, ApiProblems } from './api-docs.js';
import { Batch } from './batch.js';
import { coalesced } from './coalesced.js';
import { Consumes, NDJSON_TYPE } from './consumes.js';
import { readIdempotencyKey } from './prefer.js';

const LINES =
  'One command per line, as for POST /v1/revocations; a line may have an `idempotencyKey` of its own, which then stands for its place in the batch.';

/** Many commands in one request. */
@Controller('v1/revocations')
export class BatchController {
  constructor(private readonly batch: Batch) {}

  @Post('batch')
  @HttpCode(200)
  @Needs('write')
  @Consumes(NDJSON_TYPE)
  @ApiConsumes(NDJSON_TYPE)
  @ApiProduces(NDJSON_TYPE)
  @ApiBody({ description: LINES, schema: { type: 'string' } })
  @ApiIdempotencyKey()
  @ApiAnswer(
    200,
    'One line per command, in order, each after its confirmation; the last line sums up.',
    batchLineSchema,
  )
  @ApiProblems('batch')
  run(
    @Req() request: FastifyRequest,
    @Caller() operator: Operator,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res() reply: FastifyReply,
  ): void {
    // The parser of this content type hands the body over unread.
    const chunks = request.body as Readable;
    const lines = this.batch.run({ chunks, operator, idempotencyKey: readIdempotencyKey(idempotencyKey) });
    void reply.type(NDJSON_TYPE).send(Readable.from(coalesced(lines)));
  }

  /** A path of its own: a service that did not know a flag on the other one would carry the lines out. */
  @Post('batch/preview')
  @HttpCode(200)
  @Needs('read')
  @Consumes(NDJSON_TYPE)
  @ApiConsumes(NDJSON_TYPE)
  @ApiProduces(NDJSON_TYPE)
  @ApiBody({ description: LINES, schema: { type: 'string' } })
  @ApiAnswer(200, 'What each line would revoke, or what is wrong with it. Nothing is published.', batchPreviewSchema)
  @ApiProblems('batch')
  preview(@Req() request: FastifyRequest, @Caller() operator: Operator, @Res() reply: FastifyReply): void {
    const chunks = request.body as Readable;
    void reply.type(NDJSON_TYPE).send(Readable.from(coalesced(this.batch.preview({ chunks, operator }))));
  }
}
