/**
 * What is needed of packages that not every application has. Loaded when a call of their kind is refused, or is to be, and then
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

/** Whether Nest asks guards of the whole application about messages of gateways: since 12, where it hands its settings on. */
export async function globalGuardsReachGateways(): Promise<boolean> {
  const { SocketModule } = isCommonJs
    ? (require('@nestjs/websockets/socket-module.js') as typeof import('@nestjs/websockets/socket-module.js'))
    : await import('@nestjs/websockets/socket-module.js');
  const { getContextCreator } = SocketModule.prototype as unknown as {
    getContextCreator: (...of: unknown[]) => unknown;
  };
  return getContextCreator.length > 1;
}
