import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds, type Revocation } from '@revocast/core';
import { createSigner, encodeRecord, generateSigningKey, splitRevocations } from '@revocast/jetstream';
import { aRevocation, revokedBody } from '@revocast/testing';

// The sizes that docs/sizing.md computes with are those of the codec as it is: when it changes, so does the page.

const signer = createSigner(generateSigningKey('records-2026-01'));

/** As operators give them: a user by a UUID, an id of 128 bits. */
const revocations = (count: number): readonly Revocation[] =>
  Array.from({ length: count }, () =>
    aRevocation({
      id: randomBytes(16).toString('hex'),
      issuer: 'https://login.example.com',
      key: { scope: 'subject', sub: randomUUID() },
      retainUntil: epochSeconds(1_795_682_936),
    }),
  );

/** Payload and our own header; what the broker adds when it hands a record on is not in it. */
function bytesOf(count: number): number {
  const record = {
    ...{ id: randomBytes(16).toString('hex'), namespace: 'revocast', epoch: 'e0755a64cb0671e5' },
    ...{ time: epochMs(1_795_596_476_000), body: revokedBody(...revocations(count)) },
  };
  const { payload, signature } = encodeRecord(record, signer);
  return payload.length + 'Revocast-Signature: '.length + signature.length;
}

const fullest = (): number => splitRevocations(revokedBody(...revocations(2_000)))[0]?.revocations.length ?? 0;

describe('The page on sizing', () => {
  it('names the bytes that a record has', () => {
    const page = readFileSync(resolve('docs/sizing.md'), 'utf8').replaceAll(/ +/g, ' ');
    const rounded = (bytes: number): number => Math.round(bytes / 10) * 10;
    const rows = [1, 10, 100, fullest()].map((count) => {
      const bytes = bytesOf(count);
      return `| ${count} | ${rounded(bytes)} | ${rounded(bytes / count)} |`;
    });
    expect(page).toContain(rows.join('\n'));
  });
});
