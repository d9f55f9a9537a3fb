import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { httpGuard, type RevocationNode } from '@revocast/node';

/** Lets a server switch to a protocol that says nothing, as a WebSocket library would once the guard has let the socket in. */
export function switchProtocols(server: Server, node: RevocationNode): void {
  const guard = httpGuard(node);
  server.on('upgrade', (request, socket) => {
    void guard.admitUpgrade(request, socket).then((caller) => {
      if (caller === undefined) return;
      socket.on('error', () => socket.destroy()).resume();
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      node.live.hold(socket, caller);
    });
  });
}

export const listening = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export async function closed(server: Server, node: RevocationNode): Promise<void> {
  await node.close();
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
