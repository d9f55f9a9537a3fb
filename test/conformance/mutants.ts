import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { revocation } from '@revocast/express';
import { revocationPlugin, type RevocationPluginOptions } from '@revocast/fastify';
import { RevocationGuard, RevocationRefusal } from '@revocast/nest';
import { httpGuard } from '@revocast/node';
import express from 'express';
import { type FastifyPluginCallback } from 'fastify';
import { extAuthz } from '../../apps/gate/src/ext-authz-grpc.js';
import { createGateServer } from '../../apps/gate/src/gate-server.js';
import { bareAdapter } from './adapters/bare.js';
import { expressAdapter } from './adapters/express.js';
import { fastifyAdapter } from './adapters/fastify.js';
import { gateAdapter } from './adapters/gate-app.js';
import { grpcAdapter } from './adapters/gate-grpc.js';
import { nestAdapter } from './adapters/nest.js';
import { type Adapter } from './world.js';

/** It lets pass what nobody can say anything about. */
@Injectable()
class LenientGuard extends RevocationGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return await super.canActivate(context);
    } catch (error) {
      if (error instanceof RevocationRefusal && error.answer.status === 503) return true;
      throw error;
    }
  }
}

/** It tells a client that has no token that its token is bad. */
@Injectable()
class AccusingGuard extends RevocationGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return await super.canActivate(context);
    } catch (error) {
      if (!(error instanceof RevocationRefusal) || error.answer.code !== 'ERR_TOKEN_MISSING') throw error;
      throw new RevocationRefusal({ ...error.answer, code: 'ERR_TOKEN_MALFORMED' });
    }
  }
}

/** It goes on with the request after it has refused it with 503. */
const lenientMiddleware: typeof revocation = (node, options) => {
  const good = revocation(node, options);
  return (request, response, next) => {
    const end = response.end.bind(response);
    response.end = ((...args: Parameters<typeof end>) => {
      response.end = end;
      if (response.statusCode !== 503) return end(...args);
      response.statusCode = 200;
      next();
      return response;
    }) as typeof response.end;
    good(request, response, next);
  };
};

/** It forgets what a route asks for. */
const forgetfulMiddleware: typeof revocation = (node, options) =>
  revocation(node, { ...options, stalenessMsMax: node.stalenessMsMax });

/** It keeps its hook to itself, as a Fastify plugin does that is not marked as one for everybody. */
const encapsulatedPlugin: FastifyPluginCallback<RevocationPluginOptions> = (app, options, done) => {
  void app.register((inner, _options, innerDone) => {
    void inner.register(revocationPlugin, options);
    innerDone();
  });
  done();
};

/** It believes the first of two headers. */
const shortSightedGuard: typeof httpGuard = (node) =>
  httpGuard(node, { getToken: ({ headers }) => /^bearer +([^ ,]+)$/i.exec(headers.authorization ?? '')?.[1] });

/** It does not look at what Envoy's configuration says of the route. */
const forgetfulExtAuthz: typeof extAuthz = (parts) => {
  const check = extAuthz(parts);
  return ({ attributes }) => check({ attributes: { ...attributes, contextExtensions: {} } });
};

/** A mistake that somebody could make, by adapter. Each must fail at least one case. */
export const MUTANTS: readonly Adapter[] = [
  nestAdapter('Nest on Express that lets unknown through', () => new ExpressAdapter(), LenientGuard),
  nestAdapter('Nest on Fastify that calls a missing token a bad one', () => new FastifyAdapter(), AccusingGuard),
  expressAdapter('Express that goes on after a 503', express, lenientMiddleware),
  expressAdapter('Express that forgets what a route asks for', express, forgetfulMiddleware),
  fastifyAdapter('Fastify with an encapsulated plugin', encapsulatedPlugin),
  bareAdapter('node:http that reads the first of two headers', shortSightedGuard),
  gateAdapter('the gate that hides why it refuses', createGateServer, {
    me: '/auth?refuseWith=403',
    bounded: '/auth?refuseWith=403&stalenessMsMax=15000',
  }),
  grpcAdapter('the gate over gRPC that forgets what a route asks for', forgetfulExtAuthz),
];
