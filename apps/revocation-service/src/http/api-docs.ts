import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { type z } from 'zod';
import { type ProblemCode, PROBLEMS } from './problem.js';

/** Which problems a kind of call may answer with, besides those of every call. */
const PROBLEMS_OF = {
  input: ['ERR_REVOCATION_INVALID'],
  command: [
    'ERR_REVOCATION_INVALID',
    'ERR_BODY_MALFORMED',
    'ERR_BODY_TOO_LARGE',
    'ERR_CONTENT_TYPE',
    'ERR_SCOPE_UNKNOWN',
    'ERR_SCOPE_UNENFORCEABLE',
    'ERR_ISSUER_UNKNOWN',
    'ERR_CUTOFF_IN_FUTURE',
    'ERR_CONDITION_UNHEEDED',
    'ERR_TOKEN_UNVERIFIABLE',
    'ERR_IDEMPOTENCY_MISMATCH',
    'ERR_IDEMPOTENCY_IN_FLIGHT',
    'ERR_CAPACITY',
    'ERR_FEED_DISCONNECTED',
    'ERR_PUBLISH_UNKNOWN',
    'ERR_LOG_UNAVAILABLE',
    'ERR_KEYS_UNAVAILABLE',
  ],
  body: [
    'ERR_REVOCATION_INVALID',
    'ERR_BODY_MALFORMED',
    'ERR_BODY_TOO_LARGE',
    'ERR_CONTENT_TYPE',
    'ERR_KEYS_UNAVAILABLE',
  ],
  batch: ['ERR_REVOCATION_INVALID', 'ERR_CONTENT_TYPE'],
  search: ['ERR_REVOCATION_INVALID', 'ERR_BODY_MALFORMED', 'ERR_BODY_TOO_LARGE', 'ERR_CONTENT_TYPE'],
  one: ['ERR_REVOCATION_NOT_FOUND'],
  lift: [
    'ERR_REVOCATION_INVALID',
    'ERR_BODY_MALFORMED',
    'ERR_BODY_TOO_LARGE',
    'ERR_CONTENT_TYPE',
    'ERR_REVOCATION_NOT_FOUND',
    'ERR_FEED_DISCONNECTED',
    'ERR_PUBLISH_UNKNOWN',
    'ERR_LOG_UNAVAILABLE',
  ],
  forget: [
    'ERR_REVOCATION_INVALID',
    'ERR_BODY_MALFORMED',
    'ERR_BODY_TOO_LARGE',
    'ERR_CONTENT_TYPE',
    'ERR_NODE_NOT_FOUND',
    'ERR_NODE_ALIVE',
  ],
  events: ['ERR_CAPACITY'],
  none: [],
} as const satisfies Record<string, readonly ProblemCode[]>;

/** An operator's call may always be refused, and everything may break. */
const ALWAYS: readonly ProblemCode[] = [
  'ERR_UNAUTHENTICATED',
  'ERR_FORBIDDEN',
  'ERR_KEYS_UNAVAILABLE',
  'ERR_INVARIANT',
];

/** Documents the success of a call. */
export const ApiAnswer = (status: number, description: string, standardSchema: z.ZodType): MethodDecorator =>
  ApiResponse({ status, description, standardSchema });

/** Documents every problem a call may answer with, by status and code. */
export function ApiProblems(kind: keyof typeof PROBLEMS_OF): MethodDecorator {
  const codes = [...new Set<ProblemCode>([...PROBLEMS_OF[kind], ...ALWAYS])];
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort();
  return applyDecorators(
    ...statuses.map((status) =>
      problemResponse(
        status,
        codes.filter((code) => PROBLEMS[code].status === status),
      ),
    ),
  );
}

function problemResponse(status: number, codes: readonly ProblemCode[]): MethodDecorator {
  const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n');
  return ApiResponse({
    status,
    description,
    content: { 'application/problem+json': { schema: problemSchema(codes) } },
  });
}

const problemSchema = (codes: readonly ProblemCode[]) => ({
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri' },
    code: { type: 'string', enum: [...codes] },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } },
    },
    id: { type: 'string', description: 'Of the accepted command whose outcome is not yet known.' },
    state: { type: 'string', enum: ['accepted'] },
  },
});

export const ApiIdempotencyKey = (): MethodDecorator =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Makes repeating safe: the same key and command give the same revocation, another command is refused.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  });

export const ApiPrefer = (): MethodDecorator =>
  ApiHeader({
    name: 'Prefer',
    required: false,
    description: '`wait=N` waits up to N seconds (at most 60, default 2) for enforcement; `respond-async` not at all.',
    schema: { type: 'string' },
  });
