import { describe, expect, it } from '@jest/globals';
import { type Instant } from './clock.js';
import { backdate, HeadClaims, LastProof } from './freshness.js';
import { epochMs, monotonicMs, sequence } from './units.js';

const at = (wall: number, monotonic = wall): Instant => ({ wall: epochMs(wall), monotonic: monotonicMs(monotonic) });

const provenAt = (instant: Instant): LastProof => {
  const proof = new LastProof();
  proof.prove(instant);
  return proof;
};

describe('The last proof', () => {
  it('ages by the clock that ran faster', () => {
    const proof = provenAt(at(0));
    expect(proof.stalenessMs(at(700, 900))).toBe(900);
    expect(proof.stalenessMs(at(900, 700))).toBe(900);
  });

  it('is infinitely old when there is none', () => {
    const proof = new LastProof();
    expect(proof.exists).toBe(false);
    expect(proof.stalenessMs(at(0))).toBe(Number.POSITIVE_INFINITY);
    expect(proof.isDoubtful(at(0))).toBe(false);
  });

  it.each([1_001, -1_001])('is in doubt when the clocks differ by %d ms, and stays so when they agree again', (ms) => {
    const proof = provenAt(at(0));
    expect(proof.isDoubtful(at(5_000 + Math.sign(ms) * 1_000, 5_000))).toBe(false);
    expect(proof.isDoubtful(at(5_000 + ms, 5_000))).toBe(true);
    expect(proof.isDoubtful(at(6_000))).toBe(true);
    proof.prove(at(5_500));
    expect(proof.isDoubtful(at(6_000))).toBe(false);
  });

  it('is not replaced by an older one, unless it is in doubt', () => {
    const proof = provenAt(at(5_000));
    proof.prove(at(4_000));
    expect(proof.stalenessMs(at(6_000))).toBe(1_000);
    proof.isDoubtful(at(9_000, 6_000));
    proof.prove(at(4_000));
    expect(proof.stalenessMs(at(6_000))).toBe(2_000);
  });

  it('is forgotten with the log it was about, but not that there was one', () => {
    const proof = provenAt(at(0));
    proof.drop();
    expect([proof.exists, proof.ever]).toEqual([false, true]);
  });
});

describe('Heads that are to become proofs', () => {
  it('count once the watermark has reached them, the latest of those', () => {
    const claims = new HeadClaims();
    claims.offer(sequence(5), at(1));
    claims.offer(sequence(5), at(2));
    expect(claims.takeReached(sequence(4))).toBeUndefined();
    expect(claims.takeReached(sequence(5))).toEqual(at(2));
    expect(claims.takeReached(sequence(5))).toBeUndefined();
  });

  it('are the oldest and the newest, so that a log which outgrows us still proves something', () => {
    const claims = new HeadClaims();
    for (let second = 1; second <= 9; second += 1) claims.offer(sequence(10 * second), at(second));
    expect(claims.takeReached(sequence(10))).toEqual(at(1));
    expect(claims.takeReached(sequence(89))).toBeUndefined();
    expect(claims.takeReached(sequence(90))).toEqual(at(9));
  });

  it('wait for nothing that is gone: a log that lost what an older head promised proves by the smaller one', () => {
    const claims = new HeadClaims();
    claims.offer(sequence(6), at(1));
    claims.offer(sequence(2), at(2));
    expect(claims.takeReached(sequence(2))).toEqual(at(2));
  });

  it('are dated back by both clocks', () => {
    expect(backdate(at(5_000, 900), 300)).toEqual(at(4_700, 600));
  });
});
