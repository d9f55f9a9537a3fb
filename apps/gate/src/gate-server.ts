import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { RevocationError, type ErrorCode } from '@revocast/core';
import { invalidRequest, type GateAnswer, type Refusal, type RoutePolicy } from '@revocast/gate';
import {
  callerOf,
  credentialsReader,
  healthOf,
  problemOf,
  refusalHeaders,
  requestChecker,
  writeRefusal,
  type RevocationNode,
} from '@revocast/node';
import { askedPolicy } from './asked-policy.js';
import { readCheckBody } from './check-body.js';
import { identityHeaders } from './identity-headers.js';
import { Metrics } from './metrics.js';

export interface GateServerParts {
  readonly node: RevocationNode;
  readonly metrics: Metrics;
  readonly cookie?: string;
  /** Told of a defect: the request gets an opaque 500. */
  readonly onDefect: (error: unknown) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void | Promise<void>;

/** Below it every path is answered: Envoy appends the one that its client asked for. */
const EXT_AUTHZ = '/ext-authz';

/** Answers for proxies and for services in other languages. Not yet listening. */
export function createGateServer({ node, metrics, cookie, onDefect }: GateServerParts): Server {
  const handlers = handlersOf(node, metrics, cookie);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // A server that is about to close answers what is under way and keeps nobody's connection.
    if (!server.listening) response.setHeader('Connection', 'close');
    const handle = async (): Promise<void> => {
      // Never as a URL, which would resolve the dots of a client's path: /ext-authz/../health/live answers everybody.
      const [path = '', query] = (request.url ?? '').split('?', 2);
      await (handlers.get(isExtAuthz(path) ? EXT_AUTHZ : path) ?? notFound)(
        request,
        response,
        new URLSearchParams(query),
      );
    };
    handle().catch((error: unknown) => {
      onDefect(error);
      problem(response, 500, 'Internal Server Error', 'ERR_INVARIANT');
    });
  });
  node.markWired();
  return server;
}

/** Longer than proxies keep an idle connection: whoever closes first must not be the one that is being asked. */
const KEEP_ALIVE_MS = 75_000;

const isExtAuthz = (path: string): boolean => path === EXT_AUTHZ || path.startsWith(`${EXT_AUTHZ}/`);

function handlersOf(node: RevocationNode, metrics: Metrics, cookie: string | undefined): ReadonlyMap<string, Handler> {
  const options = cookie === undefined ? {} : { cookie };
  const check = requestChecker<IncomingMessage>(node, options);
  const handlers: Readonly<Record<string, Handler>> = {
    '/auth': withPolicy(node, async (request, response, policy, query) => {
      const answer = await check(request, policy);
      if (answer.outcome === 'pass') admit(response, answer, policy);
      else if (query.get('refuseWith') === '403') response.writeHead(403, { 'Cache-Control': 'no-store' }).end();
      else writeRefusal(response, answer);
    }),
    // nginx throws the body of a refusal away, and lets us be asked for it again.
    '/refusal': withPolicy(node, async (request, response, policy) => {
      const answer = await check(request, policy);
      writeRefusal(response, answer.outcome === 'refuse' ? answer : CHANGED_MEANWHILE);
    }),
    // The query is the client's own here, and no policy.
    [EXT_AUTHZ]: async (request, response) => {
      const answer = await check(request);
      if (answer.outcome === 'refuse') writeRefusal(response, answer);
      else admit(response, answer, undefined);
    },
    '/check': checkHandler(node),
    '/health/live': (_request, response) => json(response, 200, { status: 'up' }),
    '/health/ready': (_request, response) => {
      const health = healthOf(node.status());
      json(response, health.status === 'up' ? 200 : 503, health);
    },
    '/metrics': (_request, response) => {
      response.setHeader('Content-Type', Metrics.CONTENT_TYPE);
      response.end(metrics.render(node.status()));
    },
  };
  return new Map(Object.entries(handlers));
}

/** Refused a moment ago and good now: the client asks once more, and nothing is let through that was not asked for. */
const CHANGED_MEANWHILE: Refusal = {
  ...{ outcome: 'refuse' as const, status: 503 as const },
  ...{ code: 'ERR_REVOCATION_UNKNOWN' as const, retryAfterSeconds: 1 },
};

type PolicyHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  policy: RoutePolicy | undefined,
  query: URLSearchParams,
) => Promise<void>;

/** With the policy that the query names; a wrong one lets nobody in. */
const withPolicy =
  (node: RevocationNode, handle: PolicyHandler): Handler =>
  async (request, response, query) => {
    const [bound, mode] = [query.get('stalenessMsMax') ?? undefined, query.get('mode') ?? undefined];
    await refusingBadInput(response, async () => {
      await handle(request, response, askedPolicy(bound, mode, node), query);
    });
  };

/** Gives the whole answer as data, for a service that makes an HTTP answer of it itself. */
function checkHandler(node: RevocationNode): Handler {
  const credentialsOf = credentialsReader();
  return async (request, response) => {
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST');
      problem(response, 405, 'Method Not Allowed', 'ERR_METHOD_NOT_ALLOWED');
      return;
    }
    await refusingBadInput(response, async () => {
      const body = await readCheckBody(request);
      const policy = askedPolicy(body.stalenessMsMax, body.mode, node);
      const credentials = credentialsOf(request);
      const isTwice = body.token !== undefined && credentials.outcome === 'read' && credentials.token !== undefined;
      const read = isTwice ? invalidRequest('More than one token') : credentials;
      const answer = read.outcome === 'refuse' ? read : await node.check(body.token ?? read.token, policy);
      json(response, 200, dataOf(answer));
    });
  };
}

const dataOf = (answer: GateAnswer): object =>
  answer.outcome === 'pass'
    ? { outcome: 'pass', verdict: answer.verdict.kind, claims: answer.claims }
    : {
        ...{ outcome: 'refuse', status: answer.status },
        headers: Object.fromEntries(refusalHeaders(answer)),
        problem: problemOf(answer),
      };

type Passed = Extract<GateAnswer, { readonly outcome: 'pass' }>;

function admit(response: ServerResponse, answer: Passed, policy: RoutePolicy | undefined): void {
  for (const [name, value] of identityHeaders(callerOf(answer, policy))) response.setHeader(name, value);
  // What was true of this request may be false of the next one.
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', '0');
  response.end();
}

async function refusingBadInput(response: ServerResponse, handle: () => Promise<void>): Promise<void> {
  try {
    await handle();
  } catch (error) {
    const isInput = error instanceof RevocationError && INPUT_CODES.has(error.code);
    if (!isInput) throw error;
    problem(response, 400, 'Bad Request', error.code, error.message);
  }
}

const INPUT_CODES: ReadonlySet<string> = new Set(['ERR_CONFIG', 'ERR_BODY_MALFORMED']);

const notFound: Handler = (_request, response) => problem(response, 404, 'Not Found', 'ERR_ROUTE_NOT_FOUND');

function problem(response: ServerResponse, status: number, title: string, code: ErrorCode, detail?: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = { type: 'about:blank', title, status, code, ...(detail !== undefined && { detail }) };
  json(response, status, body, 'application/problem+json');
}

function json(response: ServerResponse, status: number, body: object, type = 'application/json'): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
