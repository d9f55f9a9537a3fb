import { describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds, type Revocation } from '@revocast/core';
import { createSigner, generateSigningKey } from './keys.js';
import { encodeRecord } from './record-codec.js';
import { splitRevocations } from './split.js';
import { RECORD_BYTES_MAX, type RevokedBody } from './wire.js';

const revocation = (id: string, sub = 'alice'): Revocation => ({
  id,
  issuer: 'https://issuer.example',
  key: { scope: 'subject', sub },
  effect: { kind: 'suspended' },
  retainUntil: epochSeconds(1_700_000_000),
});

const bodyOf = (revocations: readonly Revocation[]): RevokedBody => ({
  kind: 'revoked',
  issuer: 'https://issuer.example',
  scope: 'subject',
  revocations,
  reasonCode: 'fraud',
});

const signer = createSigner(generateSigningKey());

/** The longest of everything that stands around the revocations. */
const bytesOf = (body: RevokedBody): number =>
  encodeRecord(
    { id: 'i'.repeat(128), namespace: 'n'.repeat(32), epoch: 'e'.repeat(64), time: epochMs(0), body },
    signer,
  ).payload.length;

describe('splitting', () => {
  it('leaves a body that fits as it is', () => {
    const body = bodyOf([revocation('r1'), revocation('r2')]);
    expect(splitRevocations(body)).toEqual([body]);
  });

  it('keeps every revocation, in order, and every record below its limit', () => {
    const body = bodyOf(
      Array.from({ length: 3_000 }, (_, n) => revocation(`r${n}`, `user-${n} \u{1F511}"\n`.repeat(1 + (n % 9)))),
    );
    const parts = splitRevocations(body);
    expect(parts.flatMap((part) => part.revocations)).toEqual(body.revocations);
    expect(Math.max(...parts.map(bytesOf))).toBeLessThanOrEqual(RECORD_BYTES_MAX);
  });

  it('fills records well: a second one begins only when the first is nearly full', () => {
    const parts = splitRevocations(bodyOf(Array.from({ length: 2_000 }, (_, n) => revocation(`r${n}`))));
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts.slice(0, -1)) expect(bytesOf(part)).toBeGreaterThan(RECORD_BYTES_MAX * 0.9);
  });

  it('takes the longest revocation there can be, and refuses one that no record holds', () => {
    const longest = revocation('r1', '\u0001'.repeat(1024));
    expect(bytesOf(splitRevocations(bodyOf([longest]))[0]!)).toBeLessThan(RECORD_BYTES_MAX);
    const tooLong = { ...revocation('r1'), supersedes: Array.from({ length: 1_000 }, () => 'x'.repeat(100)) };
    expect(() => splitRevocations(bodyOf([tooLong]))).toThrow(expect.objectContaining({ code: 'ERR_BODY_TOO_LARGE' }));
  });
});
