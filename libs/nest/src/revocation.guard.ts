import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { RevocationError, type TokenFacts, type Verdict } from '@revocast/core';
import { bearerToken, type GateAnswer, type TokenClaims } from '@revocast/gate';
import { POLICY, PUBLIC, type RoutePolicy } from './decorators.js';
import { RevocationRefusal, refusalHeaders, type Refused } from './refusal.js';
import { RevocationNode } from './revocation-node.js';

/** What the guard leaves on a request that it let pass. */
export interface RevocationRequest {
  /** The verified claims of the caller's token. */
  user: TokenClaims;
  revocation: {
    readonly facts: TokenFacts;
    /** `active`, unless the mode lets other verdicts pass. */
    readonly verdict: Verdict;
    /** The route's own bound, for `LiveConnections`. */
    readonly policy: RoutePolicy | undefined;
  };
}

interface IncomingRequest extends Partial<RevocationRequest> {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The request of node:http, behind Fastify's. */
  readonly raw?: { readonly headersDistinct?: HeadersDistinct };
  readonly headersDistinct?: HeadersDistinct;
}
type HeadersDistinct = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * Verifies the bearer token of an HTTP request and checks it against revocations, on Express and Fastify.
 *
 * ```ts
 * providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }]
 * ```
 */
@Injectable()
export class RevocationGuard implements CanActivate {
  constructor(
    private readonly node: RevocationNode,
    private readonly reflector: Reflector,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Throws `RevocationRefusal`: 401 or 400 because of the token, 503 because nobody can say. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return true;
    assertHttp(context);
    const request = context.switchToHttp().getRequest<IncomingRequest>();
    const policy = tightest(targets.map((target) => this.reflector.get<RoutePolicy | undefined>(POLICY, target)));
    const answer = await this.#answer(request, policy);
    if (answer.outcome === 'refuse') throw this.#refuse(context, answer);
    request.user = answer.claims;
    request.revocation = { facts: answer.facts, verdict: answer.verdict, policy };
    return true;
  }

  async #answer(request: IncomingRequest, policy: RoutePolicy | undefined): Promise<GateAnswer> {
    const credentials = bearerToken(authorizationOf(request));
    return credentials.outcome === 'refuse' ? credentials : this.node.check(credentials.token, policy);
  }

  #refuse(context: ExecutionContext, answer: Refused): RevocationRefusal {
    const response: unknown = context.switchToHttp().getResponse();
    for (const [name, value] of refusalHeaders(answer)) this.adapterHost.httpAdapter.setHeader(response, name, value);
    return new RevocationRefusal(answer);
  }
}

/** Where there is no HTTP request there is no token to be found, and passing by omission would be a hole. */
function assertHttp(context: ExecutionContext): void {
  const type = context.getType<string>();
  if (type === 'http') return;
  const where = `${context.getClass().name}.${context.getHandler().name}`;
  throw new RevocationError(
    'ERR_CONFIG',
    `RevocationGuard knows HTTP requests only, and ${where} is called by "${type}": ask RevocationChecker there, or mark it @Public()`,
  );
}

/** `headers` keeps the first of two Authorization headers, and a proxy may have looked at the second: both are to be seen. */
function authorizationOf(request: IncomingRequest): string | readonly string[] | undefined {
  const distinct = request.headersDistinct ?? request.raw?.headersDistinct;
  return distinct?.['authorization'] ?? request.headers['authorization'];
}

function tightest(policies: readonly (RoutePolicy | undefined)[]): RoutePolicy | undefined {
  const bounds = policies.flatMap((policy) => (policy === undefined ? [] : [policy.stalenessMsMax]));
  return bounds.length === 0 ? undefined : { stalenessMsMax: Math.min(...bounds) };
}
