import { type ErrorCode } from '@revocast/core';
import { type Refusal } from '@revocast/gate';

/** The body of a refused request: an RFC 9457 problem document. Which revocation hit is for logs, not for the client. */
export interface RefusalProblem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** Stable; docs/errors.md says what each one means and what a client should do. */
  readonly code: ErrorCode;
}

const titles: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  503: 'Service Unavailable',
};

export const problemOf = ({ status, code }: Refusal): RefusalProblem => ({
  type: 'about:blank',
  title: titles[status],
  status,
  code,
});

/** The headers of a refusal, in the order they are sent. */
export function refusalHeaders({ challenge, retryAfterSeconds }: Refusal): readonly (readonly [string, string])[] {
  const headers: [string, string][] = [
    ['Content-Type', 'application/problem+json'],
    // A shared cache that kept a refusal would go on refusing after the caller has logged in again.
    ['Cache-Control', 'no-store'],
  ];
  if (challenge !== undefined) headers.push(['WWW-Authenticate', challenge]);
  if (retryAfterSeconds !== undefined) headers.push(['Retry-After', String(retryAfterSeconds)]);
  return headers;
}
