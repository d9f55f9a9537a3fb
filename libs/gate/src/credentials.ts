import { type Credentials } from './answer.js';
import { invalidRequest } from './challenge.js';

const BEARER = /^bearer(?:\s+|$)/i;
/** How nearly every client writes it. */
const USUAL = 'Bearer ';

/** Neither blank nor anything that trimming could take away. */
const isVisible = (code: number): boolean => code > 0x20 && code < 0x7f;

/**
 * Reads the token out of the Authorization header or headers of one request (RFC 6750 section 2.1). The scheme is
 * compared without case; another scheme counts as no credentials. More than one header or token, or none after
 * `Bearer`, is refused with 400 invalid_request.
 */
export const bearerToken = (header: string | readonly string[] | undefined): Credentials => {
  const headers = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  if (headers.length > 1) return invalidRequest('More than one Authorization header');
  const token = tokenAfterScheme(headers[0] ?? '');
  if (token === undefined) return { outcome: 'read', token };
  if (token === '') return invalidRequest('The Authorization header names no token');
  // Servers that join repeated headers do it with a comma, which no token contains.
  if (token.includes(',')) return invalidRequest('More than one token');
  return { outcome: 'read', token };
};

/** `undefined` = another scheme, or none. The usual spelling is taken apart without an expression. */
const tokenAfterScheme = (header: string): string | undefined => {
  const isUsual =
    header.startsWith(USUAL) &&
    isVisible(header.charCodeAt(USUAL.length)) &&
    isVisible(header.charCodeAt(header.length - 1));
  if (isUsual) return header.slice(USUAL.length);
  const value = header.trim();
  const scheme = BEARER.exec(value)?.[0];
  return scheme === undefined ? undefined : value.slice(scheme.length);
};
