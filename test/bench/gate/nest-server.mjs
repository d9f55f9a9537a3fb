// One Nest application on Fastify, in a process of its own: what the engine learns from the code of one must not slow
// another. Told by a message: { kind, issuer, revocations }. Answers with its port, then each message with what it has used.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RevocationGuard, RevocationModule, RevocationNode } from '@revocast/nest';
import { recordBody, startBroker, until } from './node.mjs';

/** The least a handler can do: whatever it did more would make the guard look cheaper. */
class OrdersController {
  orders() {
    return { ok: true };
  }
}
Controller()(OrdersController);
Get('orders')(
  OrdersController.prototype,
  'orders',
  Object.getOwnPropertyDescriptor(OrdersController.prototype, 'orders'),
);

/** Nest's own share of a guard: it makes a context and waits once. */
class EmptyGuard {
  canActivate() {
    return true;
  }
}

async function started(metadata) {
  class AppModule {}
  Module({ controllers: [OrdersController], ...metadata })(AppModule);
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

async function guarded({ issuer, revocations }, tokenCache) {
  const broker = startBroker();
  for (let number = 0; number < revocations / 100; number++) broker.publish(recordBody(number, 100));
  const service = { mode: 'strict', service: 'orders', nodeId: 'bench', tokenCache };
  const app = await started({
    imports: [RevocationModule.forRoot({ feed: broker.createFeed(), issuers: [issuer], ...service })],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  await until(() => app.get(RevocationNode).status().state === 'current');
  return app;
}

const KINDS = {
  open: () => started({}),
  emptyGuard: () => started({ providers: [{ provide: APP_GUARD, useClass: EmptyGuard }] }),
  guarded: (options) => guarded(options, {}),
  guardedUncached: (options) => guarded(options, false),
};

process.once('message', async ({ kind, ...options }) => {
  const app = await KINDS[kind](options);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const { active, idle } = performance.eventLoopUtilization();
    process.send({ cpuMicros: user + system, active, idle });
  });
  process.send({ port: app.getHttpServer().address().port });
});
