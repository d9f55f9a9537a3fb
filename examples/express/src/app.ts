import { revocation } from '@revocast/express';
import { healthOf, type RevocationNode } from '@revocast/node';
import express, { type Express } from 'express';
import { verdicts } from './verdicts.js';

export function ordersApp(node: RevocationNode): Express {
  const app = express();
  app.get('/health', (_request, response) => void response.json({ ...healthOf(node.status()), verdicts }));
  app.use(revocation(node));
  app.get('/me', (request, response) => void response.json(request.revocation?.claims));
  app.post(
    '/payments',
    revocation(node, { stalenessMsMax: 15_000 }),
    (_request, response) => void response.send('paid'),
  );
  app.get('/stream', (request, response) => {
    response.type('text/event-stream').write('event: begin\n\n');
    if (request.revocation) node.live.hold(response, request.revocation, () => void response.end('event: end\n\n'));
  });
  return app;
}
