import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type RoutePolicy } from '@revocast/gate';
import { createRevocationNode, httpGuard, type Caller } from '@revocast/node';
import { ROUTE_BOUND_MS, type Adapter } from '../world.js';
import { closed, listening, switchProtocols } from './sockets.js';

const POLICIES: Readonly<Record<string, RoutePolicy>> = {
  '/bounded': { stalenessMsMax: ROUTE_BOUND_MS },
  '/strict': { mode: 'strict' },
};

export const bareAdapter = (name: string, protect = httpGuard): Adapter => ({
  name,
  start: async (options) => {
    const node = createRevocationNode(options);
    const guard = protect(node);
    const serve = ({ url }: IncomingMessage, response: ServerResponse, caller: Caller): void => {
      if (url !== '/stream') {
        response.end(JSON.stringify({ sub: caller.claims['sub'], verdict: caller.verdict.kind }));
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('event: begin\n\n');
      node.live.hold(response, caller, () => void response.end('event: end\n\n'));
    };
    const server = createServer((request, response) => {
      if (request.url === '/open') response.end('open');
      else {
        void guard
          .admit(request, response, POLICIES[request.url ?? ''])
          .then((caller) => caller && serve(request, response, caller));
      }
    });
    switchProtocols(server, node);
    await node.start();
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
