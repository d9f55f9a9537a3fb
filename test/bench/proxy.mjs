// What asking the gate costs a request behind a proxy: the same API behind the same nginx, with and without `auth_request`,
// behind Envoy, with `ext_authz` over HTTP, over gRPC and without, where there is an Envoy, and the gate alone as Envoy asks it
// over HTTP, beside the API alone. In turns, in one run.
//   npm run bench:proxy -- [--json] [--quick]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gateAdapter } from '../conformance/adapters/gate-app.ts';
import { aGrpcGate } from '../conformance/adapters/gate-grpc.ts';
import { listening } from '../conformance/adapters/sockets.ts';
import { findEnvoy } from '../proxy/envoy-binary.ts';
import { startEnvoy } from '../proxy/envoy.ts';
import { startNginx } from '../proxy/nginx.ts';
import { issuerWith } from './gate/issuer.mjs';
import { median, rounded } from './gate/measure.mjs';
import { recordBody, startBroker, until } from './gate/node.mjs';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
const { turns, ms, revocations, tokens } = values.quick
  ? { turns: 1, ms: 100, revocations: 1_000, tokens: 5 }
  : { turns: 9, ms: 1_000, revocations: 100_000, tokens: 500 };
const CONNECTIONS = 8;

async function ask(client, message) {
  client.send(message);
  const [answer] = await once(client, 'message');
  if (answer.failed > 0 || answer.requests === 0)
    throw new Error(`${answer.failed} of ${answer.requests} requests failed`);
  return answer;
}

async function openGate(issuer) {
  const broker = startBroker();
  for (let number = 0; number < revocations / 100; number += 1) broker.publish(recordBody(number, 100));
  const settings = { mode: 'strict', service: 'gate', nodeId: 'bench' };
  const gate = await gateAdapter('gate').start({ feed: broker.createFeed(), issuers: [issuer], ...settings });
  await until(() => gate.node.status().state === 'current');
  return gate;
}

const envoyPath = await findEnvoy().catch((error) => console.error(error.message));

async function startEnvoys(gate, apiPort) {
  if (envoyPath === undefined) return undefined;
  const grpcGate = await aGrpcGate(gate.node);
  const http = await startEnvoy('revocast', gate.port, apiPort);
  const grpc = await startEnvoy('revocast-grpc', Number(grpcGate.address.split(':')[1]), apiPort);
  const stop = async () => {
    await http.stop();
    await grpc.stop();
    await grpcGate.close();
  };
  const paths = {
    bareEnvoy: { port: http.port, path: '/open' },
    envoyHttp: { port: http.port, path: '/me' },
    envoyGrpc: { port: grpc.port, path: '/me' },
  };
  return { paths, stop };
}

const issuer = await issuerWith('ES256', tokens);
const gate = await openGate(issuer.input);
const api = createServer((_request, response) => void response.end('{"ok":true}'));
const apiPort = await listening(api);
const nginx = await startNginx(gate.port, apiPort);
const envoys = await startEnvoys(gate, apiPort);
const client = fork(join(import.meta.dirname, 'proxy-client.mjs'), { execArgv: [] });
const paths = {
  bareProxy: { port: nginx.port, path: '/open' },
  authRequest: { port: nginx.port, path: '/me' },
  api: { port: apiPort, path: '/me' },
  extAuthz: { port: gate.port, path: '/ext-authz/me' },
  ...envoys?.paths,
};
const names = Object.keys(paths);
const samples = Object.fromEntries(names.map((name) => [name, []]));
for (let turn = -1; turn < turns; turn += 1) {
  for (const name of turn % 2 === 0 ? names : names.toReversed()) {
    const load = { tokens: issuer.tokens.map(String), connections: CONNECTIONS, ms };
    const sample = await ask(client, { ...paths[name], ...load });
    if (turn >= 0) samples[name].push(sample);
  }
}
client.kill();
await nginx.stop();
await envoys?.stop();
api.closeAllConnections();
api.close();
await gate.close();

const summary = (name) => ({
  p50Micros: rounded(median(samples[name].map(({ p50 }) => p50))),
  p99Micros: rounded(median(samples[name].map(({ p99 }) => p99))),
});
const ratio = (name, bare, of) =>
  rounded(median(samples[name].map((sample, turn) => sample[of] / samples[bare][turn][of])));
const compared = (name, bare) => ({ p50: ratio(name, bare, 'p50'), p99: ratio(name, bare, 'p99') });
const result = {
  ...{ bench: 'proxy', node: process.version, connections: CONNECTIONS },
  ...Object.fromEntries(names.map((name) => [name, summary(name)])),
  authRequestToBareProxy: compared('authRequest', 'bareProxy'),
  extAuthzToApi: compared('extAuthz', 'api'),
  ...(envoys && {
    envoyHttpToBareEnvoy: compared('envoyHttp', 'bareEnvoy'),
    envoyGrpcToBareEnvoy: compared('envoyGrpc', 'bareEnvoy'),
  }),
};
console.log(values.json ? JSON.stringify(result) : result);
