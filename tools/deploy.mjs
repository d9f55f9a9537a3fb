// npm run check:deploy: everything under deploy/ without a cluster, a Prometheus or a network, in seconds. NATS
// configurations on the real server, manifests against the schemas of Kubernetes and our own rules, alerts and dashboard
// against the metrics that the apps expose. Where kustomize or promtool is installed they are asked too, and it says
// whether they were.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { kubernetesProblems } from './deploy/kubernetes.mjs';
import { resolveKustomization } from './deploy/kustomize.mjs';
import { monitoringProblems } from './deploy/monitoring.mjs';
import { natsProblems } from './deploy/nats.mjs';
import { isMap } from './deploy/values.mjs';
import { report } from './source-files.mjs';

const root = dirname(import.meta.dirname);

/** Undefined when it is not installed. */
function ask(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error?.code === 'ENOENT') return undefined;
  if (error) throw error;
  return status === 0 ? { output: stdout } : { output: stdout, failure: `${stdout}${stderr}`.trim() };
}

/** In one order, for kustomize has its own. Only `env`, `volumes` and such are lists of maps, where the order says nothing. */
function inOrder(value) {
  if (Array.isArray(value)) {
    const entries = value.map(inOrder);
    return entries.every(isMap) ? entries.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : entries;
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, inOrder(value[name])]),
  );
}

function kustomizeProblems(overlay) {
  const path = join('deploy/kubernetes/overlays', overlay);
  const built = ask('kustomize', ['build', path]);
  if (built === undefined) return undefined;
  if (built.failure) return [`kustomize, ${overlay}: ${built.failure}`];
  const theirs = inOrder(parseAllDocuments(built.output).map((document) => document.toJS()));
  const isSame = isDeepStrictEqual(theirs, inOrder(resolveKustomization(join(root, path))));
  return isSame ? [] : [`kustomize, ${overlay}: builds other objects than tools/deploy/kustomize.mjs`];
}

function promtoolProblems() {
  const runs = [
    ['check', 'rules', 'deploy/monitoring/alerts.yaml'],
    ['test', 'rules', 'deploy/monitoring/alerts.test.yaml'],
  ].map((args) => ask('promtool', args));
  if (runs.includes(undefined)) return undefined;
  return runs.flatMap(({ failure }) => (failure ? [`promtool: ${failure}`] : []));
}

const overlays = readdirSync(join(root, 'deploy/kubernetes/overlays'));
const tools = { promtool: promtoolProblems(), kustomize: overlays.map(kustomizeProblems) };
const isInstalled = { promtool: tools.promtool !== undefined, kustomize: !tools.kustomize.includes(undefined) };
const said = Object.entries(isInstalled).map(([name, is]) => `${name} ${is ? 'agrees' : 'not installed, not asked'}`);

const problems = [
  ...(await natsProblems(root)),
  ...(await kubernetesProblems(root)),
  ...monitoringProblems(root),
  ...(tools.promtool ?? []),
  ...tools.kustomize.flatMap((found) => found ?? []),
];
report('deploy', problems, said.join(', '));
