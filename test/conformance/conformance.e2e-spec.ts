import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { bareAdapter } from './adapters/bare.js';
import { expressAdapter } from './adapters/express.js';
import { fastifyAdapter } from './adapters/fastify.js';
import { nestAdapter } from './adapters/nest.js';
import { CASES, play } from './cases.js';
import { type Adapter, type Routes } from './world.js';

const express4 = ((await import('express4')) as { default: typeof express }).default;

/** With what each of them has no route for. */
const ADAPTERS: readonly (readonly [Adapter, ...(keyof Routes)[]])[] = [
  [nestAdapter('Nest on Express', () => new ExpressAdapter()), 'strict', 'socket'],
  [nestAdapter('Nest on Fastify', () => new FastifyAdapter()), 'strict', 'socket'],
  [expressAdapter('Express 4', express4)],
  [expressAdapter('Express 5', express)],
  [fastifyAdapter('Fastify')],
  [bareAdapter('node:http')],
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
