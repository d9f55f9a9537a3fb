import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { type Clock } from '@revocast/core';
import { type FastifyReply } from 'fastify';
import { type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { type CommandInput, revocationCommandSchema } from '../command/command-schema.js';
import { Commands } from '../command/commands.js';
import { Database } from '../journal/database.js';
import { type JournaledRevocation } from '../journal/entries.js';
import { listRevocations } from '../journal/revocations.js';
import { CommandReport } from './command-report.js';
import { ApiAnswer, ApiIdempotencyKey, ApiPrefer, ApiProblems } from './api-docs.js';
import {
  liftAnswerSchema,
  listAnswerSchema,
  previewAnswerSchema,
  revocationAnswerSchema,
  shownAnswerSchema,
} from './answer-schemas.js';
import { filterOf, positionOf, textOf } from './list-filter.js';
import { readIdempotencyKey, readPreference } from './prefer.js';
import { ProblemError } from './problem.js';
import { RevocationAnswers } from './revocation-answers.js';
import { type LiftBody, liftSchema, type ListQuery, listQuerySchema } from './schemas.js';
import { CLOCK } from './tokens.js';

type Answer = Record<string, unknown>;

/** Commands about revocations, and what became of them. */
@Controller('v1/revocations')
export class RevocationsController {
  constructor(
    private readonly commands: Commands,
    private readonly answers: RevocationAnswers,
    private readonly report: CommandReport,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @Needs('write')
  @ApiIdempotencyKey()
  @ApiPrefer()
  @ApiAnswer(201, 'Published: every node will enforce it. `propagation` says how far it got.', revocationAnswerSchema)
  @ApiProblems('command')
  async revoke(
    @Body({ schema: revocationCommandSchema }) command: CommandInput,
    @Caller() operator: Operator,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    const input = { command, operator, idempotencyKey: readIdempotencyKey(idempotencyKey) };
    const { entries, confirmed, replayed } = await this.report.revoked(input, () => this.commands.revoke(input));
    const [entry] = entries;
    if (entry === undefined) throw new ProblemError('ERR_INVARIANT', 'A command made no revocation.');
    if (!confirmed) throw this.#unconfirmed(entry.id);
    await this.#wait(entries, prefer, reply);
    void reply.header('location', `/v1/revocations/${entry.id}`);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return this.answers.one(this.commands.visible(entry.id, operator));
  }

  @Post('preview')
  @HttpCode(200)
  @Needs('read')
  @ApiAnswer(200, 'What the command would hit. Nothing is published.', previewAnswerSchema)
  @ApiProblems('command')
  async preview(
    @Body({ schema: revocationCommandSchema }) command: CommandInput,
    @Caller() operator: Operator,
  ): Promise<Answer> {
    return this.answers.preview(await this.commands.consider(command, operator), operator.token);
  }

  @Get()
  @Needs('read')
  @ApiAnswer(200, 'Newest first.', listAnswerSchema)
  @ApiProblems('input')
  list(@Query({ schema: listQuerySchema }) query: ListQuery, @Caller() operator: Operator): Answer {
    const filter = filterOf(query, operator, query.cursor === undefined ? undefined : positionOf(query.cursor));
    const page = { now: this.clock.wall(), limit: query.limit + 1 };
    const found = listRevocations(this.database, filter, page);
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    const next = found.length > query.limit && last !== undefined ? textOf(last.position) : null;
    return { items: items.map((entry) => this.answers.one(entry)), next };
  }

  @Get(':id')
  @Needs('read')
  @ApiAnswer(200, 'State, propagation, and what it has refused since.', shownAnswerSchema)
  @ApiProblems('one')
  get(@Param('id') id: string, @Caller() operator: Operator): Answer {
    return this.answers.shown(this.commands.visible(id, operator));
  }

  @Post(':id/lift')
  @HttpCode(200)
  @Needs('write')
  @ApiPrefer()
  @ApiAnswer(200, 'Taken back; `left` is what is still live for the key.', liftAnswerSchema)
  @ApiProblems('lift')
  async lift(
    @Param('id') id: string,
    @Body({ schema: liftSchema }) body: LiftBody,
    @Caller() operator: Operator,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    const input = { id, reason: body?.reason, operator };
    const { entries: entry, confirmed } = await this.report.lifted(input, () => this.commands.lift(input));
    if (!confirmed) throw this.#unconfirmed(id);
    await this.#wait([entry], prefer, reply);
    return { ...this.answers.one(this.commands.visible(id, operator)), left: this.answers.left(entry) };
  }

  @Delete(':id')
  @Needs('write')
  @ApiPrefer()
  @ApiAnswer(200, 'The same as a lift.', liftAnswerSchema)
  @ApiProblems('lift')
  remove(
    @Param('id') id: string,
    @Body({ schema: liftSchema }) body: LiftBody,
    @Caller() operator: Operator,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    return this.lift(id, body, operator, prefer, reply);
  }

  async #wait(entries: readonly JournaledRevocation[], prefer: string | undefined, reply: FastifyReply): Promise<void> {
    const { waitSeconds, applied } = readPreference(prefer);
    if (applied !== undefined) void reply.header('preference-applied', applied);
    await this.answers.settled(entries, waitSeconds * 1000);
  }

  /** The command is safe in the journal; only nobody can say yet when the fleet will hear of it. */
  #unconfirmed(id: string): ProblemError {
    const isAway = this.report.isBrokerAway();
    return new ProblemError(
      isAway ? 'ERR_FEED_DISCONNECTED' : 'ERR_PUBLISH_UNKNOWN',
      `The command is accepted and will be published as soon as the broker confirms it: see GET /v1/revocations/${id}. ` +
        'Repeating it with the same Idempotency-Key is safe.',
      { id, state: 'accepted', headers: { location: `/v1/revocations/${id}` } },
    );
  }
}
