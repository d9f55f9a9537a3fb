import { ordersApp } from './app.js';
import { node, settings } from './node.js';

await node.start();
const server = ordersApp(node).listen(settings.port, settings.host);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    node.live.closeAll();
    server.close(() => void node.close());
    server.closeIdleConnections();
  });
}
