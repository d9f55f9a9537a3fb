import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RevocationError } from '@revocast/core';
import { type FastifyRequest } from 'fastify';
import { Authenticator } from './authenticator.js';
import { assertMay, type Operator, type Verb } from './operator.js';

const ACCESS = Symbol('access');

/** Which right a route needs. A route without a mark is refused: forgetting it must not open anything. */
export const Needs = (verb: Verb): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, verb);

/** A route for everybody: probes, metrics, the description of the API. */
export const Open = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, 'open');

const operators = new WeakMap<FastifyRequest, Operator>();

/** The operator who sent this request, once the guard has let it pass. */
export function operatorOf(request: FastifyRequest): Operator | undefined {
  return operators.get(request);
}

/** The operator who calls the handler. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Operator => {
  const operator = operatorOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (operator === undefined) throw new RevocationError('ERR_INVARIANT', 'A handler was reached without an operator');
  return operator;
});

@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Verb | 'open' | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'open') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const operator = await this.authenticator.operatorOf(request.headers.authorization);
    if (access === undefined) throw new RevocationError('ERR_INVARIANT', 'A route says nothing about who may call it');
    assertMay(operator, access);
    operators.set(request, operator);
    return true;
  }
}
