import { HttpException } from '@nestjs/common';
import { type GateAnswer } from '@revocast/gate';
import { problemOf, type RefusalProblem } from '@revocast/node';

export type Refused = Extract<GateAnswer, { readonly outcome: 'refuse' }>;

/** What the guard throws; an exception filter of the app may catch it and read `answer`. */
export class RevocationRefusal extends HttpException {
  constructor(readonly answer: Refused) {
    super(problemOf(answer), answer.status);
  }
}

/** What GraphQL servers report beside the message of an error. */
export interface RefusalExtensions extends RefusalProblemFields {
  /** The word that clients of GraphQL look for. */
  readonly code: 'UNAUTHENTICATED' | 'BAD_REQUEST' | 'SERVICE_UNAVAILABLE';
  /** Ours; docs/errors.md says what each one means. */
  readonly reason: RefusalProblem['code'];
}

interface RefusalProblemFields {
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

const GRAPHQL_CODES = { 400: 'BAD_REQUEST', 401: 'UNAUTHENTICATED', 503: 'SERVICE_UNAVAILABLE' } as const;

/** What the guard throws before a resolver: graphql-js reports the `extensions` of what was thrown. */
export class GraphqlRefusal extends RevocationRefusal {
  readonly extensions: RefusalExtensions;

  constructor(answer: Refused) {
    super(answer);
    const { status, code, retryAfterSeconds } = answer;
    this.message = problemOf(answer).title;
    this.extensions = {
      ...{ code: GRAPHQL_CODES[status], reason: code, status },
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    };
  }
}

/** What a client of a gateway or of a message gets: the problem, and when to try again. */
export const refusalData = (answer: Refused): object => ({
  ...problemOf(answer),
  ...(answer.retryAfterSeconds !== undefined && { retryAfterSeconds: answer.retryAfterSeconds }),
});

/** https://grpc.io/docs/guides/status-codes/: UNAVAILABLE is the one that clients try again. */
const GRPC_CODES = { 400: 16, 401: 16, 503: 14 } as const;

export const grpcStatus = ({ status, code }: Refused): object => ({ code: GRPC_CODES[status], message: code });
