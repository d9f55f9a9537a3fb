import { createServer, type Server } from 'node:http';
import { healthOf, httpGuard, type RevocationNode } from '@revocast/node';
import { verdicts } from './verdicts.js';

export function ordersServer(node: RevocationNode): Server {
  const guard = httpGuard(node);
  const server = createServer((request, response) => {
    if (request.url === '/health') return void response.end(JSON.stringify({ ...healthOf(node.status()), verdicts }));
    void guard.admit(request, response).then((caller) => caller && response.end(JSON.stringify(caller.claims)));
  });
  server.on('upgrade', (request, socket) => {
    void guard.admitUpgrade(request, socket).then((caller) => {
      if (caller === undefined) return;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      node.live.hold(socket, caller);
    });
  });
  return server;
}
