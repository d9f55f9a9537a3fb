import { type GateAnswer, type RoutePolicy } from '@revocast/gate';
import {
  callerOf,
  problemOf,
  refusalHeaders,
  requestChecker,
  tightestPolicy,
  type Caller,
  type RevocationNode,
  type TokenOptions,
} from '@revocast/node';
import { type FastifyInstance, type FastifyPluginCallback, type FastifyReply, type FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** What a route may say of itself, as `config.revocation`. */
export interface RouteRule extends RoutePolicy {
  /** Lets everybody in, without a token. Default false. */
  readonly public?: boolean;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The node that the plugin was registered with. */
    readonly revocation: RevocationNode;
  }
  interface FastifyRequest {
    /** Who the request comes from; `null` on public routes. */
    revocation: Caller | null;
  }
  interface FastifyContextConfig {
    revocation?: RouteRule;
  }
}

export interface RevocationPluginOptions extends TokenOptions<FastifyRequest>, RoutePolicy {
  readonly node: RevocationNode;
  /** Name of the request's property that gets the claims. Default `user`. */
  readonly userProperty?: string;
}

const plugin: FastifyPluginCallback<RevocationPluginOptions> = (app, options, done) => {
  const { node, userProperty = 'user', mode, stalenessMsMax } = options;
  const own = tightestPolicy({ ...(mode && { mode }), ...(stalenessMsMax !== undefined && { stalenessMsMax }) });
  if (own !== undefined) node.acceptPolicy(own, 'revocationPlugin');
  const check = requestChecker<FastifyRequest>(node, options);
  decorate(app, node, userProperty);
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.revocation) node.acceptPolicy(config.revocation, `${String(method)} ${url}`);
  });
  app.addHook('onRequest', (request, reply, proceed) => {
    const rule = request.routeOptions.config.revocation;
    if (rule?.public === true) {
      proceed();
      return;
    }
    const policy = tightestPolicy(own, rule);
    const conclude = (answer: GateAnswer): void => {
      if (answer.outcome === 'refuse') {
        refuse(reply, answer);
        return;
      }
      Object.assign(request, { [userProperty]: answer.claims, revocation: callerOf(answer, policy) });
      proceed();
    };
    const answer = check(request, policy);
    if ('outcome' in answer) conclude(answer);
    else answer.then(conclude, proceed);
  });
  // Streams would keep a closing server waiting for ever.
  app.addHook('preClose', (closed) => {
    node.live.closeAll();
    closed();
  });
  node.markWired();
  done();
};

function decorate(app: FastifyInstance, node: RevocationNode, userProperty: string): void {
  app.decorate('revocation', node);
  app.decorateRequest('revocation', null);
  // An authentication plugin beside us may have made it already.
  if (!app.hasRequestDecorator(userProperty)) app.decorateRequest(userProperty, null);
}

function refuse(reply: FastifyReply, refusal: Extract<GateAnswer, { readonly outcome: 'refuse' }>): void {
  void reply
    .code(refusal.status)
    .headers(Object.fromEntries(refusalHeaders(refusal)))
    // As text: a serializer of the route's own schema would cut the problem down.
    .send(JSON.stringify(problemOf(refusal)));
}

/**
 * Verifies the token of each request and checks it against revocations, in the hook `onRequest`: before a body is read.
 * Routes registered after it are protected, those of other plugins too; a policy that is no tightening of the node's own
 * makes the registration of its route throw ERR_CONFIG.
 *
 * ```ts
 * await app.register(revocationPlugin, { node });
 * app.get('/open', { config: { revocation: { public: true } } }, handler);
 * app.post('/payments', { config: { revocation: { stalenessMsMax: 15_000 } } }, pay);
 * ```
 */
export const revocationPlugin = fastifyPlugin(plugin, { name: '@revocast/fastify', fastify: '5.x' });
