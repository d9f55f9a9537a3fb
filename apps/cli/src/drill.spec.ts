import { describe, expect, it } from '@jest/globals';
import { CANARY_PREFIX as PREFIX_OF_NODES } from '@revocast/core';
import { stage } from '../test/stage.js';
import { CANARY_PREFIX } from './drill.js';

const DRILL = ['drill', '--issuer', 'i'];
const applied = [
  { instance: 'a', afterMs: 10 },
  { instance: 'b', afterMs: 30 },
];
const revoked = (parts: object = {}) => ({
  status: 201,
  body: {
    id: 'r1',
    state: 'published',
    propagation: { state: 'enforced', nodes: 2, applied: 2, appliedNodes: applied, ...parts },
  },
});
const node = (instance: string, outcome: string | undefined, parts: object = {}) => ({
  ...{ service: 's', node: `n-${instance}`, instance, state: 'current' },
  ...(outcome !== undefined && {
    canaries: [
      { revocationId: 'r0', outcome: 'refused' },
      { revocationId: 'r1', outcome },
    ],
  }),
  ...parts,
});
const fleet = (...nodes: object[]) => ({ status: 200, body: { nodes } });
/** Enough answers for every poll. */
const always = (...nodes: object[]) => Array.from({ length: 60 }, () => fleet(...nodes));

describe('a drill', () => {
  it('passes when every node has refused the canary, and tells the times', async () => {
    const { said, sent, run } = stage([revoked(), fleet(node('a', 'refused'), node('b', 'refused'))]);
    expect(await run(...DRILL)).toBe(0);
    expect(said.out).toContain('r1 refused by all: 2 of 2 nodes, ms p50 10 p99 30 max 30');
    expect(said.out).toMatch(/n-b +refused +30/);
    expect(sent[0]?.headers['prefer']).toBe('wait=5');
    expect(CANARY_PREFIX).toBe(PREFIX_OF_NODES);
  });

  it.each([
    ['accepted', 'accepted', {}],
    ['unproven', 'unproven', {}],
    ['nothing', undefined, {}],
    ['silent', undefined, { state: 'silent' }],
  ])(
    'fails for a node that acknowledges and shows %s, although it is called enforced',
    async (word, outcome, parts) => {
      const { said, run } = stage([revoked(), ...always(node('a', 'refused'), node('b', outcome, parts))]);
      expect(await run(...DRILL)).toBe(3);
      expect(said.out).toContain('NOT REFUSED BY ALL: 1 of 2');
      expect(said.out).toContain(`s/n-b ${word}: `);
    },
  );

  it('waits for a heartbeat that comes after the proof, and passes over who is gone', async () => {
    const gone = node('c', undefined, { state: 'presumedGone' });
    const late = [
      fleet(node('a', 'refused'), node('b', undefined)),
      fleet(node('a', 'refused'), node('b', 'refused'), gone),
    ];
    expect(await stage([revoked(), ...late]).run(...DRILL)).toBe(0);
  });

  it('fails without a node, for one that is too slow or whose time nobody knows, and for what is not enforced', async () => {
    const both = [node('a', 'refused'), node('b', 'refused')];
    expect(await stage([revoked(), ...always()]).run(...DRILL)).toBe(3);
    const slow = { appliedNodes: [applied[0], { instance: 'b', afterMs: 1_001 }] };
    expect(await stage([revoked(slow), fleet(...both)]).run(...DRILL, '--within', '1')).toBe(3);
    expect(await stage([revoked({ appliedNodes: [applied[0]] }), fleet(...both)]).run(...DRILL)).toBe(3);
    const excepted = revoked({ state: 'enforcedExcept' });
    const answers = Array.from({ length: 60 }, () => [fleet(...both), excepted]).flat();
    expect(await stage([excepted, ...answers]).run(...DRILL)).toBe(3);
  });

  it('counts nodes that the service left out of its times as faster than those it named', async () => {
    const all = Array.from({ length: 300 }, (_, at) => node(String(at), 'refused'));
    const appliedNodes = Array.from({ length: 256 }, (_, at) => ({ instance: String(at), afterMs: 20 }));
    expect(await stage([revoked({ appliedNodes }), fleet(...all)]).run(...DRILL)).toBe(0);
    expect(await stage([revoked({ appliedNodes: appliedNodes.slice(1) }), fleet(...all)]).run(...DRILL)).toBe(3);
  });

  it('goes on over an outage with --every, and ends with 3', async () => {
    const down = [1, 2, 3].map(() => new TypeError('fetch failed'));
    const good = [revoked(), fleet(node('a', 'refused'), node('b', 'refused'))];
    const { said, run } = stage([...good, ...down, ...good]);
    expect(await run(...DRILL, '--every', '1', '--count', '3', '--json')).toBe(3);
    const lines = said.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { passed: true },
      { passed: false },
      { passed: true },
      { done: true, passed: 2, failed: 1 },
    ]);
  });

  it('stops for a key that is refused, and takes no nonsense', async () => {
    const refusal = { status: 403, body: { code: 'ERR_FORBIDDEN' } };
    expect(await stage([refusal]).run(...DRILL, '--every', '1', '--count', '3')).toBe(4);
    for (const wrong of [['drill'], [...DRILL, '--count', '2'], [...DRILL, '--within', '61']])
      expect(await stage([]).run(...wrong)).toBe(2);
  });

  it('revokes nothing in a dry run', async () => {
    const { sent, run } = stage([{ status: 200, body: { nodes: [1, 2] } }]);
    expect(await run(...DRILL, '--dry-run')).toBe(0);
    expect(sent.map(({ url }) => url)).toEqual(['http://service.test/base/v1/revocations/preview']);
  });
});
