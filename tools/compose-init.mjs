// npm run compose:init: makes every key and password that docker-compose.yml asks for, once; a second run keeps them.
import { randomBytes } from 'node:crypto';
import { access, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openHome } from './dev/home.mjs';

const root = join(import.meta.dirname, '..');
const envFile = join(root, '.env');
const home = await openHome(join(root, 'deploy/compose/secrets'));

// Begins with a letter: nats-server reads the value as configuration.
const password = () => `p${randomBytes(18).toString('hex')}`;
const users = ['NATS_SERVICE_PASSWORD', 'NATS_API_NODE_PASSWORD', 'NATS_COMMANDS_PASSWORD'];
const servers = ['nats-1', 'nats-2', 'nats-3'];

const environment = () => {
  const route = password();
  const routes = servers.map((server) => `nats://route:${route}@${server}:6222`);
  return {
    ...Object.fromEntries(users.map((name) => [name, password()])),
    NATS_ROUTE_PASSWORD: route,
    // nats-server reads the value as a list of its configuration language.
    NATS_ROUTES: `'${JSON.stringify(routes)}'`,
    REVOCAST_HASH_KEY: home.hashKey,
  };
};

const exists = (file) =>
  access(file).then(
    () => true,
    () => false,
  );
if (!(await exists(envFile))) {
  const lines = Object.entries(environment()).map(([name, value]) => `${name}=${value}`);
  await writeFile(envFile, `${lines.join('\n')}\n`, { mode: 0o600 });
}
// Read in the containers by an unprivileged user of another id; the folder itself stays private to its owner.
for (const file of [home.files.issuers, home.files.recordKeys, home.files.apiKeys, home.files.signingKey])
  await chmod(file, 0o644);
console.log(`Secrets are in .env and deploy/compose/secrets. API key: ${home.apiKey}\nNow: docker compose up --build`);
