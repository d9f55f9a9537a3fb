import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import { bareAdapter } from './adapters/bare.js';
import { expressAdapter } from './adapters/express.js';
import { fastifyAdapter } from './adapters/fastify.js';
import { checkAdapter, gateAdapter } from './adapters/gate-app.js';
import { grpcAdapter } from './adapters/gate-grpc.js';
import { nestAdapter } from './adapters/nest.js';
import { CASES, play } from './cases.js';
import { createGateServer } from '../../apps/gate/src/gate-server.js';
import { type Adapter, type Routes } from './world.js';

/** The path is that of the client's own request: dots and a query in it mean nothing to the gate. */
const ENVOY: Routes = { me: '/ext-authz/../health/live?mode=observe', bounded: '' };

/** With what each of them has no route for. */
const ADAPTERS: readonly (readonly [Adapter, ...(keyof Routes)[]])[] = [
  [nestAdapter('Nest on Express', () => new ExpressAdapter()), 'socket'],
  [nestAdapter('Nest on Fastify', () => new FastifyAdapter()), 'socket'],
  [expressAdapter('Express 4', express4)],
  [expressAdapter('Express 5', express)],
  [fastifyAdapter('Fastify')],
  [bareAdapter('node:http')],
  [gateAdapter('the gate, asked as nginx asks'), 'open', 'stream', 'socket'],
  [
    gateAdapter('the gate, asked as Envoy asks', createGateServer, ENVOY),
    'bounded',
    'strict',
    'open',
    'stream',
    'socket',
  ],
  [grpcAdapter('the gate, asked over gRPC as Envoy asks'), 'open', 'stream', 'socket'],
  [checkAdapter('a service that asks the gate'), 'open', 'stream', 'socket'],
];

describe.each(ADAPTERS.map(([adapter, ...lacks]) => ({ name: adapter.name, adapter, lacks })))(
  'an API behind $name',
  ({ adapter, lacks }) => {
    const due = CASES.filter(({ needs }) => needs === undefined || !lacks.includes(needs));
    it.each(due)('$title', async (each) => {
      await expect(play(each, adapter)).resolves.toBeUndefined();
    });
  },
);
