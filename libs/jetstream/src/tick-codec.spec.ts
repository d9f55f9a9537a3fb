import { describe, expect, it } from '@jest/globals';
import { epochMs, sequence, type Tick } from '@revocast/core';
import { writeEnvelope } from './envelope.js';
import { createSigner, createVerifier, generateSigningKey, publicRecordKey } from './keys.js';
import { createTickFilter, decodeTick, encodeTick } from './tick-codec.js';

const key = generateSigningKey('k1');
const signer = createSigner(key);
const verifier = createVerifier({ keys: [publicRecordKey(key)] });

const tick: Tick = {
  id: 't1',
  epoch: 'e1',
  head: sequence(42),
  time: epochMs(1_700_000_000_000),
  fleetBoundMs: 300_000,
};

const decode = (payload: Uint8Array, signature: string, namespace = 'revocast'): Tick | undefined =>
  decodeTick({ payload, headers: { last: () => signature }, namespace }, verifier);

describe('a tick', () => {
  it('is read as it was sent', () => {
    const { payload, signature } = encodeTick('revocast', tick, signer);
    expect(decode(payload, signature)).toEqual(tick);
  });

  it('counts for its own namespace only', () => {
    const { payload, signature } = encodeTick('revocast', tick, signer);
    expect(decode(payload, signature, 'staging')).toBeUndefined();
  });

  it('counts only with a good signature', () => {
    const { payload } = encodeTick('revocast', tick, signer);
    expect(decode(payload, '')).toBeUndefined();
    expect(decode(payload, createSigner(generateSigningKey('k1')).sign(payload))).toBeUndefined();
  });

  it.each([
    ['a record', 'subject.revoked', { epoch: 'e1', head: 1, fleetBoundMs: 1 }],
    ['a tick without head', 'tick', { epoch: 'e1', fleetBoundMs: 1 }],
    ['a head that is no sequence', 'tick', { epoch: 'e1', head: -1, fleetBoundMs: 1 }],
    ['a huge tick', 'tick', { epoch: 'e1', head: 1, fleetBoundMs: 1, more: 'x'.repeat(5_000) }],
  ])('is not %s', (_, name, data) => {
    const payload = writeEnvelope('revocast', { id: 't1', name, time: epochMs(0), data });
    expect(decode(payload, signer.sign(payload))).toBeUndefined();
  });
});

describe('the tick filter', () => {
  const now = epochMs(1_700_000_000_000);
  const at = (id: string, time: number): Tick => ({ ...tick, id, time: epochMs(time) });

  it('takes a tick once', () => {
    const isNew = createTickFilter(() => now);
    expect([isNew(at('a', now)), isNew(at('a', now)), isNew(at('b', now))]).toEqual([true, false, true]);
  });

  it('takes ticks of instances whose clocks differ by less than a minute', () => {
    const isNew = createTickFilter(() => now);
    expect([isNew(at('a', now)), isNew(at('b', now - 59_000))]).toEqual([true, true]);
  });

  it('refuses a replay of old ticks, also of ones it no longer remembers', () => {
    const isNew = createTickFilter(() => now);
    expect(Array.from({ length: 1_000 }, (_, n) => isNew(at(`t${n}`, now + n * 1_000)))).not.toContain(false);
    expect(isNew(at('t0', now - 60_001))).toBe(false);
    expect(isNew(at('t999', now + 999_000))).toBe(false);
  });

  it('is not blinded by an instance whose clock runs hours ahead', () => {
    const isNew = createTickFilter(() => now);
    expect([isNew(at('ahead', now + 7_200_000)), isNew(at('right', now))]).toEqual([true, true]);
  });
});
