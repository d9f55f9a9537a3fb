import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppModule } from '../app.module.js';
import { operatorOf } from '../auth/operator.guard.js';
import { type ServiceLog } from '../log/service-log.js';
import { type Service } from '../service.js';
import { AllowedMethods } from './allowed-methods.js';
import { JSON_TYPE, NDJSON_TYPE } from './consumes.js';
import { describeApi } from './openapi.js';
import { problemAnswer, ProblemError } from './problem.js';

/** A single command with the largest raw token fits; many belong into a batch. */
export const BODY_BYTES_MAX = 128 * 1024;

/** The API over a service. Not yet listening. */
export async function createHttpApp(service: Service): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: refusePath,
  });
  const allowedMethods = new AllowedMethods();
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.over(service, allowedMethods), adapter, {
    logger: service.log.forNest(),
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  setParsers(fastify);
  logRequests(fastify, service.log);
  const document = describeApi(app);
  allowedMethods.read(document);
  fastify.get('/openapi.json', (_request, reply) => reply.send(document));
  return app;
}

/** A path that cannot be decoded or is too long never gets to a route; Fastify's own answer would repeat it. */
function refusePath(_error: Error, { id }: FastifyRequest, reply: FastifyReply): void {
  const { problem } = problemAnswer(new ProblemError('ERR_ROUTE_NOT_FOUND', 'The path cannot be read.'));
  void reply
    .status(problem.status)
    .type('application/problem+json')
    .send({ ...problem, instance: `urn:revocast:request:${id}` });
}

/** JSON for all, bytes as they come for a batch, and nothing else. */
function setParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const json = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<string>(JSON_TYPE, { parseAs: 'string' }, (request, body, done) => {
    // A body is optional where a lift is concerned: an empty one says as much as none.
    if (body === '') done(null, undefined);
    else void json(request, body, done);
  });
  fastify.addContentTypeParser(NDJSON_TYPE, (_request, payload, done) => done(null, payload));
}

/** Probes and scrapes come every few seconds and say nothing. */
const QUIET = /^\/(?:health|metrics)\b/;

function logRequests(fastify: FastifyInstance, log: ServiceLog): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    if (route !== undefined && !QUIET.test(route)) {
      log.info('request', {
        requestId: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        actor: operatorOf(request)?.name,
      });
    }
    done();
  });
}
