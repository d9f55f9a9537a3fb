import { describe, expect, it } from '@jest/globals';
import { CANARIES_MAX, CANARY_PREFIX, type Heartbeat, type Mode } from '@revocast/core';
import { createGate, parseIssuers, type ReloadableGate } from '@revocast/gate';
import { aRevocation, ManualTime, revokedBody } from '@revocast/testing';
import { RevocationNode } from './revocation-node.js';
import { TestFollower } from './testing/test-follower.js';

const ISSUER = 'https://issuer.example';

/** A node, and the heartbeats that it sends. */
function aNode(
  changes: { readonly mode?: Mode } = {},
  bend: (gate: ReloadableGate) => ReloadableGate = (gate) => gate,
) {
  const { mode = 'strict' } = changes;
  const time = new ManualTime();
  const issuers = parseIssuers([{ issuer: ISSUER, audience: 'api' }]);
  const follower = new TestFollower(time, 300_000, issuers);
  const beats: Heartbeat[] = [];
  const gate = createGate({ issuers, source: follower, mode, clock: time });
  const parts = {
    ...{ nodeId: 'n', instance: 'i', service: 's', version: '1', mode, stalenessMsMax: 300_000 },
  } as const;
  const feed = {
    report: (beat: Heartbeat) => void beats.push(beat),
    read: () => Promise.reject(new Error()),
    head: () => Promise.reject(new Error()),
  };
  const surroundings = { follower, feed, clock: time, schedule: time.schedule, onVerdict: () => undefined };
  const node = new RevocationNode({ ...parts, ...surroundings, gate: bend(gate) });
  void node.start();
  const revoke = async (jti: string, id = 'r1', more: object = {}): Promise<Heartbeat | undefined> => {
    follower.apply(
      revokedBody(
        aRevocation({ id, issuer: ISSUER, key: { scope: 'token', jti }, effect: { kind: 'always' }, ...more }),
      ),
    );
    await time.advance(1_000);
    return beats.at(-1);
  };
  return { node, follower, time, revoke };
}

const CANARY = `${CANARY_PREFIX}1`;
const outcomes = (beat: Heartbeat | undefined) => beat?.canaries?.map(({ outcome }) => outcome);

describe('a canary', () => {
  it('is refused by a node that enforces, and its heartbeat says by which revocation', async () => {
    expect((await aNode().revoke(CANARY))?.canaries).toEqual([{ revocationId: 'r1', outcome: 'refused' }]);
  });

  it('is refused by a stale node, too: a revocation stands whatever the state', async () => {
    const { follower, revoke } = aNode();
    follower.setState('stale');
    expect(outcomes(await revoke(CANARY))).toEqual(['refused']);
  });

  it('says nothing for any other token', async () => {
    expect((await aNode().revoke('jti-1'))?.canaries).toBeUndefined();
  });

  it('is accepted in mode observe', async () => {
    expect(outcomes(await aNode({ mode: 'observe' }).revoke(CANARY))).toEqual(['accepted']);
  });

  it('mutant: a node that acknowledges and whose gate lets all pass is caught', async () => {
    const bend = (gate: ReloadableGate): ReloadableGate => ({
      ...gate,
      coverage: () => gate.coverage(),
      recheck: (facts) => ({ outcome: 'pass', facts, verdict: { kind: 'active', watermark: 0 as never } }),
    });
    expect(outcomes(await aNode({}, bend).revoke(CANARY))).toEqual(['accepted']);
  });

  it('mutant: an index that drops what it is told to apply is caught', async () => {
    const { follower, revoke } = aNode();
    follower.find = () => undefined;
    expect(outcomes(await revoke(CANARY))).toEqual(['accepted']);
  });

  it('mutant: a gate that refuses everything, or by another revocation, shows nothing', async () => {
    const { follower, revoke } = aNode();
    follower.find = () => ({ scope: 'token', revocationId: 'r1', byAuthTime: false });
    expect(outcomes(await revoke(CANARY))).toEqual(['unproven']);
    const other = aNode();
    other.follower.find = ({ jti }) =>
      jti === CANARY ? { scope: 'token', revocationId: 'r9', byAuthTime: false } : undefined;
    expect(outcomes(await other.revoke(CANARY))).toEqual(['unproven']);
  });

  it('of an issuer that the node does not accept shows nothing', async () => {
    expect(outcomes(await aNode().revoke(CANARY, 'r1', { issuer: 'https://other.example' }))).toEqual(['unproven']);
  });

  it('is remembered among the latest few only', async () => {
    const { revoke } = aNode();
    let last: Heartbeat | undefined;
    for (let at = 0; at < CANARIES_MAX + 2; at++) last = await revoke(`${CANARY_PREFIX}${at}`, `r${at}`);
    expect(last?.canaries?.map(({ revocationId }) => revocationId)).toEqual(['r2', 'r3', 'r4', 'r5']);
  });
});
