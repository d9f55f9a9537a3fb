import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type CutoffClaim, epochMs, epochSeconds, type Lift, type Revocation, type TokenFacts } from '@revocast/core';
import { RevocationModel } from '@revocast/testing';
import { makeVectors } from './vectors.js';

const directory = join(import.meta.dirname, '../../../../test/vectors');
const stored = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'));

interface VerdictCase {
  readonly about: string;
  readonly revocations: readonly Revocation[];
  readonly lifts: readonly Lift[];
  readonly token: Omit<TokenFacts, 'signingInputHash'> & { readonly signingInputHash: string };
  readonly now: number;
  readonly cutoffClaim: CutoffClaim;
  readonly verdict: { readonly kind: string; readonly revocationId?: string };
}

// Before anything is described: each file is a test of its own.
const made = await makeVectors();

describe('the vectors of the node protocol', () => {
  it('are stored, all of them and no others', () => {
    const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual(Object.keys(made).sort());
  });

  // A change here breaks nodes in other languages: `npm run vectors -- --write` only if that is what you want.
  it.each(Object.keys(made))('are what the code says today: %s', (file) => {
    expect(JSON.parse(JSON.stringify(made[file]))).toEqual(stored(file));
  });

  const { cases, hashKey } = stored('verdicts.json') as {
    readonly cases: readonly VerdictCase[];
    readonly hashKey: string;
  };
  it.each(cases)('agree with a model that shares no code with the index: $about', (given) => {
    const model = new RevocationModel(Buffer.from(hashKey, 'hex'));
    for (const revocation of given.revocations) model.apply(revocation);
    for (const lift of given.lifts) model.lift(lift);
    const { cutoffTime, signingInputHash, ...rest } = given.token;
    const token: TokenFacts = {
      ...rest,
      cutoffTime: cutoffTime === undefined ? undefined : epochSeconds(cutoffTime),
      signingInputHash: () => signingInputHash,
    };
    const hitting = model.liveHitting(token, epochMs(given.now)).map(({ id }) => id);
    expect(given.verdict.kind === 'revoked').toBe(hitting.length > 0);
    expect([...hitting, undefined]).toContain(given.verdict.revocationId);
  });
});
