import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ServiceLog } from '../log/service-log.js';
import { type AllowedMethods } from './allowed-methods.js';
import { problemAnswer, ProblemError } from './problem.js';

/** Answers every error with a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: ServiceLog,
    private readonly allowedMethods: AllowedMethods,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { problem, headers } = problemAnswer(this.#withMethods(error, request));
    if (problem.status === 500)
      this.log.error('requestFailed', { error, method: request.method, requestId: request.id });
    if (reply.sent) return;
    void reply
      .status(problem.status)
      .headers({ 'cache-control': 'no-store', ...headers })
      .type('application/problem+json')
      .send({ ...problem, instance: `urn:revocast:request:${request.id}` });
  }

  /** The router knows only "no such route"; a known path with another method is 405 and says which there are. */
  #withMethods(error: unknown, request: FastifyRequest): unknown {
    const { problem } = problemAnswer(error);
    if (problem.code !== 'ERR_ROUTE_NOT_FOUND') return error;
    const allowed = this.allowedMethods.of(request.url);
    if (allowed.length === 0) return error;
    const allow = allowed.join(', ');
    return new ProblemError('ERR_METHOD_NOT_ALLOWED', `This resource has ${allow}.`, { headers: { allow } });
  }
}
