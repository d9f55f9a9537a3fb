import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { Logger, type ExecutionContext } from '@nestjs/common';
import { Reflector, type HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from '@jest/globals';
import { GraphqlRefusal, RevocationGuard, RevocationPolicy, type RevocationGuardOptions } from '@revocast/nest';
import { TestRevocations, type TestRevocationsOptions } from '@revocast/nest/testing';

Logger.overrideLogger(false);

class OrdersResolver {
  orders(): void {
    throw new Error('is not called');
  }

  @RevocationPolicy({ mode: 'strict' })
  pay(): void {
    throw new Error('is not called');
  }
}

type Kind = 'graphql' | 'rpc' | 'ws' | 'telegraf';

/** Nest's own context, with the arguments that a call of that kind has. */
function contextOf(kind: Kind, args: unknown[], handler: 'orders' | 'pay' = 'orders'): ExecutionContext {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- Nest takes the handler without its class, too
  const context = new ExecutionContextHost(args, OrdersResolver, OrdersResolver.prototype[handler]);
  context.setType(kind);
  return context;
}

/** What `@nestjs/graphql` calls a resolver with: root, args, context, info. */
const operation = (graphqlContext: unknown, kind: 'query' | 'mutation' | 'subscription' = 'query'): ExecutionContext =>
  contextOf('graphql', [undefined, {}, graphqlContext, { operation: { operation: kind } }]);

function aGuard(options?: RevocationGuardOptions, node?: TestRevocationsOptions) {
  const revocations = new TestRevocations(node);
  const guard = new RevocationGuard(revocations.node, new Reflector(), {} as HttpAdapterHost, options);
  return { revocations, ask: async (context: ExecutionContext) => guard.canActivate(context) };
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

const places: [string, (request: object) => object][] = [
  ['Apollo on Express and on Fastify leaves it', (req) => ({ req })],
  ['a context function may name it', (request) => ({ request })],
  ['Mercurius leaves it', (request) => ({ reply: { request }, app: {}, pubsub: {} })],
];

describe('a GraphQL operation', () => {
  it.each(places)('is checked by the request, where %s', async (_where, context) => {
    const { revocations, ask } = aGuard();
    const token = revocations.token();
    const request: Record<string, unknown> = bearer(token);
    await expect(ask(operation(context(request)))).resolves.toBe(true);
    await expect(ask(operation(context(request), 'mutation'))).resolves.toBe(true);
    expect(request).toMatchObject({ user: { sub: 'alice' }, revocation: { verdict: { kind: 'active' } } });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    await expect(ask(operation(context(bearer(token))))).rejects.toBeInstanceOf(GraphqlRefusal);
  });

  it('is refused with what GraphQL servers report', async () => {
    const { revocations, ask } = aGuard();
    await expect(ask(operation({ req: { headers: {} } }))).rejects.toMatchObject({
      extensions: { code: 'UNAUTHENTICATED', reason: 'ERR_TOKEN_MISSING', status: 401 },
    });
    revocations.setState('stale');
    const extensions = { code: 'SERVICE_UNAVAILABLE', status: 503, retryAfterSeconds: expect.any(Number) };
    await expect(ask(operation({ req: bearer(revocations.token()) }))).rejects.toMatchObject({ extensions });
  });

  it('is an error where its context has no request, and none once getRequest finds it', async () => {
    const { revocations, ask } = aGuard();
    const context = { http: bearer(revocations.token()) };
    await expect(ask(operation(context))).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    await expect(ask(operation(undefined))).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    const found = aGuard({ getRequest: (call) => call.getArgByIndex<{ http: object }>(2).http });
    await expect(found.ask(operation(context))).resolves.toBe(true);
  });
});

/** A socket of `ws`, as far as it is closed. */
class ASocket extends EventEmitter {
  readonly closed: unknown[] = [];
  close(code: number): void {
    this.closed.push(code);
    this.emit('close');
  }
}

describe('a GraphQL subscription', () => {
  /** As graphql-ws hands it over, and as `@nestjs/graphql` wraps that in `req`. */
  const shapes: [string, (opened: object) => object][] = [
    ['graphql-ws hands it over', (opened) => opened],
    ['Nest wraps it', (opened) => ({ req: opened })],
  ];

  it.each(shapes)(
    'is checked by the parameters of its connection, and its socket ends with the token, as %s',
    async (_how, context) => {
      const { revocations, ask } = aGuard();
      const socket = new ASocket();
      const opened = (token: string) =>
        context({
          connectionParams: { Authorization: `Bearer ${token}` },
          extra: { socket, request: { headers: {} } },
        });
      const call = operation(opened(revocations.token()), 'subscription');
      await expect(ask(call)).resolves.toBe(true);
      await expect(ask(call)).resolves.toBe(true);
      expect(revocations.node.live.size).toBe(1);
      revocations.revoke({ scope: 'subject', sub: 'alice' });
      expect([socket.closed, revocations.node.live.size]).toEqual([[4401], 0]);
      await expect(ask(operation(opened(revocations.token()), 'subscription'))).rejects.toBeInstanceOf(GraphqlRefusal);
    },
  );

  it('is checked, and ended by the socket below, as Mercurius hands it over', async () => {
    const { revocations, ask } = aGuard();
    const socket = new Socket();
    const subscribe = (params: object, headers: object) => {
      const request = { headers, raw: { socket } };
      return ask(operation({ _connectionInit: params, request, reply: { request }, pubsub: {} }, 'subscription'));
    };
    const authorization = `Bearer ${revocations.token()}`;
    await expect(subscribe({ Authorization: authorization }, {})).resolves.toBe(true);
    await expect(subscribe({}, { authorization })).resolves.toBe(true);
    await expect(subscribe({}, {})).rejects.toBeInstanceOf(GraphqlRefusal);
    expect([socket.destroyed, revocations.node.live.size]).toEqual([false, 1]);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect(socket.destroyed).toBe(true);
  });

  it('is checked by the request that opened its socket, where the client said nothing', async () => {
    const { revocations, ask } = aGuard();
    const extra = { socket: new ASocket(), request: bearer(revocations.token()) };
    await expect(ask(operation({ connectionParams: {}, extra }, 'subscription'))).resolves.toBe(true);
    await expect(ask(operation({ extra: { request: { headers: {} } } }, 'subscription'))).rejects.toMatchObject({
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });
});

describe('several subscriptions over one socket', () => {
  it('end with whichever of their tokens ends, and one for which there was no room is held by the next attempt', async () => {
    const { revocations, ask } = aGuard();
    const socket = new ASocket();
    const subscribe = (sub: string) => {
      const request = bearer(revocations.token({ sub }));
      return ask(operation({ extra: { socket, request } }, 'subscription'));
    };
    const { live } = revocations.node;
    const register = live.register.bind(live);
    live.register = () => {
      throw new RangeError('full');
    };
    await expect(subscribe('bob')).rejects.toThrow('full');
    live.register = register;
    for (const sub of ['bob', 'alice']) await expect(subscribe(sub)).resolves.toBe(true);
    expect(live.size).toBe(2);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect(socket.closed).toEqual([4401]);
  });
});

describe('a message with headers', () => {
  class NatsHeaders {
    constructor(private readonly all: Readonly<Record<string, readonly string[]>>) {}
    keys = (): readonly string[] => Object.keys(this.all);
    values = (name: string): readonly string[] => this.all[name] ?? [];
  }
  const transports: [string, (value: string) => object][] = [
    ['NATS', (value) => ({ getHeaders: () => new NatsHeaders({ Authorization: [value] }) })],
    ['RabbitMQ', (value) => ({ getMessage: () => ({ properties: { headers: { authorization: value } } }) })],
    ['Kafka', (value) => ({ getMessage: () => ({ headers: { authorization: Buffer.from(value) } }) })],
  ];

  it.each(transports)('is checked by those of %s', async (_transport, contextWith) => {
    const { revocations, ask } = aGuard();
    const context = contextWith(`Bearer ${revocations.token()}`);
    await expect(ask(contextOf('rpc', [{}, context]))).resolves.toBe(true);
    expect(context).toMatchObject({ user: { sub: 'alice' } });
    await expect(ask(contextOf('rpc', [{}, contextWith('Bearer abc')]))).rejects.toMatchObject({
      error: { status: 401, code: 'ERR_TOKEN_MALFORMED' },
    });
  });

  it('is refused when it has two of them', async () => {
    const { revocations, ask } = aGuard();
    const header = `Bearer ${revocations.token()}`;
    const headers = new NatsHeaders({ Authorization: [header], authorization: [header] });
    const call = contextOf('rpc', [{}, { getHeaders: () => headers }]);
    await expect(ask(call)).rejects.toMatchObject({ error: { status: 400 } });
  });
});

describe('a socket of Socket.IO', () => {
  class ASocketIo extends EventEmitter {
    readonly ended: unknown[] = [];
    constructor(readonly handshake: object) {
      super();
    }
    disconnect(close: boolean): void {
      this.ended.push(close);
      super.emit('disconnect');
    }
  }

  it('is judged by its handshake with its first message, and ended when its token is revoked', async () => {
    const { revocations, ask } = aGuard();
    const token = revocations.token();
    const sockets = [
      { auth: { token }, headers: {} },
      { auth: {}, ...bearer(token) },
    ].map((at) => new ASocketIo(at));
    for (const socket of sockets) await expect(ask(contextOf('ws', [socket, {}]))).resolves.toBe(true);
    expect(sockets[0]).toMatchObject({ user: { sub: 'alice' } });
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    expect(sockets.map(({ ended }) => ended)).toEqual([[true], [true]]);
    for (const socket of sockets) {
      await expect(ask(contextOf('ws', [socket, {}]))).rejects.toMatchObject({
        error: { status: 401, code: 'ERR_TOKEN_REVOKED' },
      });
    }
  });
});

it('lets no socket that observe let in blindly reach a handler that is strict', async () => {
  const { ask } = aGuard({ verifiedClaims: { from: 'user' } }, { mode: 'observe' });
  const client = new EventEmitter();
  await expect(ask(contextOf('ws', [client, {}]))).resolves.toBe(true);
  await expect(ask(contextOf('ws', [client, {}], 'pay'))).rejects.toMatchObject({ error: { status: 503 } });
});

it('asks nobody about a call of another kind, and refuses it until getRequest says what to look at', async () => {
  const { revocations, ask } = aGuard();
  const call = { update: bearer(revocations.token()) };
  await expect(ask(contextOf('telegraf', [call]))).rejects.toMatchObject({ code: 'ERR_CONFIG' });
  const found = aGuard({ getRequest: (context) => context.getArgByIndex<typeof call>(0).update });
  await expect(found.ask(contextOf('telegraf', [call]))).resolves.toBe(true);
  await expect(found.ask(contextOf('telegraf', [{ update: { headers: {} } }]))).rejects.toMatchObject({ status: 401 });
  await expect(found.ask(contextOf('telegraf', [{ update: {} }]))).rejects.toMatchObject({ code: 'ERR_CONFIG' });
});
