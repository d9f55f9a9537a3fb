// An app that knows nothing of tokens: nginx tells it who asks, and overwrites what a client sends under these names.
import { createServer } from 'node:http';

createServer(({ headers }, response) => {
  response.end(JSON.stringify({ sub: headers['x-revocast-subject'], verdict: headers['x-revocast-verdict'] }));
}).listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
