import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';

/** One request as the provider saw it. */
export interface Asked {
  readonly method: string;
  /** Path and query, decoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Answering = (asked: Asked) => Reply | undefined;

/** An HTTP server that answers as a test says; what it has no answer for is 404. */
export interface FakeProvider {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** `GET /path` of all requests but logins. */
  calls(): readonly string[];
  close(): Promise<void>;
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const isLogin = ({ path }: Asked): boolean => path.endsWith('/token');

export const startFakeProvider = async (answering: Answering, port = 0): Promise<FakeProvider> => {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: decodeURIComponent(url.replaceAll('+', ' ')), headers, body };
      asked.push(one);
      const { status, body: answer, headers: more } = answering(one) ?? { status: 404 };
      response.writeHead(status, { 'content-type': 'application/json', ...more });
      response.end(answer === undefined ? undefined : JSON.stringify(answer));
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    calls: () => asked.filter((one) => !isLogin(one)).map(({ method, path }) => `${method} ${path}`),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

export const CLIENT_SECRET = 'the-secret-of-the-client';

/**
 * Keycloak's answers, written after its Admin REST API documentation (26.x): no recording of a running one. Knows Alice,
 * who has two sessions. `state.down` answers 503; `state.tokens` is which access token counts.
 */
export const keycloakAnswers = (state: { down?: boolean; token?: string } = {}): Answering => {
  const alice = {
    id: 'id-alice',
    username: 'alice',
    email: 'alice@example.com',
    firstName: 'Alice',
    lastName: 'A',
    enabled: true,
  };
  const session = {
    id: 'session-1',
    username: 'alice',
    userId: 'id-alice',
    ipAddress: '192.0.2.1',
    start: 1_767_225_600_000,
    lastAccess: 1_767_225_700_000,
    clients: {},
  };
  return ({ method, path, headers, body }) => {
    if (state.down === true) return { status: 503 };
    const token = state.token ?? 'admin-token';
    if (path === '/realms/shop/protocol/openid-connect/token') {
      const isRight = new URLSearchParams(body).get('client_secret') === CLIENT_SECRET;
      if (!isRight) return { status: 401, body: { error: 'unauthorized_client' } };
      return { status: 200, body: { access_token: token, expires_in: 60, token_type: 'Bearer' } };
    }
    if (headers['authorization'] !== `Bearer ${token}`)
      return { status: 401, body: { error: 'HTTP 401 Unauthorized' } };
    if (method === 'GET' && path.startsWith('/admin/realms/shop/users?')) {
      const search = new URL(path, 'http://x').searchParams.get('search') ?? '';
      return { status: 200, body: alice.email.includes(search) ? [alice] : [] };
    }
    switch (`${method} ${path}`) {
      case 'GET /admin/realms/shop/users/id-alice/sessions':
        return { status: 200, body: [session, { ...session, id: 'session-2' }] };
      case 'POST /admin/realms/shop/users/id-alice/logout':
      case 'DELETE /admin/realms/shop/sessions/session-1':
        return { status: 204 };
      default:
        return { status: 404, body: { error: 'User not found' } };
    }
  };
};
