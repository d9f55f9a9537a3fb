import { type Credentials } from './answer.js';
import { invalidRequest } from './challenge.js';

const BEARER = /^bearer(?:\s+|$)/i;

/**
 * Reads the token out of the Authorization header or headers of one request (RFC 6750 section 2.1). The scheme is
 * compared without case; another scheme counts as no credentials. More than one header or token, or none after
 * `Bearer`, is refused with 400 invalid_request.
 */
export const bearerToken = (header: string | readonly string[] | undefined): Credentials => {
  const headers = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  if (headers.length > 1) return invalidRequest('More than one Authorization header');
  const value = headers[0]?.trim() ?? '';
  const scheme = BEARER.exec(value)?.[0];
  if (scheme === undefined) return { outcome: 'read', token: undefined };
  const token = value.slice(scheme.length);
  if (token === '') return invalidRequest('The Authorization header names no token');
  // Servers that join repeated headers do it with a comma, which no token contains.
  if (token.includes(',')) return invalidRequest('More than one token');
  return { outcome: 'read', token };
};
