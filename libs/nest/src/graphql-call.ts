import { type TokenRequest } from '@revocast/node';

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const membersOf = (value: unknown): Members => (isObject(value) ? (value as Members) : {});

/** What a GraphQL call is asked with: the request, and what its token is read from. */
export interface GraphqlRequest {
  readonly request: object;
  readonly headers: TokenRequest | undefined;
}

/**
 * The request behind a GraphQL call, as Apollo and Mercurius leave it in the context: `req`, `request` or `reply.request`. Of a
 * subscription the token is what the client said when it connected, and else what the request said that opened the
 * socket. Without importing either package: their shapes are all there is to know.
 */
export function graphqlRequestOf(context: unknown, given?: object): GraphqlRequest | undefined {
  const { req, request, reply, extra } = membersOf(context);
  const own = given ?? [req, request, membersOf(reply)['request']].find(isObject);
  const opened = [membersOf(extra)['request'], membersOf(membersOf(own)['extra'])['request']].find(isObject);
  const said = [context, own, extra].map(connectionHeaders).find((headers) => headers !== undefined);
  const carrier = own ?? opened ?? (said && (context as object));
  return carrier && { request: carrier, headers: said ?? [own, opened].find(hasHeaders) };
}

export const hasHeaders = (request: unknown): request is TokenRequest => isObject(membersOf(request)['headers']);

/**
 * Browsers cannot send headers with a WebSocket, so clients send them as the parameters of the connection: `connectionParams` with
 * graphql-ws, `_connectionInit` with Mercurius.
 */
function connectionHeaders(holder: unknown): TokenRequest | undefined {
  const { connectionParams, _connectionInit } = membersOf(holder);
  const parameters = membersOf(connectionParams ?? _connectionInit);
  const values = Object.entries(parameters).flatMap(([name, value]) =>
    name.toLowerCase() === 'authorization' && typeof value === 'string' ? [value] : [],
  );
  return values.length === 0 ? undefined : { headers: { authorization: values } };
}

/**
 * The socket of a subscription, where graphql-ws left it, or the one below where Mercurius leaves no other; `info` says whether it is
 * a subscription.
 */
export function graphqlSocketOf(context: unknown, info: unknown): object | undefined {
  if (membersOf(membersOf(info)['operation'])['operation'] !== 'subscription') return undefined;
  const { extra, req, request, _connectionInit } = membersOf(context);
  const below = _connectionInit === undefined ? undefined : membersOf(membersOf(request)['raw'])['socket'];
  return [membersOf(extra)['socket'], membersOf(membersOf(req)['extra'])['socket'], below].find(isObject);
}
