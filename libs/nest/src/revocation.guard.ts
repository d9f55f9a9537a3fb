import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { RevocationError, type TokenFacts, type Verdict } from '@revocast/core';
import { bearerToken, type GateAnswer, type TokenClaims } from '@revocast/gate';
import { authorizationOf, refusalHeaders, RevocationNode } from '@revocast/node';
import { POLICY, PUBLIC, type RoutePolicy } from './decorators.js';
import { RevocationRefusal, type Refused } from './refusal.js';

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
  readonly raw?: { readonly rawHeaders?: readonly string[] };
  readonly rawHeaders?: readonly string[];
}

/** What the decorators of one route ask for. */
interface RouteRule {
  readonly isPublic: boolean;
  readonly policy: RoutePolicy | undefined;
}

/**
 * Verifies the bearer token of an HTTP request and checks it against revocations, on Express and Fastify.
 *
 * ```ts
 * providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }]
 * ```
 */
@Injectable()
export class RevocationGuard implements CanActivate {
  readonly #rules = new WeakMap<object, WeakMap<object, RouteRule>>();

  constructor(
    private readonly node: RevocationNode,
    private readonly reflector: Reflector,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Throws `RevocationRefusal`, or rejects with it: 401 or 400 because of the token, 503 because nobody can say. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { isPublic, policy } = this.#ruleOf(context);
    if (isPublic) return true;
    assertHttp(context);
    const credentials = bearerToken(authorizationOf(requestOf(context)));
    if (credentials.outcome === 'refuse') throw this.#refuse(context, credentials);
    const answer = this.node.checkNow(credentials.token, policy);
    // Not awaited where there is nothing to wait for: each wait would send the request through the queue once more.
    return 'outcome' in answer
      ? this.#conclude(context, answer, policy)
      : answer.then((later) => this.#conclude(context, later, policy));
  }

  #conclude(context: ExecutionContext, answer: GateAnswer, policy: RoutePolicy | undefined): true {
    if (answer.outcome === 'refuse') throw this.#refuse(context, answer);
    const request = requestOf(context);
    request.user = answer.claims;
    request.revocation = { facts: answer.facts, verdict: answer.verdict, policy };
    return true;
  }

  /** Decorators do not change while a process runs, and reading them costs more than the whole look-up. */
  #ruleOf(context: ExecutionContext): RouteRule {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    const known = this.#rules.get(handler)?.get(controller);
    if (known !== undefined) return known;
    const targets = [handler, controller];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true;
    const policy = tightest(targets.map((target) => this.reflector.get<RoutePolicy | undefined>(POLICY, target)));
    const rule = { isPublic, policy };
    // By the class as well: controllers inherit handlers, and each may be decorated in its own way.
    const rules = this.#rules.get(handler) ?? new WeakMap<object, RouteRule>();
    this.#rules.set(handler, rules.set(controller, rule));
    return rule;
  }

  #refuse(context: ExecutionContext, answer: Refused): RevocationRefusal {
    const response: unknown = context.switchToHttp().getResponse();
    for (const [name, value] of refusalHeaders(answer)) this.adapterHost.httpAdapter.setHeader(response, name, value);
    return new RevocationRefusal(answer);
  }
}

/** What `switchToHttp().getRequest()` gives; that makes three functions and puts them on the context, each time. */
const requestOf = (context: ExecutionContext): IncomingRequest => context.getArgByIndex<IncomingRequest>(0);

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

function tightest(policies: readonly (RoutePolicy | undefined)[]): RoutePolicy | undefined {
  const bounds = policies.flatMap((policy) => (policy === undefined ? [] : [policy.stalenessMsMax]));
  return bounds.length === 0 ? undefined : { stalenessMsMax: Math.min(...bounds) };
}
