import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

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

interface Recording {
  readonly exchanges: readonly {
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly body?: unknown;
  }[];
}

/** Made by `REVOCAST_RECORD=true npm run test:keycloak` of a running Keycloak. */
const KEYCLOAK = JSON.parse(readFileSync(join(import.meta.dirname, 'keycloak-recording.json'), 'utf8')) as Recording;

const recorded = (call: string): Reply => {
  const found = KEYCLOAK.exchanges.find(({ method, path }) => `${method} ${path}` === call);
  if (found === undefined) throw new Error(`no such call was recorded: ${call}`);
  return found;
};
const ALICE = recorded('GET /admin/realms/shop/users?search=alice@example.com&max=20&briefRepresentation=true');
const NOBODY = recorded('GET /admin/realms/shop/users?search=nobody@example.com&max=20&briefRepresentation=true');
const [SESSION] = recorded('GET /admin/realms/shop/users/id-alice/sessions').body as readonly object[];

/**
 * Keycloak's answers, by a recording. Knows Alice, who has two sessions. `state.down` answers 503; `state.token` is which
 * access token counts.
 */
export const keycloakAnswers = (state: { down?: boolean; token?: string } = {}): Answering => {
  return ({ method, path, headers, body }) => {
    if (state.down === true) return { status: 503 };
    const token = state.token ?? 'admin-token';
    if (path === '/realms/shop/protocol/openid-connect/token') {
      const isRight = new URLSearchParams(body).get('client_secret') === CLIENT_SECRET;
      if (!isRight) return { status: 401, body: { error: 'unauthorized_client' } };
      const login = recorded('POST /realms/shop/protocol/openid-connect/token');
      return { ...login, body: { ...(login.body as object), access_token: token, expires_in: 60 } };
    }
    if (headers['authorization'] !== `Bearer ${token}`)
      return { status: 401, body: { error: 'HTTP 401 Unauthorized' } };
    if (method === 'GET' && path.startsWith('/admin/realms/shop/users?')) {
      const search = new URL(path, 'http://x').searchParams.get('search') ?? '';
      return 'alice@example.com'.includes(search) ? ALICE : NOBODY;
    }
    switch (`${method} ${path}`) {
      case 'GET /admin/realms/shop/users/id-alice/sessions':
        return { status: 200, body: [SESSION, { ...SESSION, id: 'session-2' }] };
      case 'POST /admin/realms/shop/users/id-alice/logout':
      case 'DELETE /admin/realms/shop/sessions/session-1':
        return recorded(`${method} ${path}`);
      default:
        return recorded('POST /admin/realms/shop/users/gone/logout');
    }
  };
};
