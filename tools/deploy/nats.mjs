// Every shipped nats-server configuration, and what the chart would make of our values, against the real server.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { ensureNatsServer } from '../nats/index.mjs';
import { schemaProblems } from './kubernetes-schema.mjs';
import { readDocuments } from './kustomize.mjs';
import { configOf, renderNatsConf, shapeProblems } from './nats-chart.mjs';

/** Included by others, and nothing by themselves. */
const PARTS = ['tls.conf'];
const CERTIFICATES = 'libs/jetstream/test/fixtures/tls';

/** A value for each variable that any file names. */
function environmentFor(root, directory) {
  const url = (user, port) => JSON.stringify([`nats://${user}@127.0.0.1:${port}`]);
  return {
    NATS_STORE_DIR: join(directory, 'store'),
    NATS_SERVER_NAME: 'checked',
    POD_NAME: 'nats-0',
    NATS_ROUTES: url('route:password', 6222),
    NATS_HUB_URLS: url('leaf:password', 7422),
    NATS_LEAF_DOMAIN: 'west',
    NATS_TLS_CERT: join(root, CERTIFICATES, 'cert.pem'),
    NATS_TLS_KEY: join(root, CERTIFICATES, 'key.pem'),
    NATS_TLS_CA: join(root, CERTIFICATES, 'cert.pem'),
    ...Object.fromEntries(
      ['SERVICE', 'API_NODE', 'COMMANDS', 'ROUTE', 'LEAF', 'MIRRORS'].map((user) => [
        `NATS_${user}_PASSWORD`,
        'password',
      ]),
    ),
  };
}

function serverSays(binary, file, env) {
  const { status, stderr, stdout, error } = spawnSync(binary, ['-t', '-c', file], { env, encoding: 'utf8' });
  if (error) throw error;
  return status === 0 ? [] : [`${stderr}${stdout}`.trim()];
}

function fileProblems(root, binary, directory) {
  const env = environmentFor(root, directory);
  const folder = join(root, 'deploy/nats');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.conf') && !PARTS.includes(name))
    .flatMap((name) => serverSays(binary, join(folder, name), env).map((problem) => `deploy/nats/${name}: ${problem}`));
}

/** A server with TLS switched on, which no file does by itself. */
function tlsProblems(root, binary, directory) {
  const file = join(directory, 'with-tls.conf');
  writeFileSync(file, readFileSync(join(root, 'deploy/nats/tls.conf')));
  return serverSays(binary, file, environmentFor(root, directory)).map((problem) => `deploy/nats/tls.conf: ${problem}`);
}

/** Files of the pod that the configuration names, where the server can find them on this machine. */
function chartConf(values, root, directory) {
  const conf = join(directory, 'etc/nats-config/nats.conf');
  const accounts = join(directory, 'etc/nats-accounts/accounts.conf');
  for (const file of [conf, accounts]) mkdirSync(dirname(file), { recursive: true });
  writeFileSync(accounts, readFileSync(join(root, 'deploy/nats/accounts.conf')));
  const text = renderNatsConf(configOf(values))
    .replaceAll(/\/etc\/nats-certs\/\w+\/tls\.key/g, join(root, CERTIFICATES, 'key.pem'))
    .replaceAll(/\/etc\/nats-certs\/\w+\/(?:tls|ca)\.crt/g, join(root, CERTIFICATES, 'cert.pem'))
    .replace('"/data"', JSON.stringify(join(directory, 'store')));
  writeFileSync(conf, text);
  return conf;
}

/** The parts of the values that are pieces of Kubernetes objects, put where the chart would put them. */
function podOf({ container, podTemplate, promExporter, reloader }) {
  const env = Object.entries(container.env).map(([name, value]) => ({
    name,
    ...(typeof value === 'string' ? { value } : value),
  }));
  const image = `${container.image.repository ?? 'nats'}:${container.image.tag}`;
  const spread = Object.entries(podTemplate.topologySpreadConstraints ?? {});
  const added = ({ patch = [] }) => patch.map(({ value }) => value);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'nats' },
    spec: {
      ...podTemplate.merge?.spec,
      topologySpreadConstraints: spread.map(([topologyKey, more]) => ({ topologyKey, ...more })),
      volumes: added(podTemplate),
      containers: [
        { name: 'nats', image, env, volumeMounts: added(container), ...container.merge },
        { name: 'reloader', image, ...reloader?.merge },
        { name: 'exporter', image, ...promExporter?.merge },
      ],
    },
  };
}

async function chartProblems(root, binary, directory) {
  const file = 'deploy/kubernetes/nats/values.yaml';
  const [values] = readDocuments(join(root, file));
  const policies = readDocuments(join(root, 'deploy/kubernetes/nats/network-policies.yaml'));
  const objects = await Promise.all([podOf(values), ...policies].map((object) => schemaProblems(object)));
  const said = serverSays(binary, chartConf(values, root, directory), environmentFor(root, directory));
  return [...shapeProblems(values), ...objects.flat(), ...said].map((problem) => `${file}: ${problem}`);
}

export async function natsProblems(root) {
  const { path } = await ensureNatsServer({ log: () => undefined });
  const directory = mkdtempSync(join(tmpdir(), 'revocast-check-'));
  try {
    return [
      ...fileProblems(root, path, directory),
      ...tlsProblems(root, path, directory),
      ...(await chartProblems(root, path, directory)),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
