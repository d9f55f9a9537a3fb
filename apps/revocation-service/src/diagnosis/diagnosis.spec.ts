import { describe, expect, it } from '@jest/globals';
import { type EpochMs, epochMs, type IssuerCoverage, type NodeView, sequence, settingsDigest } from '@revocast/core';
import { createGate, issuerSettings, parseIssuers } from '@revocast/gate';
import { type LogInspection } from '@revocast/jetstream';
import { ManualTime } from '@revocast/testing';
import { brokerFindings } from './broker-findings.js';
import { clockFinding, offMs } from './clock-finding.js';
import { Diagnosis } from './diagnosis.js';
import { type Finding, worstOf } from './finding.js';
import { issuerFindings } from './issuer-findings.js';
import { nodeFindings } from './node-findings.js';

const ISSUER = 'https://id.example';
const levels = (findings: readonly Finding[]): Readonly<Record<string, string>> =>
  Object.fromEntries(findings.filter(({ level }) => level !== 'ok').map(({ code, level }) => [code, level]));

const covering = (parts: Partial<IssuerCoverage> = {}): IssuerCoverage => ({
  ...{ issuer: ISSUER, scopes: ['subject'], settingsDigest: 'd', tokens: 0, seen: {} },
  ...parts,
});
const aNode = (parts: Partial<NodeView> = {}): NodeView => ({
  ...{ node: 'n1', instance: 'i1', service: 'payments', version: '1', epoch: 'e1', watermark: sequence(1) },
  ...{ identity: 'r1', state: 'current', followerState: 'current', mode: 'strict', stalenessMsMax: 1, stalenessMs: 0 },
  ...{ issuers: [covering()], liveEntries: 0, guarded: true, lag: 0, silentMs: 0 },
  ...{ firstHeardAt: epochMs(0), lastHeardAt: epochMs(0) },
  ...parts,
});
const fleet = (nodes: readonly NodeView[], missing = {}): Readonly<Record<string, string>> =>
  levels(nodeFindings({ nodes, missing, digests: new Map([[ISSUER, 'd']]), clocks: [] }));

describe('what is said of the fleet', () => {
  it('finds nothing wrong with nodes that enforce everything', () => {
    expect(fleet([aNode(), aNode({ node: 'n2' })])).toEqual({});
  });

  it.each<[string, string, Partial<NodeView>]>([
    ['nodes.unguarded', 'failure', { guarded: false }],
    ['nodes.settings', 'failure', { issuers: [covering({ settingsDigest: 'other' })] }],
    ['nodes.weakerMode', 'warning', { mode: 'observe' }],
    ['nodes.weakerMode', 'warning', { mode: 'bestEffort' }],
    ['nodes.notCurrent', 'warning', { state: 'lagging' }],
    ['nodes.notCurrent', 'warning', { followerState: 'failed' }],
    ['nodes.silent', 'warning', { state: 'presumedGone' }],
    ['nodes.localFile', 'warning', { localFile: { entries: 0, broken: true } }],
    ['nodes.differ', 'warning', { version: '2' }],
    ['nodes.differ', 'warning', { stalenessMsMax: 2 }],
    ['nodes.differ', 'warning', { issuers: [] }],
  ])('finds %s, a %s, in %j', (code, level, parts) => {
    const found = fleet([aNode(), aNode({ node: 'n2', ...parts })]);
    expect(found).toMatchObject({ [code]: level });
  });

  it('fails without a node, and for one that is expected; a silent one is no node that is heard', () => {
    expect(fleet([])).toEqual({ 'nodes.heard': 'failure' });
    expect(fleet([aNode({ state: 'silent' })])).toMatchObject({ 'nodes.heard': 'failure' });
    expect(fleet([aNode()], { orders: 2, payments: 0 })).toEqual({ 'nodes.missing': 'failure' });
  });

  it('lets different services have different bounds and issuers', () => {
    expect(fleet([aNode(), aNode({ service: 'orders', stalenessMsMax: 9, issuers: [], version: '2' })])).toEqual({});
  });
});

describe('what is said of clocks', () => {
  const reading = (at: number, from: number, to: number) => ({ name: 'n', at, asked: [from, to] as const });

  it('blames no clock for the time that a question took', () => {
    expect(offMs(reading(500, 0, 1_000))).toBe(0);
    expect(offMs(reading(-7, 0, 1_000))).toBe(-7);
    expect(offMs(reading(1_009, 0, 1_000))).toBe(9);
  });

  it('warns of seconds and fails for a minute, ahead or behind', () => {
    const level = (at: number) => clockFinding('c', [reading(at, 0, 0)]).level;
    expect([0, 2_000, 2_001, -2_001, 60_001, -60_001].map(level)).toEqual([
      ...(['ok', 'ok', 'warning', 'warning', 'failure', 'failure'] as const),
    ]);
  });
});

describe('what is said of the broker', () => {
  const inspection: LogInspection = {
    ...{ brokerVersion: '2.12.0', brokerTime: epochMs(0), asked: [epochMs(0), epochMs(0)], drift: [], lacking: [] },
  };
  const broker = (changes: Partial<LogInspection> | undefined, ticksMissed = false) =>
    levels(
      brokerFindings({
        readiness: { reasons: [], warnings: [] },
        inspection: changes && { ...inspection, ...changes },
        ticksMissed,
      }),
    );

  it('finds drift, lacking rights, missed ticks, a clock that is off, and a log that does not answer', () => {
    expect(broker({})).toEqual({});
    expect(broker({ drift: ['discard is "old"'] })).toEqual({ 'broker.stream': 'failure' });
    expect(broker({ lacking: ['publish x'] })).toEqual({ 'broker.rights': 'failure' });
    expect(broker({ brokerTime: epochMs(5_000) })).toEqual({ 'clocks.broker': 'warning' });
    expect(broker({ brokerTime: undefined }, true)).toEqual({ 'broker.ticks': 'failure' });
    expect(broker(undefined)).toEqual({ 'broker.log': 'failure' });
  });

  it('takes the reasons of the service for failures and its warnings for warnings', () => {
    const readiness = { reasons: [{ code: 'a', detail: '' }], warnings: [{ code: 'b', detail: '' }] };
    expect(levels(brokerFindings({ readiness, inspection, ticksMissed: false }))).toEqual({
      'service.a': 'failure',
      'service.b': 'warning',
    });
  });
});

describe('what is said of issuers', () => {
  const [config] = parseIssuers([{ issuer: ISSUER, audience: 'api', secret: 's'.repeat(32), algorithms: ['HS256'] }]);
  if (config === undefined) throw new Error('no issuer');
  const settings = issuerSettings(config);
  const about = (reports: readonly IssuerCoverage[], keysMissing = false) =>
    levels(issuerFindings([{ settings, keysMissing }], reports));
  const all = { token: 5, session: 5, subject: 5, client: 5, grant: 5, device: 5 };

  it('warns of claims that no token really carries, by the nodes’ own counts, summed up', () => {
    expect(about([covering({ tokens: 5, seen: all })])).toEqual({});
    expect(about([covering({ tokens: 5, seen: { ...all, token: 0 } })])).toEqual({ 'claims.seen': 'warning' });
    expect(about([covering({ tokens: 5, seen: all }), covering({ tokens: 9, seen: {} })])).toEqual({});
    expect(about([covering()])).toEqual({ 'claims.seen': 'warning' });
    expect(about([])).toEqual({ 'claims.issuer': 'warning' });
    expect(about([covering({ tokens: 5, seen: all })], true)).toEqual({ 'issuers.keys': 'failure' });
  });
});

describe('a diagnosis', () => {
  const clock = new ManualTime();
  const source = {
    find: () => undefined,
    freshness: () => ({ fresh: false, because: 'stale', everCurrent: true }) as const,
  };

  it('asks once for several callers, tells issuers whose keys cannot be had, and asks of no other', async () => {
    const asked: string[] = [];
    const keyed = { audience: 'api', algorithms: ['ES256'] };
    const configs = parseIssuers([
      { issuer: ISSUER, ...keyed, jwksUri: 'https://keys.example/down' },
      { issuer: `${ISSUER}/2`, audience: 'api', secret: 's'.repeat(32), algorithms: ['HS256'] },
    ]);
    const gate = createGate({
      ...{ issuers: configs, source, mode: 'strict', clock },
      fetch: (url) => {
        asked.push(url instanceof Request ? url.url : url.toString());
        return Promise.reject(new Error('down'));
      },
    });
    const known = configs.map((config) => {
      const settings = issuerSettings(config);
      return { config, settings, declaredAs: settings };
    });
    const node = aNode({
      issuers: known.map(({ settings }) =>
        covering({ issuer: settings.issuer, settingsDigest: settingsDigest(settings) }),
      ),
    });
    const diagnosis = new Diagnosis({
      publisher: { locate: () => Promise.resolve(undefined), inspect: () => Promise.reject(new Error('not asked')) },
      health: { readiness: () => ({ reasons: [], warnings: [] }) as never },
      fleet: { nodes: () => [node], missing: () => ({}), coverage: () => node.issuers, clocks: () => [] },
      issuers: { all: () => known },
      trust: { gate: () => gate },
      ticksMissed: () => false,
      clock: { wall: (): EpochMs => clock.wall(), monotonic: () => clock.monotonic() },
    });
    const [one, two] = await Promise.all([diagnosis.run(), diagnosis.run()]);
    expect(two).toBe(one);
    expect(asked).toEqual(['https://keys.example/down']);
    expect(one.findings.find(({ code }) => code === 'issuers.keys')?.seen).toContain(`${ISSUER}.`);
    expect(one).toMatchObject({ worst: 'failure' });
    expect(worstOf([])).toBe('ok');
  });
});
