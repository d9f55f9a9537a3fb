import { ordersApp } from './app.js';
import { node, settings } from './node.js';

await node.start();
const app = await ordersApp(node);
await app.listen({ host: settings.host, port: settings.port });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void app.close().then(() => node.close()));
}
