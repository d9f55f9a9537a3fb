import { revocationPlugin } from '@revocast/fastify';
import { healthOf, type RevocationNode } from '@revocast/node';
import { fastify, type FastifyInstance } from 'fastify';
import { verdicts } from './verdicts.js';

export async function ordersApp(node: RevocationNode): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(revocationPlugin, { node });
  app.get('/health', { config: { revocation: { public: true } } }, () => ({ ...healthOf(node.status()), verdicts }));
  app.get('/me', (request) => request.revocation?.claims);
  app.post('/payments', { config: { revocation: { stalenessMsMax: 15_000 } } }, () => 'paid');
  return app;
}
