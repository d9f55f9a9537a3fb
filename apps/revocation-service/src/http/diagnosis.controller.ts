import { Controller, Get } from '@nestjs/common';
import { Needs } from '../auth/operator.guard.js';
import { Diagnosis, type DiagnosisAnswer } from '../diagnosis/diagnosis.js';
import { diagnosisAnswerSchema } from './answer-schemas.js';
import { ApiAnswer, ApiProblems } from './api-docs.js';

/** What is wrong, and what to do about it. */
@Controller('v1/diagnosis')
export class DiagnosisController {
  constructor(private readonly diagnosis: Diagnosis) {}

  @Get()
  @Needs('read')
  @ApiAnswer(
    200,
    'Broker, log, rights, clocks, nodes, issuers and the claims that tokens really carry.',
    diagnosisAnswerSchema,
  )
  @ApiProblems('none')
  run(): Promise<DiagnosisAnswer> {
    return this.diagnosis.run();
  }
}
