import { type ErrorCode, RevocationError } from '@revocast/core';

/** One thing wrong with the input: where (RFC 6901) and what. */
export interface InputError {
  readonly pointer: string;
  readonly detail: string;
}

/** A problem document of RFC 9457 with our extension members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: ErrorCode;
  /** All that is wrong with the input, not just the first. */
  readonly errors?: readonly InputError[];
  /** Of the accepted command whose outcome is not yet known. */
  readonly id?: string;
  readonly state?: 'accepted';
}

interface Meaning {
  readonly status: number;
  readonly title: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where waiting helps, come back after this. Seconds. */
const RETRY_SECONDS = '5';

/** The codes that this API answers with. Everything else is a defect of ours and says nothing. */
export const PROBLEMS = {
  ERR_BODY_MALFORMED: { status: 400, title: 'The body is not valid JSON' },
  ERR_REVOCATION_INVALID: { status: 400, title: 'The input is not valid' },
  ERR_UNAUTHENTICATED: {
    status: 401,
    title: 'Credentials are needed',
    headers: { 'www-authenticate': 'Bearer realm="revocast"' },
  },
  ERR_FORBIDDEN: {
    status: 403,
    title: 'The credentials do not allow this',
    headers: { 'www-authenticate': 'Bearer realm="revocast", error="insufficient_scope"' },
  },
  ERR_ROUTE_NOT_FOUND: { status: 404, title: 'There is no such resource' },
  ERR_REVOCATION_NOT_FOUND: { status: 404, title: 'There is no such revocation' },
  ERR_NODE_NOT_FOUND: { status: 404, title: 'There is no such node' },
  ERR_METHOD_NOT_ALLOWED: { status: 405, title: 'The resource does not have this method' },
  ERR_IDEMPOTENCY_IN_FLIGHT: {
    status: 409,
    title: 'The same command is under way',
    headers: { 'retry-after': '1' },
  },
  ERR_CONDITION_UNHEEDED: { status: 409, title: 'Not every node would heed the condition' },
  ERR_NODE_ALIVE: { status: 409, title: 'The node is alive' },
  ERR_BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  ERR_CONTENT_TYPE: { status: 415, title: 'The content type is not supported' },
  ERR_SCOPE_UNKNOWN: { status: 422, title: 'The scope is unknown' },
  ERR_SCOPE_UNENFORCEABLE: { status: 422, title: 'The scope cannot be enforced at this issuer' },
  ERR_ISSUER_UNKNOWN: { status: 422, title: 'The issuer is unknown' },
  ERR_CUTOFF_IN_FUTURE: { status: 422, title: 'The cut-off is in the future' },
  ERR_TOKEN_UNVERIFIABLE: { status: 422, title: 'The token cannot be verified' },
  ERR_IDEMPOTENCY_MISMATCH: { status: 422, title: 'The Idempotency-Key belongs to another command' },
  ERR_CAPACITY: { status: 429, title: 'There is no room', headers: { 'retry-after': RETRY_SECONDS } },
  ERR_INVARIANT: { status: 500, title: 'Something is broken here' },
  ERR_FEED_DISCONNECTED: {
    status: 503,
    title: 'The broker cannot be reached',
    headers: { 'retry-after': RETRY_SECONDS },
  },
  ERR_PUBLISH_UNKNOWN: {
    status: 503,
    title: 'The outcome is not known yet',
    headers: { 'retry-after': RETRY_SECONDS },
  },
  ERR_LOG_UNAVAILABLE: { status: 503, title: 'There is no log to write to', headers: { 'retry-after': RETRY_SECONDS } },
  ERR_KEYS_UNAVAILABLE: {
    status: 503,
    title: 'The keys of the issuer cannot be had',
    headers: { 'retry-after': RETRY_SECONDS },
  },
} as const satisfies Partial<Record<ErrorCode, Meaning>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A problem on its way to the client, with what only the edge knows. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly members: Pick<Problem, 'errors' | 'id' | 'state'> & {
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
  }
}

/** What is sent: never a stack, never the text of an error that is not ours. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** The one place where errors become HTTP. */
export function problemAnswer(error: unknown): ProblemAnswer {
  if (error instanceof ProblemError) return answer(error.code, error.detail, error.members);
  if (error instanceof RevocationError && error.code in PROBLEMS && error.code !== 'ERR_INVARIANT') {
    return answer(error.code as ProblemCode, error.message, {});
  }
  const code = codeOfFramework(error);
  return code === undefined ? answer('ERR_INVARIANT', undefined, {}) : answer(code, undefined, {});
}

function answer(code: ProblemCode, detail: string | undefined, members: ProblemError['members']): ProblemAnswer {
  const { status, title, headers }: Meaning = PROBLEMS[code];
  const { headers: more, ...rest } = members;
  const problem = {
    type: `urn:revocast:error:${code}`,
    title,
    status,
    code,
    ...(detail !== undefined && { detail }),
    ...rest,
  };
  return { problem, headers: { ...headers, ...more } };
}

/** Errors that Fastify and Nest raise before a handler of ours runs. */
function codeOfFramework(error: unknown): ProblemCode | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, statusCode, status } = error as { code?: unknown; statusCode?: unknown; status?: unknown };
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return 'ERR_BODY_MALFORMED';
  switch (statusCode ?? status) {
    case 400:
      return 'ERR_BODY_MALFORMED';
    case 404:
      return 'ERR_ROUTE_NOT_FOUND';
    case 413:
      return 'ERR_BODY_TOO_LARGE';
    case 415:
      return 'ERR_CONTENT_TYPE';
    default:
      return undefined;
  }
}
