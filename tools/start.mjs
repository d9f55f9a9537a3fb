// npm start: nats-server, revocation service and API nodes on this machine, until Ctrl-C.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeAppEnvironment } from './dev/app-environment.mjs';
import { readArguments, wholeNumber } from './dev/arguments.mjs';
import { build } from './dev/build.mjs';
import { openFleet } from './dev/fleet.mjs';
import { DEV_ISSUER } from './dev/home.mjs';
import { portsFrom } from './dev/ports.mjs';

const usage = `npm start -- [--nodes 3] [--port 3000] [--data DIR] [--apps] [--json]
  --nodes N   how many API nodes (default 3)
  --port P    port of the service, the nodes follow; an error when one is taken (default 3000, else the next free ones)
  --data DIR  where keys and data are kept (default .revocast)
  --apps      apps of yours may join: writes DIR/app.env, which holds all that they need
  --json      one JSON line on stdout when everything is ready`;
const values = readArguments(usage, {
  nodes: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  apps: { type: 'boolean' },
  json: { type: 'boolean' },
});
const count = values.nodes === undefined ? 3 : wholeNumber('nodes', values.nodes, 1);
const first = values.port === undefined ? 3000 : wholeNumber('port', values.port, 1);
const dir = resolve(values.data ?? fileURLToPath(new URL('../.revocast', import.meta.url)));
const log = (line) => console.error(line);

/** REVOCAST_ISSUERS: JSON or the path of a JSON file; its issuers are added to the development issuers. */
const issuersFromEnvironment = () => {
  const given = process.env.REVOCAST_ISSUERS;
  if (!given) return [];
  const issuers = JSON.parse(existsSync(given) ? readFileSync(given, 'utf8') : given);
  return Array.isArray(issuers) ? issuers : [issuers];
};

const joining = (file) => `
An app of yours joins as the service orders, which observes and refuses nothing:

  node --env-file='${file}' dist/main.js
`;

const describe = (fleet, report) => `
Ready. Ctrl-C ends everything; keys and data stay in ${dir}

  service   ${report.service}   (API: ${report.service}/openapi.json)
  nodes     ${report.nodes.join('   ')}
  nats      ${report.nats}
  API key   ${report.apiKey}
${report.appEnv === undefined ? '' : joining(report.appEnv)}
Alice's phone logs in, and is let in:

  TOKEN=$(npm run -s token -- --sub alice --device phone-1${values.data === undefined ? '' : ` --data '${dir}'`})
  curl -s ${report.nodes[0]}/me -H "Authorization: Bearer $TOKEN"

The phone is lost. Kill it, on every node:

  curl -s ${report.service}/v1/revocations -H 'Authorization: Bearer ${report.apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '{"issuer":"${DEV_ISSUER}","scope":"device","deviceId":"phone-1","reason":"lost phone"}'
`;

const run = async () => {
  const moreIssuers = issuersFromEnvironment();
  await build();
  const [servicePort, ...nodePorts] = await portsFrom(first, count + 1, values.port !== undefined);
  if (servicePort !== first || nodePorts.at(-1) !== first + count) {
    log(`Some ports from ${first} on are taken; using ${[servicePort, ...nodePorts].join(', ')}`);
  }
  const stopping = new AbortController();
  const ended = new Promise((end) => stopping.signal.addEventListener('abort', end));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());
  const fleet = await openFleet({
    dir,
    servicePort,
    nodePorts,
    moreIssuers,
    withApps: values.apps,
    restart: true,
    log,
    signal: stopping.signal,
  });
  const report = {
    service: fleet.url,
    nodes: fleet.nodes.map((node) => node.url),
    apiKey: fleet.home.apiKey,
    nats: fleet.nats.url,
    pids: { service: fleet.service.pid, nodes: fleet.nodes.map(({ child }) => child.pid), nats: fleet.nats.pid },
  };
  if (values.apps) report.appEnv = await writeAppEnvironment(fleet);
  console.log(values.json ? JSON.stringify(report) : describe(fleet, report));
  await ended;
  log('Ending...');
  await fleet.close();
};

try {
  await run();
} catch (error) {
  if (error.name === 'AbortError') process.exit(0);
  console.error(`npm start failed: ${error.message}`);
  process.exitCode = 1;
}
