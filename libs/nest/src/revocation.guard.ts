import { Inject, Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { type TokenFacts, type Verdict } from '@revocast/core';
import { type TokenClaims } from '@revocast/gate';
import { refusalHeaders, RevocationNode, tightestPolicy, type TokenRequest } from '@revocast/node';
import { callerCheck, type CallAnswer, type CallerCheck } from './caller-check.js';
import { callOf, nameOf, noPlaceForToken, type Call } from './calls.js';
import { POLICY, PUBLIC, type RoutePolicy } from './decorators.js';
import { type RevocationGuardOptions } from './guard-options.js';
import { RevocationRefusal, type Refused } from './refusal.js';
import { RevocationSockets } from './sockets.js';
import { GUARD_OPTIONS } from './tokens.js';

/** What the guard leaves on a request that it let pass; on the client of a gateway and the context of a message likewise. */
export interface RevocationRequest {
  /** The verified claims of the caller's token; `userProperty` names another property. Beside another guard: what that left. */
  user: TokenClaims;
  /** Absent where `observe` lets claims pass that could not be read. */
  revocation: {
    readonly facts: TokenFacts;
    /** `active`, unless the mode lets other verdicts pass. */
    readonly verdict: Verdict;
    /** The route's own policy, for `LiveConnections`. */
    readonly policy: RoutePolicy | undefined;
  };
}

/** What the decorators of one route ask for. */
interface RouteRule {
  readonly isPublic: boolean;
  readonly policy: RoutePolicy | undefined;
}

/**
 * Verifies the token of a call and checks it against revocations: HTTP on Express and Fastify, GraphQL, messages of gateways,
 * microservices and gRPC. Refuses what it does not know.
 *
 * ```ts
 * providers: [{ provide: APP_GUARD, useExisting: RevocationGuard }]
 * ```
 */
@Injectable()
export class RevocationGuard implements CanActivate {
  readonly #rules = new WeakMap<object, WeakMap<object, RouteRule>>();
  readonly #check: CallerCheck;
  readonly #sockets: RevocationSockets;
  readonly #userProperty: string | undefined;

  constructor(
    private readonly node: RevocationNode,
    private readonly reflector: Reflector,
    private readonly adapterHost: HttpAdapterHost,
    @Optional() @Inject(GUARD_OPTIONS) private readonly options: RevocationGuardOptions = {},
    @Optional() sockets?: RevocationSockets,
  ) {
    const { verifiedClaims, userProperty = 'user' } = options;
    this.#check = callerCheck(node, options);
    this.#sockets = sockets ?? new RevocationSockets(node, options);
    // What another guard left is its own.
    this.#userProperty = verifiedClaims === undefined ? userProperty : undefined;
  }

  /**
   * Throws `RevocationRefusal`, or rejects with it or with the exception of the call's kind: 401 or 400 because of the token, 503
   * because nobody can say. ERR_CONFIG for a call that has no request or no place for a token.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { isPublic, policy } = this.#ruleOf(context);
    if (isPublic) return true;
    if (context.getType<string>() !== 'http') return this.#admitCall(context, policy);
    const request = this.options.getRequest?.(context) ?? requestOf(context);
    const answer = this.#check({ request, headers: request as TokenRequest, context }, policy);
    if (answer === undefined) throw noPlaceForToken(nameOf(context));
    // Not awaited where there is nothing to wait for: each wait would send the request through the queue once more.
    return 'outcome' in answer
      ? this.#conclude(context, request, answer, policy)
      : answer.then((later) => this.#conclude(context, request, later, policy));
  }

  #conclude(context: ExecutionContext, request: object, answer: CallAnswer, policy: RoutePolicy | undefined): true {
    if (answer.outcome === 'refuse') throw this.#refuse(context, answer);
    this.#leave(request, answer, policy);
    return true;
  }

  async #admitCall(context: ExecutionContext, policy: RoutePolicy | undefined): Promise<true> {
    const call = callOf(context, this.options.getRequest);
    const isSocket = context.getType<string>() === 'ws';
    const answer = await (isSocket
      ? this.#askSocket(call, context, policy)
      : this.#check({ ...call, context }, policy));
    if (answer === undefined) throw noPlaceForToken(nameOf(context));
    if (answer.outcome === 'refuse') throw await call.refuse(answer);
    this.#leave(call.request, answer, policy);
    const { facts } = answer;
    // A subscription outlives this call.
    if (!isSocket && call.socket !== undefined && facts !== undefined)
      this.#sockets.hold(call.socket, { facts, policy });
    return true;
  }

  /** Its token was verified when the socket was opened; what a message asks is whether it is still good. */
  async #askSocket(
    call: Call,
    context: ExecutionContext,
    policy: RoutePolicy | undefined,
  ): Promise<CallAnswer | undefined> {
    const client = context.getArgByIndex<object>(0);
    const entered = await this.#sockets.answerFor(client, { ...call, context });
    if (entered.outcome === 'refuse') return entered;
    // Let in by `observe`, with nothing to ask about again: the policy of this handler may be stricter.
    if (entered.facts === undefined) return this.#check({ ...call, context }, policy);
    const again = this.node.recheck(entered.facts, policy);
    return again.outcome === 'refuse' || !('claims' in entered) ? again : { ...again, claims: entered.claims };
  }

  #leave(request: object, answer: Passed, policy: RoutePolicy | undefined): void {
    const left = request as Partial<RevocationRequest> & Record<string, unknown>;
    if (this.#userProperty !== undefined && 'claims' in answer) left[this.#userProperty] = answer.claims;
    const { facts, verdict } = answer;
    if (facts !== undefined) left.revocation = { facts, verdict, policy };
  }

  /** Decorators do not change while a process runs, and reading them costs more than the whole look-up. */
  #ruleOf(context: ExecutionContext): RouteRule {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    const known = this.#rules.get(handler)?.get(controller);
    if (known !== undefined) return known;
    const targets = [handler, controller];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true;
    const policies = targets.map((target) => this.reflector.get<RoutePolicy | undefined>(POLICY, target));
    const rule = { isPublic, policy: tightestPolicy(...policies) };
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

type Passed = Extract<CallAnswer, { readonly outcome: 'pass' }>;

/** What `switchToHttp().getRequest()` gives; that makes three functions and puts them on the context, each time. */
const requestOf = (context: ExecutionContext): object => context.getArgByIndex<object>(0);
