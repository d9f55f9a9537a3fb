import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { aRevocation, type IndexStep, someFacts } from '@revocast/testing';
import fc from 'fast-check';
import { someSteps } from '../test/index-arbitraries.js';
import { aSmallIndex, HASH_KEY } from '../test/index-mutants.js';
import { KeyMemo } from './key-memo.js';
import { KEY_KINDS } from './key.js';
import { type RevocationIndex } from './revocation-index.js';
import { type TokenFacts } from './token.js';
import { epochMs } from './units.js';

const NOW = epochMs(1_790_000_000_000);
const OTHER_HASH_KEY = HASH_KEY.map((byte) => byte ^ 0xff);

const keep = (token: TokenFacts, memo: KeyMemo): TokenFacts =>
  Object.defineProperty({ ...token }, 'keyMemo', { value: memo });

const nameOf = ({ signingInputHash, ...token }: TokenFacts): string => JSON.stringify([token, signingInputHash()]);

const answerOf = (index: RevocationIndex, token: TokenFacts, { now, cutoffClaim }: IndexStep & { do: 'find' }) => {
  const hit = index.find(token, now, cutoffClaim);
  return JSON.stringify([hit?.scope, hit?.revocationId, hit?.byAuthTime]);
};

const play = (index: RevocationIndex, step: IndexStep): void => {
  if (step.do === 'apply') index.apply(step.revocation);
  if (step.do === 'lift') index.lift(step.lift);
  if (step.do === 'reclaim') index.reclaim(step.now, step.newestTick, step.entriesMax);
};

/**
 * Whether an index answers differently for facts that are kept with a memo. Another index, with another hash key, is asked
 * about every other token first: as with revocations from a local file.
 */
const answersDiffer = (steps: readonly IndexStep[], Memo: new () => KeyMemo): boolean => {
  const [plain, asked] = [aSmallIndex(), aSmallIndex()];
  // Waves are another's under another key, so each index has one of its own key to be compared with.
  const [plainOther, other] = [aSmallIndex({ hashKey: OTHER_HASH_KEY }), aSmallIndex({ hashKey: OTHER_HASH_KEY })];
  const kept = new Map<string, TokenFacts>();
  return steps.some((step) => {
    for (const index of [plain, asked, plainOther, other]) play(index, step);
    if (step.do !== 'find') return false;
    const name = nameOf(step.token);
    const token = kept.get(name) ?? keep(step.token, new Memo());
    kept.set(name, token);
    const pairs = [
      [asked, plain],
      [other, plainOther],
    ] as const;
    const differs = ([index, right]: (typeof pairs)[number]): boolean =>
      answerOf(index, token, step) !== answerOf(right, step.token, step);
    return (kept.size % 2 === 0 ? pairs.toReversed() : pairs).some(differs);
  });
};

const property = (Memo: new () => KeyMemo) =>
  fc.property(someSteps, (steps) => !answersDiffer([...steps, ...steps.filter((step) => step.do === 'find')], Memo));

class OfAnybody extends KeyMemo {
  override isOf(): boolean {
    return true;
  }
}

class WithoutKinds extends KeyMemo {
  override recall(_kind: number, words: Int32Array): boolean | undefined {
    return super.recall(0, words);
  }
  override note(_kind: number, has: boolean, words: Int32Array): void {
    super.note(0, has, words);
  }
}

class OfAllKinds extends KeyMemo {
  override recall(kind: number, words: Int32Array): boolean | undefined {
    return super.recall(kind, words) ?? false;
  }
}

class WithoutWords extends KeyMemo {
  override recall(kind: number, words: Int32Array): boolean | undefined {
    return super.recall(kind, words.slice());
  }
}

describe('facts that are kept with the hashes of their keys', () => {
  it('get the answers that they would get without them, from each of two indexes', () => {
    fc.assert(property(KeyMemo), { numRuns: 500 });
  });

  it.each([
    ['that belongs to any index', OfAnybody],
    ['that mixes the kinds up', WithoutKinds],
    ['that takes what is not known for absent', OfAllKinds],
    ['that leaves the words of the key before', WithoutWords],
  ])('finds out a memo %s', (_what, Mutant) => {
    expect(fc.check(property(Mutant), { numRuns: 5000, endOnFailure: true }).failed).toBe(true);
  });

  it('have room for all kinds of keys', () => {
    const memo = new KeyMemo();
    const words = Int32Array.of(7, 8);
    const last = KEY_KINDS.length - 1;
    memo.note(last, true, words);
    words.fill(0);
    expect([memo.recall(last, words), ...words]).toEqual([true, 7, 8]);
    expect(KEY_KINDS).toHaveLength(10);
  });

  it('show no hash to who writes them down, and leave none to facts that are made from them', () => {
    const index = aSmallIndex();
    index.apply(aRevocation({ scope: 'subject' }));
    const plain = someFacts();
    const token = keep(plain, new KeyMemo());
    index.find(token, NOW, 'iat');
    expect([JSON.stringify(token), Object.keys(token)]).toEqual([JSON.stringify(plain), Object.keys(plain)]);
    expect(inspect(token, { showHidden: true, depth: 9 })).not.toMatch(/words|asked/);
    expect({ ...token }.keyMemo).toBeUndefined();
  });
});
