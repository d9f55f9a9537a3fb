import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RevocationGuard, RevocationModule, RevocationNode } from '@revocast/nest';
import { issuerWith } from './issuer.mjs';
import { median, rounded } from './measure.mjs';
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

async function listening(metadata) {
  class AppModule {}
  Module({ controllers: [OrdersController], ...metadata })(AppModule);
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { app, port: app.getHttpServer().address().port };
}

/** Nest's own share of a guard: it makes a context and waits once. */
class EmptyGuard {
  canActivate() {
    return true;
  }
}

async function guarded(broker, issuer, tokenCache) {
  const service = { mode: 'strict', service: 'orders', nodeId: 'bench', tokenCache };
  const started = await listening({
    imports: [RevocationModule.forRoot({ feed: broker.createFeed(), issuers: [issuer.input], ...service })],
    providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }],
  });
  await until(() => started.app.get(RevocationNode).status().state === 'current');
  return started;
}

/**
 * Requests per second, and what this process spent on each: the client is another process, so that is the server's. What
 * the event loop was busy for says whether the client kept it so: if not, the rate would be the client's.
 */
async function round(client, port, load) {
  const loopBefore = performance.eventLoopUtilization();
  const cpuBefore = process.cpuUsage();
  client.send({ port, path: '/orders', ...load });
  const [{ answers, failed, seconds }] = await once(client, 'message');
  const { user, system } = process.cpuUsage(cpuBefore);
  const { utilization } = performance.eventLoopUtilization(loopBefore);
  if (failed > 0 || answers === 0) throw new Error(`${failed} of ${answers} requests of the bench failed`);
  return { perSecond: answers / seconds, cpuMicros: (user + system) / answers, utilization };
}

const summary = (rounds) => ({
  requestsPerSecond: Math.round(median(rounds.map(({ perSecond }) => perSecond))),
  cpuMicrosPerRequest: rounded(median(rounds.map(({ cpuMicros }) => cpuMicros))),
  serverUtilization: rounded(median(rounds.map(({ utilization }) => utilization))),
});

/** Each turn sends the same requests, token included, to all apps; a ratio is the median of those of the turns. */
async function measure(apps, tokens, { turns, warmUpTurns, ms, connections }) {
  const client = fork(join(import.meta.dirname, 'load.mjs'));
  const load = { tokens, connections, ms };
  const rounds = Object.fromEntries(Object.keys(apps).map((name) => [name, []]));
  try {
    for (let turn = -warmUpTurns; turn < turns; turn++) {
      const names = turn % 2 === 0 ? Object.keys(apps) : Object.keys(apps).toReversed();
      for (const name of names) {
        const measured = await round(client, apps[name].port, load);
        if (turn >= 0) rounds[name].push(measured);
      }
    }
  } finally {
    client.kill();
  }
  return rounds;
}

const ratios = (rounds, name) => ({
  throughput: rounded(median(rounds[name].map(({ perSecond }, turn) => perSecond / rounds.open[turn].perSecond))),
  cpu: rounded(median(rounds[name].map(({ cpuMicros }, turn) => rounds.open[turn].cpuMicros / cpuMicros))),
});

/** Nest on Fastify without a guard, with an empty one, with ours, and with ours without the cache; all in this process. */
export async function measureNest({ revocations, tokens, ...load }) {
  const issuer = await issuerWith('ES256', tokens);
  const broker = startBroker();
  for (let number = 0; number < revocations / 100; number++) broker.publish(recordBody(number, 100));
  const apps = {
    open: await listening({}),
    emptyGuard: await listening({ providers: [{ provide: APP_GUARD, useClass: EmptyGuard }] }),
    guarded: await guarded(broker, issuer, {}),
    guardedUncached: await guarded(broker, issuer, false),
  };
  try {
    const rounds = await measure(apps, issuer.tokens.map(String), load);
    return {
      ...Object.fromEntries(Object.keys(apps).map((name) => [name, summary(rounds[name])])),
      emptyToOpen: ratios(rounds, 'emptyGuard'),
      guardedToOpen: ratios(rounds, 'guarded'),
      uncachedToOpen: ratios(rounds, 'guardedUncached'),
    };
  } finally {
    for (const { app } of Object.values(apps)) await app.close();
  }
}
