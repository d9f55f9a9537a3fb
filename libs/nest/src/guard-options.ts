import { type ExecutionContext } from '@nestjs/common';
import { type TokenOptions } from '@revocast/node';

/** Where another guard left the claims of the token that it verified. */
export interface VerifiedClaims {
  /**
   * The path of a property, such as `user` or `auth.payload`, on what the guard takes for the request, or a function. The claims
   * must name `iss`, `iat` and `exp`; what lacks one is `unknown`.
   */
  readonly from: string | ((request: never, context: ExecutionContext | undefined) => unknown);
  /**
   * True: the other guard leaves all claims of the token. Default false: a claim that is missing may have been dropped, and
   * while a revocation asks for it the verdict is `unknown`.
   */
  readonly whole?: boolean;
}

/** How the guard finds who calls, whatever the kind of the call. */
export interface RevocationGuardOptions extends Pick<TokenOptions, 'cookie'> {
  /**
   * Finds the token in a way of your own, in place of header and cookie; `undefined` = the call brings none. `request` is the HTTP
   * request (of GraphQL too), the client of a gateway, or the context of a message. `context` is undefined while a socket is
   * being opened by `RevocationSockets`.
   */
  readonly getToken?: (request: never, context: ExecutionContext | undefined) => string | undefined;
  /** Finds what is taken for the request. Needed for kinds of calls that the guard does not know. */
  readonly getRequest?: (context: ExecutionContext) => object;
  /** Name of the request's property that gets the claims. Default `user`. */
  readonly userProperty?: string;
  /**
   * Beside another guard: that one verifies the token, this one only checks the claims it left, and so must come after it. Which
   * key signed the token is not seen then; docs/adapters.md says what follows. Default: this guard verifies.
   */
  readonly verifiedClaims?: VerifiedClaims;
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isOptional = (value: unknown, type: 'function'): boolean => value === undefined || typeof value === type;

/** What is wrong with them, for the list of all problems. */
export function guardProblems(options: RevocationGuardOptions): string[] {
  const { cookie, getToken, getRequest, userProperty, verifiedClaims } = options;
  const problems: string[] = [];
  if (cookie !== undefined && !COOKIE_NAME.test(cookie)) problems.push('cookie: the name of a cookie');
  if (!isOptional(getToken, 'function')) problems.push('getToken: a function that returns a token or undefined');
  if (!isOptional(getRequest, 'function'))
    problems.push('getRequest: a function that returns what is taken for the request');
  if (userProperty !== undefined && (!isName(userProperty) || RESERVED.includes(userProperty)))
    problems.push(`userProperty: the name of a property, and none of ${RESERVED.join(', ')}`);
  if (cookie !== undefined && getToken !== undefined) problems.push('cookie and getToken exclude each other');
  if (verifiedClaims !== undefined) problems.push(...besideProblems(options, verifiedClaims));
  return problems;
}

function besideProblems(options: RevocationGuardOptions, { from, whole }: VerifiedClaims): string[] {
  const problems: string[] = [];
  if (typeof from !== 'function' && !(isName(from) && from.split('.').every(isName)))
    problems.push('verifiedClaims.from: the path of a property, such as auth.payload, or a function');
  if (whole !== undefined && typeof whole !== 'boolean') problems.push('verifiedClaims.whole: true or false');
  const others = (['cookie', 'getToken', 'userProperty'] as const).filter((name) => options[name] !== undefined);
  if (others.length > 0)
    problems.push(`verifiedClaims: another guard reads the token, so leave out ${others.join(', ')}`);
  return problems;
}

/** RFC 6265 section 4.1.1. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** To write claims there would change the request itself. */
const RESERVED = ['headers', 'rawHeaders', 'raw', 'revocation', '__proto__', 'constructor', 'prototype'];

/** The options of the guard alone, out of those of the module. */
export function guardOptionsOf(options: RevocationGuardOptions): RevocationGuardOptions {
  const { cookie, getToken, getRequest, userProperty, verifiedClaims } = options;
  return {
    ...(cookie !== undefined && { cookie }),
    ...(getToken !== undefined && { getToken }),
    ...(getRequest !== undefined && { getRequest }),
    ...(userProperty !== undefined && { userProperty }),
    ...(verifiedClaims !== undefined && { verifiedClaims }),
  };
}

/** Reads the claims that another guard left. */
export function claimsReader({
  from,
}: VerifiedClaims): (request: object, context: ExecutionContext | undefined) => unknown {
  if (typeof from === 'function') return from as (request: object, context: ExecutionContext | undefined) => unknown;
  const path = from.split('.');
  return (request) =>
    path.reduce<unknown>(
      (at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined),
      request,
    );
}
