import { HttpException } from '@nestjs/common';
import { type GateAnswer } from '@revocast/gate';
import { problemOf } from '@revocast/node';

export type Refused = Extract<GateAnswer, { readonly outcome: 'refuse' }>;

/** What the guard throws; an exception filter of the app may catch it and read `answer`. */
export class RevocationRefusal extends HttpException {
  constructor(readonly answer: Refused) {
    super(problemOf(answer), answer.status);
  }
}
