import { status as rpcStatus } from '@grpc/grpc-js';
import { RevocationError } from '@revocast/core';
import { type GateAnswer, type Refusal, type RoutePolicy } from '@revocast/gate';
import {
  callerOf,
  problemOf,
  refusalHeaders,
  requestChecker,
  type RevocationNode,
  type TokenOptions,
  type TokenRequest,
} from '@revocast/node';
import { askedPolicy } from './asked-policy.js';
import { type CheckRequest, type CheckResponse, type HeaderValueOption, type HttpAttributes } from './grpc-messages.js';
import { identityHeaders } from './identity-headers.js';

export interface ExtAuthzParts {
  readonly node: RevocationNode;
  readonly cookie?: string;
  /** Told once of each policy in Envoy's configuration that is none. */
  readonly onMisconfigured: (error: RevocationError) => void;
}

export type ExtAuthz = (request: CheckRequest) => Promise<CheckResponse>;

/** Answers Envoy's gRPC service of `ext_authz` as the HTTP one is answered. Rejects on a defect only. */
export function extAuthz({ node, cookie, onMisconfigured }: ExtAuthzParts): ExtAuthz {
  const options: TokenOptions = cookie === undefined ? {} : { cookie };
  const check = requestChecker<TokenRequest>(node, options);
  const tell = once(onMisconfigured);
  node.markWired();
  return async ({ attributes }) => {
    let policy: RoutePolicy | undefined;
    try {
      const { stalenessMsMax, mode } = attributes?.contextExtensions ?? {};
      policy = askedPolicy(stalenessMsMax, mode, node);
    } catch (error) {
      if (!(error instanceof RevocationError && error.code === 'ERR_CONFIG')) throw error;
      tell(error);
      return MISCONFIGURED;
    }
    return responseTo(await check(requestOf(attributes?.request?.http ?? {}), policy), policy);
  };
}

/** More different mistakes nobody makes; each is said for every request that meets it. */
const MISTAKES_TOLD_MAX = 100;

function once(tell: (error: RevocationError) => void): (error: RevocationError) => void {
  const told = new Set<string>();
  return (error) => {
    if (told.has(error.message) || told.size >= MISTAKES_TOLD_MAX) return;
    told.add(error.message);
    tell(error);
  };
}

function requestOf({ headers, headerMap }: HttpAttributes): TokenRequest {
  const raw = (headerMap?.headers ?? []).map(({ key = '', value = '', rawValue }) => ({
    name: key,
    // Bytes are read as node:http reads those of a header.
    value: rawValue === undefined || rawValue.length === 0 ? value : Buffer.from(rawValue).toString('latin1'),
  }));
  if (raw.length === 0) return { headers: headers ?? {} };
  const cookie = raw.filter(({ name }) => name.toLowerCase() === 'cookie').map(({ value }) => value);
  return { headers: { cookie }, rawHeaders: raw.flatMap(({ name, value }) => [name, value]) };
}

const responseTo = (answer: GateAnswer, policy: RoutePolicy | undefined): CheckResponse =>
  answer.outcome === 'pass'
    ? {
        status: { code: rpcStatus.OK },
        okResponse: { headers: overwriting(identityHeaders(callerOf(answer, policy))) },
      }
    : {
        status: { code: RPC_STATUS[answer.status] },
        deniedResponse: {
          status: { code: answer.status },
          headers: overwriting(refusalHeaders(answer)),
          body: JSON.stringify(problemOf(answer)),
        },
      };

/** Envoy asks only whether it is OK; whoever reads its logs sees more. */
const RPC_STATUS: Readonly<Record<Refusal['status'], number>> = {
  400: rpcStatus.INVALID_ARGUMENT,
  401: rpcStatus.UNAUTHENTICATED,
  503: rpcStatus.UNAVAILABLE,
};

const overwriting = (headers: readonly (readonly [string, string])[]): readonly HeaderValueOption[] =>
  headers.map(([name, value]) => ({
    header: { key: name.toLowerCase(), value },
    appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
  }));

/** A refusal and no error of the call, which `failure_mode_allow` would let pass. What is wrong is for our log, not for a client. */
const MISCONFIGURED: CheckResponse = {
  status: { code: rpcStatus.INTERNAL },
  deniedResponse: {
    status: { code: 500 },
    headers: overwriting([
      ['Content-Type', 'application/problem+json'],
      ['Cache-Control', 'no-store'],
    ]),
    body: JSON.stringify({ type: 'about:blank', title: 'Internal Server Error', status: 500, code: 'ERR_CONFIG' }),
  },
};
