import { revocationPlugin } from '@revocast/fastify';
import { createRevocationNode } from '@revocast/node';
import { fastify, type FastifyRequest } from 'fastify';
import { ROUTE_BOUND_MS, type Adapter } from '../world.js';
import { switchProtocols } from './sockets.js';

const seen = (request: FastifyRequest) => ({
  sub: (request as { user?: { sub?: string } }).user?.sub,
  verdict: request.revocation?.verdict.kind,
});

export const fastifyAdapter = (name: string, plugin = revocationPlugin): Adapter => ({
  name,
  start: async (options) => {
    const node = createRevocationNode(options);
    const app = fastify({ forceCloseConnections: true });
    await app.register(plugin, { node });
    app.get('/me', seen);
    app.get('/open', { config: { revocation: { public: true } } }, () => 'open');
    app.get('/bounded', { config: { revocation: { stalenessMsMax: ROUTE_BOUND_MS } } }, seen);
    app.get('/strict', { config: { revocation: { mode: 'strict' } } }, seen);
    app.get('/stream', (request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('event: begin\n\n');
      if (request.revocation) node.live.hold(reply.raw, request.revocation, () => void reply.raw.end('event: end\n\n'));
    });
    switchProtocols(app.server, node);
    await node.start();
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
    const plain = { me: '/me', open: '/open', bounded: '/bounded', strict: '/strict' };
    return {
      ...{ node, port, routes: { ...plain, stream: '/stream', socket: '/socket' } },
      close: async () => {
        await app.close();
        await node.close();
      },
    };
  },
});
