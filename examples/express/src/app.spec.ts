// No broker, no keys: the node is replaced by one that a test tells what is revoked.
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { type RevocationNode } from '@revocast/node';
import { TestRevocations } from '@revocast/node/testing';
import { ordersApp } from './app.js';

const serve = (node: RevocationNode): Promise<Server> => Promise.resolve(createServer(ordersApp(node)));

it('lets a good token in and refuses it once it is revoked', async () => {
  const revocations = new TestRevocations();
  const server = await serve(revocations.node);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = revocations.token({ sub: 'alice' });
  const get = (): Promise<Response> => fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
  try {
    const good = await get();
    expect([good.status, await good.json()]).toEqual([200, expect.objectContaining({ sub: 'alice' })]);
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    const refused = await get();
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token", error_description="The access token is revoked"',
    ]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  } finally {
    await revocations.node.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
