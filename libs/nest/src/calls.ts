import { type ExecutionContext } from '@nestjs/common';
import { RevocationError } from '@revocast/core';
import { type TokenRequest } from '@revocast/node';
import { graphqlRequestOf, graphqlSocketOf, hasHeaders } from './graphql-call.js';
import { rpcException, wsException } from './nest-exceptions.js';
import { GraphqlRefusal, grpcStatus, refusalData, RevocationRefusal, type Refused } from './refusal.js';
import { isGrpcMetadata, rpcRequestOf } from './rpc-call.js';

/** A call that is no HTTP request, as the guard sees it. */
export interface Call {
  /** What gets the claims, and what a function of yours is asked with. */
  readonly request: object;
  /** What a token is read from; undefined where the guard knows no place for one, so that `getToken` has to. */
  readonly headers: TokenRequest | undefined;
  /** The error that callers of this kind understand. */
  readonly refuse: (answer: Refused) => Promise<Error>;
  /** What outlives the call, and is closed with its token. */
  readonly socket?: object | undefined;
}

type CallReader = (context: ExecutionContext, given: object | undefined) => Call | undefined;

const READERS: Readonly<Partial<Record<string, CallReader>>> = {
  graphql: (context, given) => {
    const [graphqlContext, info] = [context.getArgByIndex<unknown>(2), context.getArgByIndex<unknown>(3)];
    const found = graphqlRequestOf(graphqlContext, given);
    const refuse = (answer: Refused): Promise<Error> => Promise.resolve(new GraphqlRefusal(answer));
    return found && { ...found, refuse, socket: graphqlSocketOf(graphqlContext, info) };
  },
  ws: (context, given) => {
    const client = context.getArgByIndex<object>(0);
    const refuse = async (answer: Refused): Promise<Error> => new (await wsException())(refusalData(answer));
    return { request: given ?? client, headers: handshakeOf(given ?? client), refuse, socket: client };
  },
  rpc: (context, given) => {
    const message = context.getArgByIndex<unknown>(1);
    const dataOf = isGrpcMetadata(message) ? grpcStatus : refusalData;
    const refuse = async (answer: Refused): Promise<Error> => new (await rpcException())(dataOf(answer));
    const request = given ?? message;
    if (typeof request !== 'object' || request === null) return undefined;
    return { request, headers: hasHeaders(given) ? given : rpcRequestOf(request), refuse };
  },
};

/** What is of no kind that we know can still be asked about, once `getRequest` has found what to ask. */
const otherKind: CallReader = (_context, given) =>
  given && {
    ...{ request: given, headers: hasHeaders(given) ? given : undefined },
    refuse: (answer) => Promise.resolve(new RevocationRefusal(answer)),
  };

/** Throws ERR_CONFIG for a call that nobody knows: passing by omission would be a hole. */
export function callOf(context: ExecutionContext, getRequest?: (context: ExecutionContext) => object): Call {
  const kind = context.getType<string>();
  const given = getRequest?.(context);
  const call = (READERS[kind] ?? otherKind)(context, given);
  if (call !== undefined) return call;
  throw new RevocationError(
    'ERR_CONFIG',
    `RevocationGuard finds no request for ${nameOf(context)}, which is called by "${kind}": set getRequest in the ` +
      'options of RevocationModule, ask RevocationChecker there, or mark it @Public()',
  );
}

/** Where Socket.IO keeps the request that opened a socket, and what the client said beside it. */
export function handshakeOf(client: object): TokenRequest | undefined {
  const { handshake } = client as { readonly handshake?: { readonly headers?: object; readonly auth?: object } };
  const { token } = (handshake?.auth ?? {}) as { readonly token?: unknown };
  if (typeof token === 'string') {
    const value = /^bearer\s/i.test(token) ? token : `Bearer ${token}`;
    return { headers: { authorization: value } };
  }
  if (hasHeaders(handshake)) return handshake;
  return hasHeaders(client) ? client : undefined;
}

export const nameOf = (context: ExecutionContext): string => `${context.getClass().name}.${context.getHandler().name}`;

/** Nobody said where such a call carries its token. */
export const noPlaceForToken = (where: string): RevocationError =>
  new RevocationError(
    'ERR_CONFIG',
    `RevocationGuard knows no place for the token of ${where}: set getToken in the options of RevocationModule, for a ` +
      'gateway call RevocationSockets.admit in handleConnection, or mark it @Public()',
  );
