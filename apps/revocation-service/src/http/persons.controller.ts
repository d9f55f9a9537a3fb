import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import { type PropagationState } from '@revocast/core';
import { type FastifyReply } from 'fastify';
import { type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { type CommandInput } from '../command/command-schema.js';
import { Commands } from '../command/commands.js';
import { PersonSearch } from '../identity/person-search.js';
import { type JournaledRevocation } from '../journal/entries.js';
import { personRevokeAnswerSchema, personSearchAnswerSchema } from './answer-schemas.js';
import { ApiAnswer, ApiIdempotencyKey, ApiPrefer, ApiProblems } from './api-docs.js';
import { CommandReport } from './command-report.js';
import { readIdempotencyKey, readPreference } from './prefer.js';
import { problemAnswer } from './problem.js';
import { RevocationAnswers } from './revocation-answers.js';
import { type PersonRevokeBody, personRevokeSchema, type PersonSearchBody, personSearchSchema } from './schemas.js';

type Answer = Record<string, unknown>;

/** People as the identity providers know them, and one kill for all names that a person has. */
@Controller('v1/persons')
export class PersonsController {
  constructor(
    private readonly search: PersonSearch,
    private readonly commands: Commands,
    private readonly answers: RevocationAnswers,
    private readonly report: CommandReport,
  ) {}

  /** Needs `write`: who may only look at revocations need not learn names and addresses. */
  @Post('search')
  @HttpCode(200)
  @Needs('write')
  @ApiAnswer(200, 'Who is meant, at each issuer that has an identity provider.', personSearchAnswerSchema)
  @ApiProblems('search')
  async find(
    @Body({ schema: personSearchSchema }) { query }: PersonSearchBody,
    @Caller() operator: Operator,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    void reply.header('cache-control', 'no-store');
    return { ...(await this.search.find(query, operator)) };
  }

  @Post('revoke')
  @Needs('write')
  @ApiIdempotencyKey()
  @ApiPrefer()
  @ApiAnswer(201, 'One revocation for each subject, and one proof for all of them.', personRevokeAnswerSchema)
  @ApiProblems('command')
  async revoke(
    @Body({ schema: personRevokeSchema }) body: PersonRevokeBody,
    @Caller() operator: Operator,
    @Headers('idempotency-key') key: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    const { waitSeconds, applied } = readPreference(prefer);
    if (applied !== undefined) void reply.header('preference-applied', applied);
    const idempotencyKey = readIdempotencyKey(key);
    const outcomes = await Promise.all(
      body.subjects.map((subject) => this.#revokeOne({ body, subject, operator, idempotencyKey })),
    );
    const accepted = outcomes.flatMap((outcome) => ('entries' in outcome ? outcome.entries : []));
    const [failed] = outcomes.filter((outcome) => 'error' in outcome);
    // Nothing was done, so this is no success.
    if (accepted.length === 0 && failed !== undefined) throw failed.error;
    await this.answers.settled(accepted, waitSeconds * 1000);
    return this.#answer(outcomes, accepted, operator);
  }

  async #revokeOne({ body, subject, operator, idempotencyKey }: One): Promise<Outcome> {
    const { subjects: _subjects, ...rest } = body;
    const { issuer, sub } = subject;
    const command: CommandInput = { scope: 'subject', ...rest, issuer, sub };
    // A key of its own for each: the same request again goes on with those that were not reached.
    const own = idempotencyKey === undefined ? undefined : JSON.stringify([idempotencyKey, issuer, sub]);
    const input = { command, operator, idempotencyKey: own };
    try {
      return { subject, entries: (await this.report.revoked(input, () => this.commands.revoke(input))).entries };
    } catch (error) {
      return { subject, error };
    }
  }

  #answer(outcomes: readonly Outcome[], accepted: readonly JournaledRevocation[], operator: Operator): Answer {
    const revocations = accepted.map((entry) => this.answers.one(this.commands.visible(entry.id, operator)));
    const rejected = outcomes.flatMap((outcome) => {
      if (!('error' in outcome)) return [];
      const { code, status } = problemAnswer(outcome.error).problem;
      return [{ ...outcome.subject, code, status }];
    });
    const states = revocations.map(({ propagation }) => propagation as Proof | null);
    return { revocations, rejected, propagation: proofOfAll(states, rejected.length > 0) };
  }
}

interface One {
  readonly body: PersonRevokeBody;
  readonly subject: Subject;
  readonly operator: Operator;
  readonly idempotencyKey: string | undefined;
}

type Subject = PersonRevokeBody['subjects'][number];
type Outcome =
  | { readonly subject: Subject; readonly entries: readonly JournaledRevocation[] }
  | { readonly subject: Subject; readonly error: unknown };

/** As an answer has it; null while nothing was published. */
interface Proof {
  readonly state: PropagationState;
  readonly enforcedAt?: string;
  readonly enforcedBy?: string;
}

const FURTHEST_BEHIND_FIRST: readonly PropagationState[] = ['noNodes', 'propagating', 'enforcedExcept', 'enforced'];

/** A person is out when the last of the names is: one that lags, or was rejected, keeps the whole from being enforced. */
export const proofOfAll = (proofs: readonly (Proof | null)[], isIncomplete: boolean): Answer => {
  const states = proofs.map((proof) => proof?.state ?? 'propagating');
  const state = FURTHEST_BEHIND_FIRST.find((candidate) => states.includes(candidate)) ?? 'propagating';
  const latest = (name: 'enforcedAt' | 'enforcedBy'): string | undefined =>
    proofs
      .flatMap((proof) => proof?.[name] ?? [])
      .sort()
      .at(-1);
  const [enforcedAt, enforcedBy] = [latest('enforcedAt'), latest('enforcedBy')];
  const isDone = state === 'enforced' || state === 'enforcedExcept';
  return {
    state: isIncomplete ? 'incomplete' : state,
    ...(isDone && !isIncomplete && enforcedAt !== undefined && { enforcedAt }),
    ...(state === 'propagating' && enforcedBy !== undefined && !states.includes('noNodes') && { enforcedBy }),
  };
};
