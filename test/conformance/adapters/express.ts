import { createServer } from 'node:http';
import { revocation } from '@revocast/express';
import { createRevocationNode } from '@revocast/node';
import { type default as express, type Request, type Response } from 'express';
import { ROUTE_BOUND_MS, type Adapter } from '../world.js';
import { closed, listening, switchProtocols } from './sockets.js';

const seen = (request: Request, response: Response): void => {
  response.json({ sub: (request as { auth?: { sub?: string } }).auth?.sub, verdict: request.revocation?.verdict.kind });
};

/** `make` is the function of Express 4 or 5, `protect` ours or a broken one. */
export const expressAdapter = (name: string, make: typeof express, protect = revocation): Adapter => ({
  name,
  start: async (options) => {
    const node = createRevocationNode(options);
    const app = make();
    app.use(protect(node, { isPublic: ({ url }) => url === '/open' }));
    app.get('/me', seen);
    app.get('/open', (_request, response) => void response.send('open'));
    app.get('/bounded', protect(node, { stalenessMsMax: ROUTE_BOUND_MS }), seen);
    app.get('/strict', protect(node, { mode: 'strict' }), seen);
    app.get('/stream', (request, response) => {
      response.type('text/event-stream').write('event: begin\n\n');
      if (request.revocation) node.live.hold(response, request.revocation, () => void response.end('event: end\n\n'));
    });
    await node.start();
    const server = createServer(app);
    switchProtocols(server, node);
    const port = await listening(server);
    const plain = { me: '/me', open: '/open', bounded: '/bounded', strict: '/strict' };
    return {
      node,
      port,
      routes: { ...plain, stream: '/stream', socket: '/socket' },
      close: () => closed(server, node),
    };
  },
});
