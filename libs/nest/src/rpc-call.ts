import { type TokenRequest } from '@revocast/node';

interface GrpcMetadata {
  get(name: string): readonly unknown[];
}

/** The second argument of a gRPC handler. */
export const isGrpcMetadata = (value: unknown): value is GrpcMetadata =>
  typeof (value as { getMap?: unknown } | undefined)?.getMap === 'function' &&
  typeof (value as { get?: unknown }).get === 'function';

/**
 * The headers of a message: metadata of gRPC, headers of NATS, RabbitMQ and Kafka. Undefined where the transport has none, such
 * as TCP and Redis.
 */
export function rpcRequestOf(context: object): TokenRequest | undefined {
  if (isGrpcMetadata(context)) return withAuthorization(context.get('authorization').map(String));
  const headers = callOf(context, 'getHeaders');
  if (headers !== undefined) return natsHeaders(headers);
  const message = callOf(context, 'getMessage') as MessageLike | undefined;
  const plain = message?.properties?.headers ?? message?.headers;
  return plain === undefined ? undefined : withAuthorization(plainValues(plain));
}

interface MessageLike {
  readonly properties?: { readonly headers?: Readonly<Record<string, unknown>> };
  readonly headers?: Readonly<Record<string, unknown>>;
}

const callOf = (context: object, name: string): unknown => {
  const method = (context as Readonly<Record<string, unknown>>)[name];
  return typeof method === 'function' ? (method.call(context) as unknown) : undefined;
};

/** All of them: two headers are two tokens, and somebody before us may have looked at the other one. */
function natsHeaders(headers: unknown): TokenRequest {
  const hdrs = headers as Partial<NatsHeaders>;
  if (typeof hdrs.keys !== 'function' || typeof hdrs.values !== 'function') return withAuthorization([]);
  const names = new Set(hdrs.keys().filter(isAuthorization));
  return withAuthorization([...names].flatMap((name) => hdrs.values?.(name) ?? []));
}

interface NatsHeaders {
  keys(): readonly string[];
  values(name: string): readonly string[];
}

const plainValues = (headers: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(headers).flatMap(([name, value]) => (isAuthorization(name) ? [value].flat().map(String) : []));

const isAuthorization = (name: string): boolean => name.toLowerCase() === 'authorization';

const withAuthorization = (values: readonly string[]): TokenRequest => ({
  headers: values.length === 0 ? {} : { authorization: values },
});
