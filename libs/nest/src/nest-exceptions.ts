/**
 * The exceptions of packages that not every application has. Loaded when the first call of their kind is refused, and then
 * they are there: Nest itself has loaded them to take the call.
 */
type ExceptionOf = new (error: object) => Error;

/* eslint-disable @typescript-eslint/no-require-imports -- in the CommonJS half, below */
/** In the CommonJS half `require` is there, which a CommonJS jest can follow where it cannot follow `import()`. */
const isCommonJs = typeof require === 'function';

export async function wsException(): Promise<ExceptionOf> {
  const { WsException } = isCommonJs
    ? (require('@nestjs/websockets') as typeof import('@nestjs/websockets'))
    : await import('@nestjs/websockets');
  return WsException;
}

export async function rpcException(): Promise<ExceptionOf> {
  const { RpcException } = isCommonJs
    ? (require('@nestjs/microservices') as typeof import('@nestjs/microservices'))
    : await import('@nestjs/microservices');
  return RpcException;
}
