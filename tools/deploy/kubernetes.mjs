// What a schema cannot see in the manifests: selectors that select nothing, files that nobody mounts, settings that no app
// reads, pods that could be evicted together or hold rights that they do not need.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaProblems } from './kubernetes-schema.mjs';
import { resolveKustomization } from './kustomize.mjs';

const PATHS_OF_PODS = /^\/run\/revocast\//;

const isSubset = (labels, of) => Object.entries(labels).every(([name, value]) => of?.[name] === value);
const podsOf = (objects) => objects.filter(({ spec }) => spec?.template?.spec?.containers !== undefined);
const containersOf = ({ spec }) => [...spec.template.spec.containers, ...(spec.template.spec.initContainers ?? [])];

function containerProblems(container, grace) {
  const { name, image, resources, securityContext: security, lifecycle } = container;
  const wrong = [];
  if (!/:[^:/]+$/.test(image) || image.endsWith(':latest')) wrong.push(`image ${image} names no version`);
  for (const probe of ['readinessProbe', 'livenessProbe']) if (!container[probe]) wrong.push(`no ${probe}`);
  if (!resources?.requests?.cpu || !resources?.requests?.memory) wrong.push('no requests of cpu and memory');
  if (!resources?.limits?.memory) wrong.push('no limit of memory');
  if (security?.allowPrivilegeEscalation !== false) wrong.push('may gain privileges');
  if (security?.readOnlyRootFilesystem !== true) wrong.push('may write to its image');
  if (!security?.capabilities?.drop?.includes('ALL')) wrong.push('keeps capabilities');
  if ((lifecycle?.preStop?.sleep?.seconds ?? 0) * 2 > grace)
    wrong.push('preStop leaves too little of the grace period');
  return wrong.map((problem) => `container ${name}: ${problem}`);
}

function podProblems({ spec }) {
  const pod = spec.template.spec;
  const wrong = [];
  if (pod.securityContext?.runAsNonRoot !== true) wrong.push('may run as root');
  if (pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault') wrong.push('has no seccomp profile');
  if (pod.automountServiceAccountToken !== false) wrong.push('holds a token of the cluster');
  if (!pod.topologySpreadConstraints?.length) wrong.push('is not spread');
  if (!isSubset(spec.selector.matchLabels, spec.template.metadata.labels)) wrong.push('does not select its own pods');
  const grace = pod.terminationGracePeriodSeconds ?? 30;
  return [...wrong, ...pod.containers.flatMap((container) => containerProblems(container, grace))];
}

/** Probes and Services name ports; volumes and mounts name each other; environment names files below a mount. */
function wiringProblems({ spec }) {
  const pod = spec.template.spec;
  const volumes = new Set(
    [...(pod.volumes ?? []), ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)].map(
      ({ name }) => name,
    ),
  );
  return pod.containers.flatMap(({ name, ports = [], volumeMounts = [], env = [], ...container }) => {
    const wrong = volumeMounts
      .filter((mount) => !volumes.has(mount.name))
      .map((mount) => `mounts ${mount.name}, no volume`);
    const files = env.filter(({ value }) => PATHS_OF_PODS.test(value ?? ''));
    for (const { name: variable, value } of files) {
      if (!volumeMounts.some(({ mountPath }) => value.startsWith(`${mountPath}/`)))
        wrong.push(`${variable}: ${value} is below no mount`);
    }
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const port = container[probe]?.httpGet?.port;
      if (port !== undefined && !ports.some((one) => one.name === port))
        wrong.push(`${probe} asks port ${port}, which is not there`);
    }
    return wrong.map((problem) => `container ${name}: ${problem}`);
  });
}

function selectorProblems(object, pods) {
  const selector = {
    Service: () => object.spec.selector,
    PodDisruptionBudget: () => object.spec.selector.matchLabels,
    NetworkPolicy: () => object.spec.podSelector.matchLabels ?? {},
  }[object.kind]?.();
  if (selector === undefined) return [];
  const selected = pods.filter(({ spec }) => isSubset(selector, spec.template.metadata.labels));
  if (selected.length === 0) return ['selects no pod'];
  if (object.kind !== 'Service') return [];
  const ports = selected.flatMap((pod) => containersOf(pod)).flatMap((container) => container.ports ?? []);
  return object.spec.ports
    .filter(({ targetPort }) => typeof targetPort === 'string' && !ports.some(({ name }) => name === targetPort))
    .map(({ targetPort }) => `leads to port ${targetPort}, which no pod has`);
}

function referencesOf({ spec }) {
  const pod = spec.template.spec;
  const volumes = (pod.volumes ?? []).flatMap(({ configMap, secret }) => [
    ...(configMap ? [`ConfigMap ${configMap.name}`] : []),
    ...(secret ? [`Secret ${secret.secretName}`] : []),
  ]);
  const sources = containersOf({ spec }).flatMap(({ env = [], envFrom = [] }) => [
    ...envFrom.map(({ configMapRef, secretRef }) =>
      configMapRef ? `ConfigMap ${configMapRef.name}` : `Secret ${secretRef.name}`,
    ),
    ...env.flatMap(({ valueFrom }) => (valueFrom?.secretKeyRef ? [`Secret ${valueFrom.secretKeyRef.name}`] : [])),
  ]);
  return new Set([...volumes, ...sources]);
}

function environmentOf({ spec }, objects) {
  return containersOf({ spec }).flatMap(({ env = [], envFrom = [] }) => {
    const maps = envFrom.map(({ configMapRef }) =>
      objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef?.name),
    );
    return [...env.map(({ name }) => name), ...maps.flatMap((map) => Object.keys(map?.data ?? {}))];
  });
}

/** @param {object[]} objects @param {{ readme: string, settings: string }} documents */
export function ruleProblems(objects, { readme, settings }) {
  const pods = podsOf(objects);
  const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget');
  const there = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  return objects.flatMap((object) => {
    const wrong = selectorProblems(object, pods);
    if (pods.includes(object)) {
      wrong.push(...podProblems(object), ...wiringProblems(object));
      const { labels } = object.spec.template.metadata;
      if (!budgets.some(({ spec }) => isSubset(spec.selector.matchLabels, labels)))
        wrong.push('has no disruption budget');
      for (const reference of referencesOf(object)) {
        const [, name] = reference.split(' ');
        if (!there.has(reference) && !readme.includes(`\`${name}\``))
          wrong.push(`${reference} is neither here nor in the README`);
      }
      for (const name of environmentOf(object, objects)) {
        const isDocumented = [name, name.replace(/_FILE$/, '')].some((one) => settings.includes(`\`${one}\``));
        if (!isDocumented) wrong.push(`docs/settings.md does not know ${name}`);
      }
    }
    return wrong.map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`);
  });
}

export async function kubernetesProblems(root) {
  const documents = {
    readme: readFileSync(join(root, 'deploy/kubernetes/README.md'), 'utf8'),
    settings: readFileSync(join(root, 'docs/settings.md'), 'utf8'),
  };
  const overlays = join(root, 'deploy/kubernetes/overlays');
  const problems = [];
  for (const overlay of readdirSync(overlays).filter((name) =>
    existsSync(join(overlays, name, 'kustomization.yaml')),
  )) {
    const objects = resolveKustomization(join(overlays, overlay));
    const found = ruleProblems(objects, documents);
    for (const object of objects) {
      const wrong = await schemaProblems(object);
      found.push(...wrong.map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`));
    }
    problems.push(...found.map((problem) => `kubernetes, ${overlay}: ${problem}`));
  }
  return problems;
}
