import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Client, credentials, type Server } from '@grpc/grpc-js';
import { extAuthz, type ExtAuthz, type ExtAuthzParts } from '../../../apps/gate/src/ext-authz-grpc.js';
import {
  loadServices,
  type AuthorizationService,
  type CheckRequest,
  type CheckResponse,
} from '../../../apps/gate/src/grpc-messages.js';
import { createGrpcServer, listenGrpc, stopGrpc } from '../../../apps/gate/src/grpc-server.js';
import { createRevocationNode, type RevocationNode } from '@revocast/node';
import { ROUTE_BOUND_MS, type Adapter } from '../world.js';
import { closed, listening } from './sockets.js';

const raise = (error: unknown): never => {
  throw error;
};

/** What Envoy's configuration says of the routes. */
const EXTENSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/bounded': { stalenessMsMax: String(ROUTE_BOUND_MS) },
  '/strict': { mode: 'strict' },
};

export interface GrpcGate {
  readonly address: string;
  readonly ask: (request: CheckRequest) => Promise<CheckResponse>;
  close(): Promise<void>;
}

/** A gRPC server of its own for a node, and the one client of it. */
export async function aGrpcGate(
  node: RevocationNode,
  make: (parts: ExtAuthzParts) => ExtAuthz = extAuthz,
): Promise<GrpcGate> {
  const server = createGrpcServer({ node, check: make({ node, onMisconfigured: raise }), onDefect: raise });
  const address = await listenGrpc(server, '127.0.0.1', 0);
  const client = new Client(address, credentials.createInsecure());
  return { address, ask: asker(client), close: () => endGrpc(server, client) };
}

async function endGrpc(server: Server, client: Client): Promise<void> {
  client.close();
  await stopGrpc(server);
}

/** Asks as Envoy does. */
export function asker(client: Client): (request: CheckRequest) => Promise<CheckResponse> {
  const { path, requestSerialize, responseDeserialize }: AuthorizationService['Check'] =
    loadServices().authorization.Check;
  return (request) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
        if (error !== null || response === undefined) reject(error ?? new Error('no answer'));
        else resolve(response);
      });
    });
}

/** As with `encode_raw_headers`. */
const requestOf = ({ rawHeaders, url = '' }: IncomingMessage): CheckRequest => ({
  attributes: {
    request: { http: { headerMap: { headers: rawHeadersOf(rawHeaders) } } },
    ...(EXTENSIONS[url] && { contextExtensions: EXTENSIONS[url] }),
  },
});

const rawHeadersOf = (raw: readonly string[]) =>
  raw.flatMap((name, at) =>
    at % 2 === 0 ? [{ key: name.toLowerCase(), rawValue: Buffer.from(raw[at + 1] ?? '', 'latin1') }] : [],
  );

/** Does what Envoy does with an answer, with an API behind that says what it was told. */
function apply({ status, okResponse, deniedResponse }: CheckResponse, response: ServerResponse): void {
  if (status.code === 0) {
    const told = Object.fromEntries((okResponse?.headers ?? []).map(({ header: { key, value } }) => [key, value]));
    response.end(JSON.stringify({ sub: told['x-revocast-subject'], verdict: told['x-revocast-verdict'] }));
    return;
  }
  response.statusCode = deniedResponse?.status.code ?? 403;
  for (const { header } of deniedResponse?.headers ?? []) response.setHeader(header.key, header.value);
  response.end(deniedResponse?.body);
}

/** The gate asked over gRPC by a proxy. */
export const grpcAdapter = (name: string, make?: (parts: ExtAuthzParts) => ExtAuthz): Adapter => ({
  name,
  start: async (options) => {
    const node = createRevocationNode(options);
    const gate = await aGrpcGate(node, make);
    const proxy = createServer((request, response) => {
      gate.ask(requestOf(request)).then(
        (answer) => apply(answer, response),
        () => response.writeHead(403).end(),
      );
    });
    await node.start();
    const port = await listening(proxy);
    const close = async (): Promise<void> => {
      await gate.close();
      await closed(proxy, node);
    };
    return { node, port, routes: { me: '/me', bounded: '/bounded', strict: '/strict' }, close };
  },
});
