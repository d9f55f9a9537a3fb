// Resolves the kustomizations of this repository without kustomize: just what they use. Whatever else one names is an
// error here, never passed over; where kustomize itself is installed, check:deploy compares the two.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isMap } from './values.mjs';

const KNOWN = ['apiVersion', 'kind', 'namespace', 'resources', 'images', 'replicas', 'patches'];
const CLUSTER_SCOPED = ['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass', 'StorageClass'];
/** By what the entries of a list are told apart when a patch names one. Lists of plain values are replaced; the rest is refused. */
const MERGE_KEYS = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
};

export function readDocuments(file) {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'), { merge: true });
  const broken = documents.flatMap(({ errors }) => errors);
  if (broken.length > 0) throw new Error(`${file}: ${broken[0].message}`);
  return documents.map((document) => document.toJS()).filter((value) => value !== null);
}

function mergeLists(list, patch, key) {
  const patched = list.map((entry) => {
    const change = patch.find((one) => one[key] === entry[key]);
    return change === undefined ? entry : merge(entry, change);
  });
  return [...patched, ...patch.filter((one) => !list.some((entry) => entry[key] === one[key]))];
}

/** A strategic merge patch. */
function merge(target, patch) {
  const merged = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    const key = MERGE_KEYS[name];
    if (value === null) delete merged[name];
    else if (isMap(value) && isMap(merged[name])) merged[name] = merge(merged[name], value);
    else if (Array.isArray(value) && Array.isArray(merged[name]) && key)
      merged[name] = mergeLists(merged[name], value, key);
    else if (Array.isArray(merged[name]) && merged[name].some(isMap))
      throw new Error(`a patch of the list ${name}: tools/deploy/kustomize.mjs does not know how kustomize merges it`);
    else merged[name] = value;
  }
  return merged;
}

const isSame = (one, other) =>
  one.apiVersion === other.apiVersion && one.kind === other.kind && one.metadata.name === other.metadata.name;

function patchWith(objects, patch, where) {
  if (!objects.some((one) => isSame(one, patch))) {
    throw new Error(`${where}: patches ${patch.kind} ${patch.metadata?.name}, which is not there`);
  }
  return objects.map((one) => (isSame(one, patch) ? merge(one, patch) : one));
}

function withImages(object, images) {
  const spec = object.spec?.template?.spec;
  if (spec === undefined) return object;
  const containers = spec.containers.map((container) => {
    const [name, tag] = container.image.split(':');
    const image = images.find((one) => one.name === name);
    return image === undefined ? container : { ...container, image: `${image.newName ?? name}:${image.newTag ?? tag}` };
  });
  const { template } = object.spec;
  return { ...object, spec: { ...object.spec, template: { ...template, spec: { ...spec, containers } } } };
}

function transform(objects, { namespace, images = [], replicas = [] }) {
  return objects.map((object) => {
    const count = replicas.find(({ name }) => name === object.metadata.name && object.spec?.replicas !== undefined);
    const placed =
      namespace && !CLUSTER_SCOPED.includes(object.kind) ? merge(object, { metadata: { namespace } }) : object;
    return withImages(count ? merge(placed, { spec: { replicas: count.count } }) : placed, images);
  });
}

const objectsAt = (path) => (statSync(path).isDirectory() ? resolveKustomization(path) : readDocuments(path));

/** All objects of a kustomization, as `kustomize build` would print them, in another order. */
export function resolveKustomization(directory) {
  const file = join(directory, 'kustomization.yaml');
  if (!existsSync(file)) throw new Error(`${file} is missing`);
  const [kustomization] = readDocuments(file);
  const strange = Object.keys(kustomization).filter((key) => !KNOWN.includes(key));
  if (strange.length > 0) throw new Error(`${file}: tools/deploy/kustomize.mjs does not know ${strange.join(', ')}`);
  let objects = kustomization.resources.flatMap((path) => objectsAt(join(directory, path)));
  for (const { path, ...more } of kustomization.patches ?? []) {
    if (path === undefined || Object.keys(more).length > 0) throw new Error(`${file}: a patch is { path } here`);
    for (const patch of readDocuments(join(directory, path)))
      objects = patchWith(objects, patch, join(dirname(file), path));
  }
  return transform(objects, kustomization);
}
