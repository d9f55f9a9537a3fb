// The values for the official NATS chart. The chart itself cannot be had from a package registry, so what its templates do
// with these values is repeated here as far as it decides whether a server starts: the members that chart 1.x knows, and
// the nats.conf that it writes of `config`, with its rules for `<< >>` and `$include`.
import { isMap } from './values.mjs';

const EXTENSION = { merge: 'any', patch: 'any' };
const TLS = { enabled: 'any', secretName: 'any', dir: 'any', cert: 'any', key: 'any', ca: 'any', ...EXTENSION };
const IMAGE = { repository: 'any', tag: 'any', pullPolicy: 'any', registry: 'any' };
const RESOURCE = { enabled: 'any', name: 'any', ...EXTENSION };
const PVC = { enabled: 'any', size: 'any', storageClassName: 'any', name: 'any', ...EXTENSION };
/** Members of values.yaml of chart 1.x that we could use. */
const SHAPE = {
  nameOverride: 'any',
  fullnameOverride: 'any',
  namespaceOverride: 'any',
  config: {
    cluster: { enabled: 'any', port: 'any', replicas: 'any', tls: TLS, ...EXTENSION },
    jetstream: {
      enabled: 'any',
      fileStore: { enabled: 'any', dir: 'any', pvc: PVC, maxSize: 'any' },
      memoryStore: { enabled: 'any', maxSize: 'any' },
      ...EXTENSION,
    },
    nats: { port: 'any', tls: TLS },
    leafnodes: { enabled: 'any', port: 'any', tls: TLS, ...EXTENSION },
    monitor: { enabled: 'any', port: 'any' },
    ...EXTENSION,
  },
  container: { image: IMAGE, ports: 'any', env: 'any', ...EXTENSION },
  reloader: { enabled: 'any', image: IMAGE, env: 'any', natsVolumeMountPrefixes: 'any', ...EXTENSION },
  promExporter: { enabled: 'any', image: IMAGE, port: 'any', env: 'any', podMonitor: RESOURCE, ...EXTENSION },
  service: { enabled: 'any', ports: 'any', name: 'any', ...EXTENSION },
  statefulSet: { name: 'any', ...EXTENSION },
  podTemplate: { configChecksumAnnotation: 'any', topologySpreadConstraints: 'any', ...EXTENSION },
  headlessService: { name: 'any', ...EXTENSION },
  podDisruptionBudget: RESOURCE,
  serviceAccount: RESOURCE,
  natsBox: { enabled: 'any' },
};

export function shapeProblems(values, shape = SHAPE, path = '') {
  return Object.entries(values).flatMap(([name, value]) => {
    const known = shape[name];
    if (known === undefined) return [`${path}${name} is no value of the chart`];
    return known === 'any' || !isMap(value) ? [] : shapeProblems(value, known, `${path}${name}.`);
  });
}

function mergeDeep(target, source = {}) {
  const merged = { ...target };
  for (const [name, value] of Object.entries(source)) {
    merged[name] = isMap(value) && isMap(merged[name]) ? mergeDeep(merged[name], value) : value;
  }
  return merged;
}

const tlsOf = ({ enabled, dir, merge } = {}, place) => {
  if (!enabled) return {};
  const path = dir ?? `/etc/nats-certs/${place}`;
  return { tls: mergeDeep({ cert_file: `${path}/tls.crt`, key_file: `${path}/tls.key` }, merge) };
};

/** The configuration as the chart would write it, as data. */
export function configOf({ config }) {
  const { cluster, jetstream, nats, leafnodes, merge } = config;
  const name = 'nats';
  const routes = Array.from(
    { length: cluster?.replicas ?? 3 },
    (_, n) => `${cluster?.tls?.enabled ? 'tls' : 'nats'}://${name}-${n}.${name}-headless:6222`,
  );
  const made = {
    server_name: '<< $POD_NAME >>',
    port: nats?.port ?? 4222,
    ...tlsOf(nats?.tls, 'nats'),
    http_port: 8222,
    ...(cluster?.enabled && {
      cluster: mergeDeep(
        { name, port: 6222, no_advertise: true, routes, ...tlsOf(cluster.tls, 'cluster') },
        cluster.merge,
      ),
    }),
    ...(leafnodes?.enabled && {
      leafnodes: mergeDeep({ port: 7422, no_advertise: true, ...tlsOf(leafnodes.tls, 'leafnodes') }, leafnodes.merge),
    }),
    ...(jetstream?.enabled && { jetstream: mergeDeep({ max_memory_store: 0, store_dir: '/data' }, jetstream.merge) }),
  };
  return mergeDeep(made, merge);
}

/** The text of nats.conf: strings in `<< >>` lose their quotes, and `x$include` becomes a directive. */
export function renderNatsConf(data) {
  const members = Object.entries(data).map(([name, value]) =>
    name.endsWith('$include') ? `include ${JSON.stringify(value)}` : `${JSON.stringify(name)}: ${renderValue(value)}`,
  );
  return `${members.join('\n')}\n`;
}

function renderValue(value) {
  if (Array.isArray(value)) return `[ ${value.map(renderValue).join(', ')} ]`;
  if (isMap(value)) return `{\n${renderNatsConf(value)}}`;
  const bare = typeof value === 'string' && /^<< (.*) >>$/.exec(value);
  return bare ? bare[1] : JSON.stringify(value);
}
