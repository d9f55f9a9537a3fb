import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { aLift, aRevocation, firstDisagreement, type IndexStep, someFacts } from '@revocast/testing';
import fc from 'fast-check';
import { refusalOf } from '../test/image-world.js';
import { somePoorlyNamedSteps, someSteps } from '../test/index-arbitraries.js';
import { aSmallIndex, HASH_KEY, IMAGE_MUTANTS } from '../test/index-mutants.js';
import { createIndex } from './compact-index.js';
import { type RevocationIndex } from './revocation-index.js';
import { type Revocation } from './revocation.js';
import { epochMs, type EpochSeconds, epochSeconds } from './units.js';

const T = epochSeconds(1_790_000_000);
const NOW = epochMs(T * 1000);
const hexId = (i: number): string => i.toString(16).padStart(32, 'a');

const anEntry = (i: number, until: EpochSeconds | 'lifted' = epochSeconds(T + 1 + (i % 5_000))): Revocation =>
  aRevocation({
    id: hexId(i),
    key: { scope: 'token', jti: `jti-${i}` },
    effect: { kind: 'always' },
    retainUntil: until,
  });

/** Both tables, spilled entries and tombstones. */
const anIndexOf = (count: number): RevocationIndex => {
  const index = aSmallIndex();
  for (let i = 0; i < count; i++) index.apply(anEntry(i));
  index.apply(aRevocation({ id: 'no hex 🔑', key: { scope: 'session', sid: 's' }, retainUntil: 'lifted' }));
  const effect = { kind: 'issuedBefore', issuedBefore: T } as const;
  index.apply(
    aRevocation({ id: hexId(1e6), key: { scope: 'subject', sub: 'alice' }, effect, retainUntil: epochSeconds(T + 9) }),
  );
  index.lift(aLift(anEntry(0)));
  return index;
};

const copyOf = (index: RevocationIndex): RevocationIndex => {
  const copy = aSmallIndex();
  expect(refusalOf(copy, index.image())).toBeUndefined();
  return copy;
};

const isHit = (index: RevocationIndex, jti: string): boolean =>
  index.find(someFacts({ jti, cutoffTime: T }), NOW, 'iat') !== undefined;

const answers = (index: RevocationIndex, steps: readonly IndexStep[]): unknown[] =>
  steps.map((step) => {
    if (step.do !== 'find') return undefined;
    const hit = index.find(step.token, step.now, step.cutoffClaim);
    return [hit?.scope, hit?.revocationId, hit?.byAuthTime, index.size(step.now).liveEntries];
  });

describe('An image of an index', () => {
  it.each([
    ['whatever was applied, lifted and reclaimed', someSteps],
    ['also when two revocations were given one id', somePoorlyNamedSteps],
  ])('answers as the index does that wrote it, %s', (_what, someOfThem) => {
    const property = fc.property(someOfThem, (steps) => {
      const index = aSmallIndex();
      firstDisagreement(index, steps, HASH_KEY);
      const copy = copyOf(index);
      expect(answers(copy, steps)).toEqual(answers(index, steps));
      // It goes on like the index itself as well.
      expect(
        firstDisagreement(
          copy,
          steps.filter((step) => step.do !== 'reclaim'),
          HASH_KEY,
        ),
      ).toBe(
        firstDisagreement(
          index,
          steps.filter((step) => step.do !== 'reclaim'),
          HASH_KEY,
        ),
      );
    });
    fc.assert(property, { numRuns: 100 });
  });

  it.each(IMAGE_MUTANTS)('%s is found out by what its reader answers', (_what, make) => {
    const found = fc.check(
      fc.property(someSteps, (steps) => {
        const index = make();
        firstDisagreement(index, steps, HASH_KEY);
        return JSON.stringify(answers(copyOf(index), steps)) === JSON.stringify(answers(index, steps));
      }),
      { numRuns: 2000, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });

  it('is united with what is held, in either order, and taken a second time changes nothing', () => {
    const [one, other] = [anIndexOf(40), aSmallIndex()];
    for (let i = 30; i < 80; i++) other.apply(anEntry(i));
    other.lift(aLift(anEntry(5)));
    const both = copyOf(one);
    const turned = copyOf(other);
    expect([refusalOf(both, other.image()), refusalOf(turned, one.image())]).toEqual([undefined, undefined]);
    expect(refusalOf(both, other.image())).toBeUndefined();
    for (const index of [both, turned]) {
      index.reclaim(NOW, NOW, 100);
      expect(index.size(NOW)).toMatchObject({ liveEntries: 80, tombstones: 2 });
      expect([isHit(index, 'jti-0'), isHit(index, 'jti-5'), isHit(index, 'jti-6'), isHit(index, 'jti-79')]).toEqual([
        ...[false, false, true, true],
      ]);
    }
  });

  it('has everything that was there before its first part, while others write and partitions split', () => {
    const index = createIndex({ hashKey: new Uint8Array(16) });
    for (let i = 0; i < 20_000; i++) index.apply(anEntry(i));
    const parts: Uint8Array[] = [];
    let next = 20_000;
    for (const part of index.image()) {
      parts.push(part);
      for (let i = 0; i < 2_000; i++) index.apply(anEntry(next++));
    }
    const copy = createIndex({ hashKey: new Uint8Array(16) });
    expect(refusalOf(copy, parts)).toBeUndefined();
    const missing = Array.from({ length: 20_000 }, (_, i) => `jti-${i}`).filter((jti) => !isHit(copy, jti));
    expect(missing).toEqual([]);
  });

  it('comes in parts of at most 960 KiB, in any order', () => {
    const index = createIndex({ hashKey: new Uint8Array(16) });
    for (let i = 0; i < 30_000; i++) index.apply(anEntry(i));
    const parts = [...index.image()];
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(960 * 1024);
    const copy = createIndex({ hashKey: new Uint8Array(16) });
    expect(refusalOf(copy, parts.reverse())).toBeUndefined();
    expect(copy.size(NOW).liveEntries).toBe(30_000);
  });

  it.each([
    ['an array', (bytes: Uint8Array): Uint8Array => bytes.subarray(1)],
    // What Node hands out: its `slice` is a view, not a copy.
    ['a Buffer', (bytes: Uint8Array): Uint8Array => Buffer.from(bytes.buffer, 1)],
  ])('can be read from any place of %s', (_, from) => {
    const parts = Array.from(anIndexOf(10).image(), (part) => {
      const shifted = new Uint8Array(part.length + 1);
      shifted.set(part, 1);
      return from(shifted);
    });
    expect(refusalOf(aSmallIndex(), parts)).toBeUndefined();
  });
});

describe('A condition in an image', () => {
  const wide = (parts: Partial<Revocation> = {}): Revocation =>
    aRevocation({ id: hexId(1), key: { scope: 'issuer' }, effect: { kind: 'suspended' }, ...parts });
  const excepted = wide({ condition: { exceptClients: ['batch 🔑'] } });
  const versionsOf = (index: RevocationIndex): Set<number> =>
    new Set([...index.image()].map((part) => new DataView(part.buffer).getUint8(4)));
  const hits = (index: RevocationIndex, clientId: string): boolean =>
    index.find(someFacts({ clientId }), NOW, 'iat') !== undefined;
  const indexOf = (...revocations: readonly Revocation[]): RevocationIndex => {
    const index = aSmallIndex();
    for (const revocation of revocations) index.apply(revocation);
    return index;
  };

  it('is what gives the image its second version, for as long as there is one', () => {
    const index = indexOf(excepted);
    expect(versionsOf(index)).toEqual(new Set([2]));
    expect([hits(copyOf(index), 'batch 🔑'), hits(copyOf(index), 'app')]).toEqual([false, true]);
    index.apply(wide());
    expect(versionsOf(index)).toEqual(new Set([1]));
    expect(hits(copyOf(index), 'batch 🔑')).toBe(true);
    const lifted = indexOf(excepted);
    lifted.lift(aLift(excepted));
    expect(versionsOf(lifted)).toEqual(new Set([1]));
  });

  it('has ended for whoever takes in the record that ends it, from either side and in either order', () => {
    for (const [held, read] of [
      [excepted, wide()],
      [wide(), excepted],
    ] as const) {
      const index = indexOf(held);
      expect(refusalOf(index, indexOf(read).image())).toBeUndefined();
      expect(hits(index, 'batch 🔑')).toBe(true);
      expect(index.size(NOW).liveEntries).toBe(1);
    }
  });

  it('that comes while the image is being written is in none of its parts', () => {
    const index = indexOf(anEntry(1));
    const parts: Uint8Array[] = [];
    for (const part of index.image()) {
      parts.push(part);
      index.apply(excepted);
    }
    const copy = aSmallIndex();
    expect(refusalOf(copy, parts)).toBeUndefined();
    expect(copy.size(NOW).liveEntries).toBe(1);
  });
});

describe('A spoilt image', () => {
  const withConditions = anIndexOf(20);
  withConditions.apply(aRevocation({ key: { scope: 'issuer' }, condition: { exceptClients: ['a'] } }));
  const parts = [...withConditions.image()];

  it('is refused whatever byte is flipped, and nothing of that part is taken', () => {
    for (const [i, part] of parts.entries()) {
      for (let at = 0; at < part.length; at++) {
        const spoilt = part.slice();
        spoilt[at]! ^= 1 << (at % 8);
        const index = aSmallIndex();
        expect(refusalOf(index, [spoilt])).toBe('ERR_IMAGE_CORRUPT');
        expect(index.size(NOW)).toMatchObject({ liveEntries: 0, tombstones: 0 });
      }
      expect(refusalOf(aSmallIndex(), parts.with(i, part.subarray(0, -4)))).toBe('ERR_IMAGE_CORRUPT');
    }
  });

  it('is refused when a part is missing, came twice, or belongs to another image', () => {
    const others = [...anIndexOf(21).image()];
    for (let i = 0; i < parts.length; i++) {
      expect(
        refusalOf(
          aSmallIndex(),
          parts.filter((_, at) => at !== i),
        ),
      ).toBe('ERR_IMAGE_CORRUPT');
      expect(refusalOf(aSmallIndex(), parts.toSpliced(i, 0, parts[i]!))).toBe('ERR_IMAGE_CORRUPT');
    }
    expect(refusalOf(aSmallIndex(), parts.with(1, others[1]!))).toBe('ERR_IMAGE_CORRUPT');
    expect(refusalOf(aSmallIndex(), [new Uint8Array(3)])).toBe('ERR_IMAGE_CORRUPT');
  });

  it('is refused with a code of its own under another hash key', () => {
    expect(refusalOf(createIndex({ hashKey: new Uint8Array(16).fill(1) }), parts)).toBe('ERR_IMAGE_KEY');
  });
});

describe('Version 1 of the image', () => {
  const golden = readFileSync(new URL('../../../test/fixtures/index-image/v1.txt', import.meta.url), 'utf8');

  it('is written byte for byte as it was when it was frozen', () => {
    const text = Array.from(anIndexOf(3).image(), (part) => Buffer.from(part).toString('hex')).join('\n');
    expect(text).toBe(golden.trim());
  });

  it('is read', () => {
    const parts = golden
      .trim()
      .split('\n')
      .map((line) => Buffer.from(line, 'hex'));
    const index = aSmallIndex();
    expect(refusalOf(index, parts)).toBeUndefined();
    expect(['jti-0', 'jti-1', 'jti-2'].map((jti) => isHit(index, jti))).toEqual([false, true, true]);
    expect(index.find(someFacts({ jti: 'jti-9', sid: 's' }), NOW, 'iat')?.revocationId).toBe('no hex 🔑');
  });
});
