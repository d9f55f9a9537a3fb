import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type GateAnswer, type RoutePolicy } from '@revocast/gate';
import {
  callerOf,
  requestChecker,
  tightestPolicy,
  writeRefusal,
  type Caller,
  type RevocationNode,
  type TokenOptions,
} from '@revocast/node';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Express lets others add to its request
  namespace Express {
    interface Request {
      /** Set on every request that the middleware let pass with a token. */
      revocation?: Caller;
    }
  }
}

export interface RevocationOptions<Request extends IncomingMessage = IncomingMessage>
  extends TokenOptions<Request>, RoutePolicy {
  /** Name of the property that gets the claims. Default `auth`. */
  readonly userProperty?: string;
  /** Which requests need no token. Default: none. What it lets in has no `req.revocation`. */
  readonly isPublic?: (request: Request) => boolean;
}

/** Fits Express 4 and 5, and whatever else calls middleware of that shape. */
export type RevocationMiddleware<Request extends IncomingMessage = IncomingMessage> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Verifies the token of each request and checks it against revocations; refuses by answering, and never calls `next` then.
 * A route may ask for more by a middleware of its own: policies add up to the strictest. Throws ERR_CONFIG for a policy that
 * is no tightening of the node's own.
 *
 * ```ts
 * app.use(revocation(node));
 * app.post('/payments', revocation(node, { stalenessMsMax: 15_000 }), pay);
 * ```
 */
export function revocation<Request extends IncomingMessage = IncomingMessage>(
  node: RevocationNode,
  options: RevocationOptions<Request> = {},
): RevocationMiddleware<Request> {
  const { userProperty = 'auth', isPublic, mode, stalenessMsMax } = options;
  const own = tightestPolicy({ ...(mode && { mode }), ...(stalenessMsMax !== undefined && { stalenessMsMax }) });
  if (own !== undefined) node.acceptPolicy(own, 'revocation()');
  const check = requestChecker<Request>(node, options);
  node.markWired();
  return (request, response, next) => {
    if (isPublic?.(request) === true) {
      next();
      return;
    }
    const policy = tightestPolicy(own, (request as WithCaller).revocation?.policy);
    const conclude = (answer: GateAnswer): void => {
      if (answer.outcome === 'refuse') {
        writeRefusal(response, answer);
        return;
      }
      Object.assign(request, { [userProperty]: answer.claims, revocation: callerOf(answer, policy) });
      next();
    };
    const answer = check(request, policy);
    // Express 4 awaits nothing: a defect has to be handed over by hand.
    if ('outcome' in answer) conclude(answer);
    else answer.then(conclude, next);
  };
}

interface WithCaller {
  readonly revocation?: Caller;
}
