import { type CanActivate, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { ProblemError } from './problem.js';

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';

const CONSUMES = Symbol('consumes');

/** The content type of the body where it is not JSON. */
export const Consumes = (type: string): MethodDecorator => SetMetadata(CONSUMES, type);

/** The parsers know two types; each route takes one of them. */
export class ContentTypeGuard implements CanActivate {
  readonly #reflector = new Reflector();

  canActivate(context: ExecutionContext): boolean {
    const given = context.switchToHttp().getRequest<FastifyRequest>().headers['content-type'];
    const wanted = this.#reflector.get<string | undefined>(CONSUMES, context.getHandler());
    const type = given?.split(';')[0]?.trim().toLowerCase();
    const fits = type === undefined ? wanted === undefined : type === (wanted ?? JSON_TYPE);
    if (fits) return true;
    throw new ProblemError('ERR_CONTENT_TYPE', `This resource takes ${wanted ?? JSON_TYPE}.`);
  }
}
