import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { type TokenFacts, type Verdict } from '@revocast/core';
import { type GateAnswer, type Refusal, type RoutePolicy, type TokenClaims } from '@revocast/gate';
import { credentialsReader, type TokenOptions, type TokenRequest } from './credentials.js';
import { problemOf, refusalHeaders } from './refusal.js';
import { type RevocationNode } from './revocation-node.js';

/** Who a request comes from, once it was let pass. */
export interface Caller {
  /** The verified claims of the token. */
  readonly claims: TokenClaims;
  readonly facts: TokenFacts;
  /** `active`, unless the mode lets other verdicts pass. */
  readonly verdict: Verdict;
  /** The route's own policy, for live connections. */
  readonly policy: RoutePolicy | undefined;
}

/** Takes the token out of a request and checks it: what every adapter for HTTP begins with. */
export function requestChecker<Request extends TokenRequest>(
  node: Pick<RevocationNode, 'checkNow'>,
  options: TokenOptions<Request> = {},
): (request: Request, policy?: RoutePolicy) => GateAnswer | Promise<GateAnswer> {
  const credentialsOf = credentialsReader(options);
  return (request, policy) => {
    const credentials = credentialsOf(request);
    return credentials.outcome === 'refuse' ? credentials : node.checkNow(credentials.token, policy);
  };
}

/** Protects a bare server of node:http. */
export interface HttpGuard {
  /** Resolves to the caller; to `undefined` once the request was refused and answered. Rejects on a defect only. */
  admit(request: IncomingMessage, response: ServerResponse, policy?: RoutePolicy): Promise<Caller | undefined>;
  /** The same for the `upgrade` event of a server, before a WebSocket library gets the socket. */
  admitUpgrade(request: IncomingMessage, socket: Duplex, policy?: RoutePolicy): Promise<Caller | undefined>;
}

/**
 * ```ts
 * const guard = httpGuard(node);
 * createServer(async (request, response) => {
 *   const caller = await guard.admit(request, response);
 *   if (caller !== undefined) response.end(`hello ${caller.facts.sub}`);
 * });
 * ```
 */
export function httpGuard(node: RevocationNode, options: TokenOptions<IncomingMessage> = {}): HttpGuard {
  const check = requestChecker(node, options);
  node.markWired();
  return {
    admit: async (request, response, policy) => {
      const answer = await check(request, policy);
      if (answer.outcome === 'pass') return callerOf(answer, policy);
      writeRefusal(response, answer);
      return undefined;
    },
    admitUpgrade: async (request, socket, policy) => {
      // Nobody else listens yet, and a socket that breaks meanwhile would end the process.
      const onError = (): void => void socket.destroy();
      socket.on('error', onError);
      const answer = await check(request, policy);
      if (answer.outcome === 'refuse') {
        refuseUpgrade(socket, answer);
        return undefined;
      }
      socket.off('error', onError);
      return callerOf(answer, policy);
    },
  };
}

type Passed = Extract<GateAnswer, { readonly outcome: 'pass' }>;

export const callerOf = ({ claims, facts, verdict }: Passed, policy: RoutePolicy | undefined): Caller => ({
  ...{ claims, facts, verdict, policy },
});

/** Answers a request that is refused. */
export function writeRefusal(response: ServerResponse, refusal: Refusal): void {
  response.statusCode = refusal.status;
  for (const [name, value] of refusalHeaders(refusal)) response.setHeader(name, value);
  response.end(JSON.stringify(problemOf(refusal)));
}

/** Answers a refused upgrade: there is no response object yet, only the socket. */
function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const problem = problemOf(refusal);
  const body = JSON.stringify(problem);
  const headers = [...refusalHeaders(refusal), ['Content-Length', String(Buffer.byteLength(body))]];
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'Connection: close',
    ...headers.map((at) => at.join(': ')),
  ];
  socket.once('finish', () => void socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
