import { describe, expect, it } from '@jest/globals';
import { type IssuerCoverage } from '@revocast/core';
import { fleetWarnings } from './fleet-warnings.js';

const ISSUER = 'https://id.example';
const covering = (issuer: string): IssuerCoverage => ({
  ...{ issuer, scopes: ['subject'], settingsDigest: 'd', tokens: 0, seen: {} },
});
type Node = Parameters<typeof fleetWarnings>[0][number];
const aNode = (parts: Partial<Node> = {}): Node => ({
  ...{ node: 'n1', state: 'current', guarded: true, mode: 'strict', issuers: [covering(ISSUER)] },
  ...parts,
});
const codes = (nodes: readonly Node[], issuers = [ISSUER]) => fleetWarnings(nodes, issuers).map(({ code }) => code);

describe('the readiness of the service', () => {
  it('has nothing to warn of while every issuer is known to a node whose guard is in use', () => {
    expect(fleetWarnings([aNode(), aNode({ node: 'n2', issuers: [] })], [ISSUER])).toEqual([]);
  });

  it('D16: warns of an issuer that no node knows, such as one with a slash too many', () => {
    expect(fleetWarnings([aNode({ issuers: [covering(`${ISSUER}/`)] })], [ISSUER])).toEqual([
      {
        code: 'issuersWithoutNodes',
        detail: `No node accepts tokens of these issuers, so revocations of them hit nothing: ${ISSUER}.`,
      },
    ]);
  });

  it('D16: warns of nodes that have the module and no guard', () => {
    expect(codes([aNode(), aNode({ guarded: false })])).toEqual(['unguardedNodes']);
  });

  it('warns of nodes that a local file overrides, and of files that are broken', () => {
    const localFile = { entries: 0, broken: true, modeOverride: 'observe' } as const;
    expect(codes([aNode({ localFile }), aNode({ localFile: { entries: 3, broken: false } })])).toEqual([
      'overriddenNodes',
      'brokenLocalFiles',
    ]);
  });

  it('judges by nodes that are heard, and not at all while there are none: missing ones are told elsewhere', () => {
    expect(codes([])).toEqual([]);
    expect(codes([aNode({ state: 'silent', guarded: false }), aNode()])).toEqual([]);
    expect(codes([aNode({ state: 'presumedGone', issuers: [] })])).toEqual([]);
  });

  it('names five and counts the rest', () => {
    const nodes = Array.from({ length: 7 }, (_, index) => aNode({ node: `n${index}`, guarded: false }));
    expect(fleetWarnings(nodes, [])[0]?.detail).toMatch(/: n0, n1, n2, n3, n4 and 2 more\.$/);
  });
});
