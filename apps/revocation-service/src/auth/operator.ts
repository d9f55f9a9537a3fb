import { RevocationError, type Scope, type TokenFacts } from '@revocast/core';

export type Verb = 'read' | 'write';

/** Who is calling, and what he may do. */
export interface Operator {
  /** Goes into journal and logs: the name of an API key, or issuer and subject of a token. */
  readonly name: string;
  readonly verbs: ReadonlySet<Verb>;
  /** Undefined = all. */
  readonly issuers: ReadonlySet<string> | undefined;
  readonly scopes: ReadonlySet<Scope> | undefined;
  /** When the credentials run out: long answers end then. Epoch milliseconds; undefined = never. */
  readonly expiresAt: number | undefined;
  /** What his token says; undefined with an API key. */
  readonly token?: TokenFacts;
}

/** Throws ERR_FORBIDDEN. */
export function assertMay(operator: Operator, verb: Verb): void {
  if (operator.verbs.has(verb)) return;
  throw new RevocationError('ERR_FORBIDDEN', `These credentials do not allow to ${verb} revocations.`);
}

/** Whether the operator may see and change revocations of this issuer and scope. */
export const mayTouch = (operator: Operator, target: { readonly issuer: string; readonly scope: Scope }): boolean =>
  (operator.issuers === undefined || operator.issuers.has(target.issuer)) &&
  (operator.scopes === undefined || operator.scopes.has(target.scope));

/** What concerns every issuer is not for operators of some. Throws ERR_FORBIDDEN. */
export function assertUnlimited({ issuers, scopes }: Operator): void {
  if (issuers === undefined && scopes === undefined) return;
  throw new RevocationError('ERR_FORBIDDEN', 'These credentials are limited to some issuers or scopes.');
}

/** Throws ERR_FORBIDDEN. */
export function assertMayTouch(operator: Operator, target: { readonly issuer: string; readonly scope: Scope }): void {
  if (mayTouch(operator, target)) return;
  throw new RevocationError('ERR_FORBIDDEN', 'These credentials are limited to other issuers or scopes.');
}
