import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { type Follower } from '@revocast/core';
import { type Operator } from '../auth/operator.js';
import { Caller, Needs } from '../auth/operator.guard.js';
import { explain } from '../explain/explain.js';
import { TokenTrust } from '../explain/token-trust.js';
import { Database } from '../journal/database.js';
import { findRevocation } from '../journal/revocations.js';
import { explainAnswerSchema } from './answer-schemas.js';
import { ApiAnswer, ApiProblems } from './api-docs.js';
import { RevocationAnswers } from './revocation-answers.js';
import { type ExplainBody, explainSchema } from './schemas.js';
import { FOLLOWER } from './tokens.js';

/** Why is this token accepted, or refused? */
@Controller('v1/explain')
export class ExplainController {
  constructor(
    private readonly trust: TokenTrust,
    private readonly database: Database,
    private readonly answers: RevocationAnswers,
    @Inject(FOLLOWER) private readonly follower: Follower,
  ) {}

  @Post()
  @HttpCode(200)
  @Needs('read')
  @ApiAnswer(200, 'Whether a revocation hits the token, and what else a guard would say of it.', explainAnswerSchema)
  @ApiProblems('body')
  async explain(
    @Body({ schema: explainSchema }) { token }: ExplainBody,
    @Caller() operator: Operator,
  ): Promise<Record<string, unknown>> {
    const explanation = await explain({ trust: this.trust, follower: this.follower }, operator, token);
    const entry = explanation.hit === null ? undefined : findRevocation(this.database, explanation.hit.revocationId);
    return { ...explanation, ...(entry && { revocation: this.answers.one(entry) }) };
  }
}
