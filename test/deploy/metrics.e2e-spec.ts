import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type StartedNode, startNode } from '../../apps/api-node/test/support.js';
import { type RunningService, startService } from '../../apps/revocation-service/test/support/running-service.js';
import { Deployment, ISSUER } from '../../apps/revocation-service/test/support/settings.js';
import { TestNode } from '../../apps/revocation-service/test/support/test-node.js';

// Alerts, dashboard and runbook are checked against deploy/monitoring/metrics.json (tools/deploy). Here that file is held
// to what the running apps expose, in both directions: a metric that was renamed cannot leave an alert that never fires.

interface Described {
  readonly type: string;
  /** The values that a label can have, if they are few and all are always there; else `any`. */
  readonly labels: Readonly<Record<string, readonly string[] | 'any'>>;
}
type Catalogue = Readonly<Record<string, Described>>;

const catalogueOf = async (app: 'service' | 'node'): Promise<Catalogue> => {
  const text = await readFile(resolve('deploy/monitoring/metrics.json'), 'utf8');
  const described = (JSON.parse(text) as Record<string, Catalogue>)[app] ?? {};
  return Object.fromEntries(Object.entries(described).map(([name, { type, labels }]) => [name, { type, labels }]));
};

/** Our own metrics in a scrape, described as the catalogue does; `le` belongs to the format. */
function exposed(text: string, catalogue: Catalogue): Catalogue {
  const types = [...text.matchAll(/^# TYPE (revocast_\w+) (\w+)$/gm)];
  return Object.fromEntries(
    types.map(([, name = '', type = '']) => {
      const samples = labelsOf(text, name);
      const labels = [...new Set(samples.map(({ label }) => label))].map((label) => {
        const values = samples.filter((sample) => sample.label === label).map(({ value }) => value);
        const isOpen = catalogue[name]?.labels[label] === 'any';
        return [label, isOpen ? ('any' as const) : [...new Set(values)]] as const;
      });
      return [name, { type, labels: Object.fromEntries(labels) }];
    }),
  );
}

interface Sample {
  readonly label: string;
  readonly value: string;
}

const labelsOf = (text: string, name: string): readonly Sample[] =>
  [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'))]
    .flatMap(([, inside = '']) => [...inside.matchAll(/(\w+)="([^"]*)"/g)])
    .map(([, label = '', value = '']) => ({ label, value }))
    .filter(({ label }) => label !== 'le');

describe('The metrics that alerts and dashboard are built on', () => {
  const deployment = new Deployment();
  let nats: TestNats;
  let running: RunningService;
  let follower: TestNode;
  let node: StartedNode;

  beforeAll(async () => {
    nats = await startTestNats();
    const expected = { REVOCAST_EXPECTED: '{"payments":1,"orders":2}' };
    running = await startService(await deployment.environment(nats.url, expected));
    await running.ready();
    follower = await TestNode.start(deployment, nats.url, 'node-1');
    await running.hears('node-1');
    node = await startNode();
    node.openEpoch();
  }, 60_000);
  afterAll(async () => {
    await node.app.close();
    await follower.vanish();
    await running.close();
    await nats.dispose();
  });

  it('are exactly those of the service', async () => {
    await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice' });
    const { text } = await running.api.get('/metrics', { key: null });
    const catalogue = await catalogueOf('service');
    expect(exposed(text, catalogue)).toEqual(catalogue);
  });

  it('are exactly those of an API node', async () => {
    await node.get('/me', await node.key.token());
    const catalogue = await catalogueOf('node');
    expect(exposed(await (await node.get('/metrics')).text(), catalogue)).toEqual(catalogue);
  });

  it('say which expected nodes are missing, that the log is open, and every other state with 0', async () => {
    await eventually(async () => {
      const { text } = await running.api.get('/metrics', { key: null });
      const lines = text.split('\n');
      for (const line of [
        'revocast_nodes_missing{service="payments"} 0',
        'revocast_nodes_missing{service="orders"} 2',
        'revocast_log_state{state="open"} 1',
        'revocast_log_state{state="logLost"} 0',
        'revocast_nodes{state="current"} 1',
        'revocast_nodes{state="silent"} 0',
        'revocast_other_epoch_in_fleet 0',
        'revocast_live_entries_max 5000000',
      ]) {
        expect(lines).toContain(line);
      }
    });
  });
});
