import { once } from 'node:events';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

const listens = async (port) => {
  const server = createServer();
  server.listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const { port: bound } = server.address();
  server.close();
  await once(server, 'close');
  return bound;
};

/** A port nobody listens on right now. */
export const freePort = async () => listens(0);

/**
 * `count` ports from `first` on: exactly those when `exact`, else the next free ones.
 * @throws when `exact` and one is taken
 */
export const portsFrom = async (first, count, exact) => {
  const ports = [];
  for (let port = first; ports.length < count && port < 65_536; port += 1) {
    if ((await listens(port)) !== undefined) ports.push(port);
    else if (exact) throw new Error(`port ${port} is taken: free it, or name another first port with --port`);
  }
  if (ports.length < count) throw new Error(`no ${count} free ports from ${first} on: name a lower one with --port`);
  return ports;
};
