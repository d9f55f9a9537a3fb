import { revocationPlugin } from '@revocast/fastify';
import { type RevocationNode } from '@revocast/node';
import { fastify, type FastifyInstance } from 'fastify';

export async function ordersApp(node: RevocationNode): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(revocationPlugin, { node });
  app.get('/health', { config: { revocation: { public: true } } }, () => 'up');
  app.get('/me', (request) => request.revocation?.claims);
  app.post('/payments', { config: { revocation: { stalenessMsMax: 15_000 } } }, () => 'paid');
  return app;
}
