import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ruleProblems } from './deploy/kubernetes.mjs';
import { schemaProblems } from './deploy/kubernetes-schema.mjs';
import { resolveKustomization } from './deploy/kustomize.mjs';
import { alertProblems, expressionProblems, knownMetrics, staleNames, unwatched } from './deploy/monitoring.mjs';
import { configOf, renderNatsConf, shapeProblems } from './deploy/nats-chart.mjs';

const overlay = join(import.meta.dirname, '../deploy/kubernetes/overlays/production');
const copyOf = (value) => JSON.parse(JSON.stringify(value));
const objectsOf = () => copyOf(resolveKustomization(overlay));
const pick = (objects, kind, name) => objects.find((one) => one.kind === kind && one.metadata.name === name);

describe('The schemas of Kubernetes', () => {
  it('accept what is shipped', async () => {
    for (const object of objectsOf()) expect(await schemaProblems(object)).toEqual([]);
  });

  it('refuse a wrong type, a missing member, a misspelt one anywhere, and a kind that nobody knows', async () => {
    const node = pick(objectsOf(), 'Deployment', 'api-node');
    const [container] = node.spec.template.spec.containers;
    container.livenesProbe = container.livenessProbe;
    container.ports[0].containerPort = '3001';
    delete node.spec.selector;
    const problems = await schemaProblems(node);
    expect(problems).toContain('/spec/template/spec/containers/0/livenesProbe is unknown');
    expect(problems.join('\n')).toMatch(/containerPort must be integer/);
    expect(problems.join('\n')).toMatch(/selector/);
    expect(await schemaProblems({ apiVersion: 'v1', kind: 'Sevice', metadata: {} })).toHaveLength(1);
    expect(await schemaProblems({ kind: 'Service' })).toHaveLength(1);
  });
});

describe('The rules for manifests', () => {
  const documents = async () => ({
    readme: await readFile(join(import.meta.dirname, '../deploy/kubernetes/README.md'), 'utf8'),
    settings: await readFile(join(import.meta.dirname, '../docs/settings.md'), 'utf8'),
  });
  /** What the rules say once `change` was made to the shipped objects. */
  const afterwards = async (change) => {
    const objects = objectsOf();
    change(objects);
    return ruleProblems(objects, await documents());
  };
  const node = (objects) => pick(objects, 'Deployment', 'api-node').spec.template;
  const container = (objects) => node(objects).spec.containers[0];

  it('pass what is shipped', async () => expect(await afterwards(() => undefined)).toEqual([]));

  it.each([
    [
      'a selector that selects nothing',
      (all) => (pick(all, 'Service', 'api-node').spec.selector = { app: 'x' }),
      /selects no pod/,
    ],
    [
      'a policy for nobody',
      (all) => (pick(all, 'NetworkPolicy', 'to-api-node').spec.podSelector = { matchLabels: { a: 'b' } }),
      /selects no pod/,
    ],
    ['pods that are not their own', (all) => (node(all).metadata.labels = {}), /does not select its own pods/],
    ['a port that is not there', (all) => (container(all).ports = []), /which is not there/],
    [
      'a Service to no port',
      (all) => (pick(all, 'Service', 'api-node').spec.ports[0].targetPort = 'web'),
      /no pod has/,
    ],
    ['a missing probe', (all) => delete container(all).readinessProbe, /no readinessProbe/],
    ['an image without a version', (all) => (container(all).image = 'api-node'), /names no version/],
    ['the newest image', (all) => (container(all).image = 'api-node:latest'), /names no version/],
    ['no memory limit', (all) => (container(all).resources.limits = {}), /no limit of memory/],
    ['root', (all) => (node(all).spec.securityContext.runAsNonRoot = false), /may run as root/],
    ['capabilities', (all) => delete container(all).securityContext.capabilities, /keeps capabilities/],
    ['a token of the cluster', (all) => delete node(all).spec.automountServiceAccountToken, /holds a token/],
    ['no time to end', (all) => (node(all).spec.terminationGracePeriodSeconds = 6), /too little of the grace/],
    ['a file below no mount', (all) => (container(all).volumeMounts = []), /is below no mount/],
    ['a mount of no volume', (all) => (node(all).spec.volumes = []), /no volume/],
    [
      'a Secret that nobody was told of',
      (all) => (node(all).spec.volumes.at(-1).secret.secretName = 'other'),
      /neither here nor in the README/,
    ],
    [
      'a setting that no app reads',
      (all) => container(all).env.push({ name: 'REVOCAST_MOOD', value: 'x' }),
      /does not know REVOCAST_MOOD/,
    ],
    [
      'no disruption budget',
      (all) => (pick(all, 'PodDisruptionBudget', 'api-node').spec.selector.matchLabels = { app: 'x' }),
      /has no disruption budget/,
    ],
  ])('find %s', async (_, change, problem) => expect((await afterwards(change)).join('\n')).toMatch(problem));
});

describe('The resolver of kustomizations', () => {
  let root;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'deploy-'));
    await cp(join(overlay, '../..'), root, { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));
  const production = () => join(root, 'overlays/production');
  const change = async (from, to) => {
    const file = join(production(), 'kustomization.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
  };

  it('sets namespace, image, replicas and the patched variable, and leaves the other variables', () => {
    const objects = resolveKustomization(production());
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['revocast']));
    const node = pick(objects, 'Deployment', 'api-node');
    expect(node.spec.replicas).toBe(6);
    expect(node.spec.template.spec.containers[0].image).toMatch(/^registry\.example\.com\/.*:0\.0\.0$/);
    const { env } = pick(objects, 'StatefulSet', 'revocation-service').spec.template.spec.containers[0];
    expect(env.filter(({ name }) => name === 'REVOCAST_EXPECTED')).toEqual([
      { name: 'REVOCAST_EXPECTED', value: '{"api-node":6}' },
    ]);
    expect(env.length).toBeGreaterThan(5);
  });

  it('refuses what it does not know, instead of passing over it', async () => {
    await change('patches:', 'commonLabels: { a: b }\npatches:');
    expect(() => resolveKustomization(production())).toThrow(/does not know commonLabels/);
  });

  it('refuses a patch of something that is not there', async () => {
    const file = join(production(), 'expected.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('name: revocation-service', 'name: gone'));
    expect(() => resolveKustomization(production())).toThrow(/which is not there/);
  });

  it('refuses a patch of a list that it could merge wrongly', async () => {
    const file = join(production(), 'expected.yaml');
    const text = (await readFile(file, 'utf8')).replace(
      '    spec:\n',
      '    spec:\n      topologySpreadConstraints: [{ maxSkew: 2 }]\n',
    );
    await writeFile(file, text);
    expect(() => resolveKustomization(production())).toThrow(/does not know how kustomize merges it/);
  });
});

describe('The check of alerts and dashboard', () => {
  const catalogue = {
    service: {
      log_state: { type: 'gauge', labels: { state: ['open', 'lost'] }, watched: 'alert' },
      seconds: { type: 'histogram', labels: {}, watched: 'dashboard' },
      nodes: { type: 'gauge', labels: { service: 'any' }, watched: 'alert' },
    },
  };
  const known = knownMetrics(catalogue);

  it.each([
    ['log_state{state="lost"} == 1', []],
    ['sum by (le) (rate(seconds_bucket[5m]))', []],
    ['max by (service) (nodes) > 0', []],
    ['max by (service', ['is no PromQL: max by (service']],
    ['', ['is no PromQL: ']],
    ['log_state{state=} == 1', ['is no PromQL: log_state{state=} == 1']],
    ['log_stat == 1', ['log_stat is exposed by no app']],
    ['seconds > 1', ['seconds is exposed by no app']],
    ['log_state{state=~"lost|gone"}', ['log_state never has state="gone"']],
    ['log_state{stat="lost"}', ['log_state has no label stat']],
    ['sum by (stat) (log_state)', ['groups by stat, which none of its metrics has']],
    ['{state="lost"}', ['selects without the name of a metric']],
  ])('says of %j: %j', (expression, problems) => expect(expressionProblems(expression, known)).toEqual(problems));

  const rule = (more = {}) => ({
    alert: 'RevocastLost',
    expr: 'log_state{state="lost"} == 1',
    labels: { severity: 'page' },
    annotations: { summary: 's', description: 'd', runbook: 'docs/runbook.md#it-is-lost', ...more },
  });
  const runbook = '# Runbook\n\n## It is lost\n\nAlert: `RevocastLost`.\n\n## Another\n\n`RevocastGone`\n';

  it('wants a section that names the alert, and no name of an alert that is none', () => {
    expect(alertProblems([rule()], known, runbook)).toEqual([]);
    const wrong = (link) => alertProblems([rule({ runbook: link })], known, runbook);
    expect(wrong('docs/runbook.md#nowhere')).toEqual(['RevocastLost: docs/runbook.md#nowhere is no section']);
    expect(wrong('docs/runbook.md#another')).toEqual([
      'RevocastLost: the section docs/runbook.md#another does not name it',
    ]);
    expect(wrong(undefined)).toHaveLength(1);
    expect(staleNames([rule()], runbook)).toEqual(['the runbook names RevocastGone, which is no alert']);
  });

  it('wants every metric watched as it is marked', () => {
    expect(unwatched(catalogue, new Set(['log_state', 'nodes']), new Set(['seconds']))).toEqual([]);
    expect(unwatched(catalogue, new Set(['seconds', 'nodes']), new Set(['log_state']))).toEqual([
      'service log_state: no alert looks at it',
      'service seconds: no panel shows it',
    ]);
  });
});

describe('The values for the NATS chart', () => {
  it('may only have members that the chart knows', () => {
    expect(shapeProblems({ config: { cluster: { enabled: true, merge: { any: 1 } } } })).toEqual([]);
    expect(shapeProblems({ config: { cluster: { replica: 3 } }, nats: {} })).toEqual([
      'config.cluster.replica is no value of the chart',
      'nats is no value of the chart',
    ]);
  });

  it('become a configuration in which << >> is bare and $include a directive', () => {
    const merge = { $include: './accounts.conf', token: '<< $TOKEN >>', jetstream: { sync_interval: 'always' } };
    const text = renderNatsConf(configOf({ config: { jetstream: { enabled: true }, merge } }));
    expect(text).toContain('include "./accounts.conf"');
    expect(text).toContain('"token": $TOKEN');
    expect(text).toContain('"sync_interval": "always"');
    expect(text).toContain('"server_name": $POD_NAME');
  });
});
