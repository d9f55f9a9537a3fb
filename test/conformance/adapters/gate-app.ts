import { createServer, request } from 'node:http';
import { Metrics } from '../../../apps/gate/src/metrics.js';
import { createGateServer } from '../../../apps/gate/src/gate-server.js';
import { createRevocationNode } from '@revocast/node';
import { ROUTE_BOUND_MS, type Adapter, type HttpAnswer, type Routes, type Seen } from '../world.js';
import { closed, listening } from './sockets.js';

/** Whom the gate tells a proxy that the request comes from. */
export const toldByHeaders = ({ headers }: HttpAnswer): Seen => ({
  sub: headers['x-revocast-subject'],
  verdict: headers['x-revocast-verdict'],
});

const AUTH: Routes = {
  me: '/auth',
  bounded: `/auth?stalenessMsMax=${ROUTE_BOUND_MS}`,
  strict: '/auth?mode=strict',
};

/** The gate itself, asked as nginx does. */
export const gateAdapter = (name: string, make = createGateServer, routes: Routes = AUTH): Adapter => ({
  name,
  start: async (options) => {
    const node = createRevocationNode(options);
    const onDefect = (error: unknown): never => {
      throw error;
    };
    const server = make({ node, metrics: new Metrics(), onDefect });
    await node.start();
    return { node, port: await listening(server), routes, seen: toldByHeaders, close: () => closed(server, node) };
  },
});

/** The gate asked by POST /check by a service that makes the HTTP answer of it itself, as one in another language would. */
export const checkAdapter = (name: string): Adapter => ({
  name,
  start: async (options) => {
    const gate = await gateAdapter(name).start(options);
    const service = createServer((request, response) => {
      const policies: Readonly<Record<string, object>> = {
        '/bounded': { stalenessMsMax: ROUTE_BOUND_MS },
        '/strict': { mode: 'strict' },
      };
      void askGate(gate.port, request.rawHeaders, policies[request.url ?? ''] ?? {}).then((answer) => {
        if (answer.outcome === 'pass') {
          response.end(JSON.stringify({ sub: answer.claims?.['sub'], verdict: answer.verdict }));
          return;
        }
        response.writeHead(answer.status ?? 500, answer.headers).end(JSON.stringify(answer.problem));
      });
    });
    const port = await listening(service);
    const close = async (): Promise<void> => {
      await new Promise((resolve) => service.close(resolve));
      await gate.close();
    };
    return { node: gate.node, port, routes: { me: '/me', bounded: '/bounded', strict: '/strict' }, close };
  },
});

interface CheckAnswer {
  readonly outcome: 'pass' | 'refuse';
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly verdict?: string;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly problem?: object;
}

async function askGate(port: number, rawHeaders: readonly string[], policy: object): Promise<CheckAnswer> {
  const authorization = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() === 'authorization' ? [name, rawHeaders[at + 1] ?? ''] : [],
  );
  return new Promise((resolve, reject) => {
    const headers = ['Host', 'gate', ...authorization];
    const sent = request(
      { port, host: '127.0.0.1', agent: false, method: 'POST', path: '/check', headers },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        answer.on('end', () => resolve(JSON.parse(body) as CheckAnswer));
      },
    );
    sent.on('error', reject).end(JSON.stringify(policy));
  });
}
