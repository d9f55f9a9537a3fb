import { Logger, type ExecutionContext } from '@nestjs/common';
import { type ClaimsAnswer, type GateAnswer, type RoutePolicy } from '@revocast/gate';
import { requestChecker, type RevocationNode, type TokenRequest } from '@revocast/node';
import { claimsReader, type RevocationGuardOptions } from './guard-options.js';

/** What is asked about. */
export interface Asked {
  readonly request: object;
  /** What a token is read from; undefined = there is no place that we know. */
  readonly headers: TokenRequest | undefined;
  /** Absent while a socket is being opened: there is no call yet. */
  readonly context?: ExecutionContext;
}

export type CallAnswer = GateAnswer | ClaimsAnswer;

/** Finds the token of a call, or the claims that another guard left, and asks the node; `undefined` = no place for either. */
export type CallerCheck = (
  asked: Asked,
  policy: RoutePolicy | undefined,
) => CallAnswer | Promise<CallAnswer> | undefined;

export function callerCheck(node: RevocationNode, options: RevocationGuardOptions): CallerCheck {
  const { verifiedClaims, cookie } = options;
  const getToken = options.getToken as
    ((request: object, context?: ExecutionContext) => string | undefined) | undefined;
  if (verifiedClaims !== undefined) return claimsCheck(node, verifiedClaims);
  if (getToken !== undefined)
    return ({ request, context }, policy) => node.checkNow(getToken(request, context), policy);
  const check = requestChecker(node, cookie === undefined ? {} : { cookie });
  return ({ headers }, policy) => headers && check(headers, policy);
}

function claimsCheck(
  node: RevocationNode,
  verifiedClaims: NonNullable<RevocationGuardOptions['verifiedClaims']>,
): CallerCheck {
  const read = claimsReader(verifiedClaims);
  const { whole = false } = verifiedClaims;
  let isWarned = false;
  node.acceptClaims({ whole });
  return ({ request, context }, policy) => {
    const claims = read(request, context);
    if (!isWarned && (typeof claims !== 'object' || claims === null)) {
      // Once: it is the order of the guards, and then it is every request.
      isWarned = true;
      new Logger('RevocationGuard').warn(
        'Another guard is to leave claims where verifiedClaims says, and there are none: put RevocationGuard after it. ' +
          'Until then nobody can say whether a token is revoked',
      );
    }
    return node.checkClaims(claims, { ...policy, whole });
  };
}
