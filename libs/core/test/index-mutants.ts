import {
  type CutoffClaim,
  type EpochMs,
  epochMs,
  epochSeconds,
  type Filter,
  type Hit,
  type ImageReader,
  type IndexSize,
  keyOf,
  type Lift,
  type Revocation,
  type RevocationIndex,
  type TokenFacts,
} from '@revocast/core';
import { CompactIndex, type IndexOptions } from '../src/compact-index.js';
import { createBlockedFilter } from '../src/blocked-filter.js';
import { type FilterFactory } from '../src/filter.js';

export const HASH_KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

/** Twice the entries that a key may have, or splitting could not help. */
const ROWS_MAX = 32;

/** So small that its filter grows and its partitions split all the time. */
export const aSmallIndex = (options: Partial<IndexOptions> = {}): RevocationIndex =>
  new CompactIndex({ hashKey: HASH_KEY, capacity: 1, ...options }, ROWS_MAX);

/** A good index; each mutant breaks one thing about it. */
class Mutant implements RevocationIndex {
  protected readonly good: RevocationIndex;

  constructor(filter?: FilterFactory) {
    this.good = aSmallIndex(filter === undefined ? {} : { filter });
  }

  apply(revocation: Revocation): void {
    this.good.apply(revocation);
  }

  lift(lift: Lift): void {
    this.good.lift(lift);
  }

  find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    return this.good.find(token, now, cutoffClaim);
  }

  reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number {
    return this.good.reclaim(now, newestTick, entriesMax);
  }

  size(now: EpochMs): IndexSize {
    return this.good.size(now);
  }

  image(): Iterable<Uint8Array> {
    return this.good.image();
  }

  readImage(): ImageReader {
    return this.good.readImage();
  }
}

class LiftsByKey extends Mutant {
  readonly #applied: Revocation[] = [];

  override apply(revocation: Revocation): void {
    this.#applied.push(revocation);
    super.apply(revocation);
  }

  override lift(lift: Lift): void {
    super.lift(lift);
    const keys = this.#applied.filter(({ id }) => id === lift.id).map(({ issuer, key }) => keyOf(issuer, key));
    for (const { id, issuer, key } of this.#applied) {
      if (keys.includes(keyOf(issuer, key))) super.lift({ ...lift, id });
    }
  }
}

class ForgetsEarlyLifts extends Mutant {
  readonly #known = new Set<string>();

  override apply(revocation: Revocation): void {
    this.#known.add(revocation.id);
    super.apply(revocation);
  }

  override lift(lift: Lift): void {
    if (this.#known.has(lift.id)) super.lift(lift);
  }
}

class EndsASecondEarly extends Mutant {
  override apply(revocation: Revocation): void {
    const { retainUntil } = revocation;
    super.apply({
      ...revocation,
      retainUntil: retainUntil === 'lifted' ? retainUntil : epochSeconds(retainUntil - 1),
    });
  }
}

class NeverEnds extends Mutant {
  override apply(revocation: Revocation): void {
    super.apply({ ...revocation, retainUntil: 'lifted' });
  }
}

class CutsOffInclusively extends Mutant {
  override apply(revocation: Revocation): void {
    const { effect } = revocation;
    if (effect.kind !== 'issuedBefore') super.apply(revocation);
    else super.apply({ ...revocation, effect: { ...effect, issuedBefore: epochSeconds(effect.issuedBefore + 1) } });
  }
}

/** A younger record of a key takes the place of the older ones, as a map from key to cut-off would have it. */
class KeepsTheLatestOnly extends Mutant {
  readonly #latest = new Map<string, Revocation>();

  override apply(revocation: Revocation): void {
    const name = keyOf(revocation.issuer, revocation.key);
    const before = this.#latest.get(name);
    if (before !== undefined && before.id !== revocation.id) {
      super.lift({ id: before.id, retainUntil: epochSeconds(0) });
    }
    this.#latest.set(name, revocation);
    super.apply(revocation);
  }
}

/** Believes the list of superseded ids, whatever it names, and brings nothing back. */
class LiftsSuperseded extends Mutant {
  override apply(revocation: Revocation): void {
    super.apply(revocation);
    for (const id of revocation.supersedes ?? []) super.lift({ id, retainUntil: epochSeconds(4e9) });
  }
}

class ReclaimsByLocalClock extends Mutant {
  override reclaim(now: EpochMs, _newestTick: EpochMs, entriesMax: number): number {
    return super.reclaim(now, now, entriesMax);
  }
}

class ReclaimsAtOnce extends Mutant {
  override reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number {
    return super.reclaim(epochMs(now + 3_600_000), epochMs(newestTick + 3_600_000), entriesMax);
  }
}

class MixesIssuers extends Mutant {
  override apply(revocation: Revocation): void {
    super.apply({ ...revocation, issuer: 'any' });
  }

  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    return super.find({ ...token, issuer: 'any' }, now, cutoffClaim);
  }
}

class PassesTokensWithoutTime extends Mutant {
  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    return super.find({ ...token, cutoffTime: token.cutoffTime ?? token.issuedAt }, now, cutoffClaim);
  }
}

class AsksOneNameOfAKey extends Mutant {
  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    const { thumbprint: _thumbprint, ...rest } = token;
    return super.find(token.kid === undefined ? token : rest, now, cutoffClaim);
  }
}

class HashesAlways extends Mutant {
  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    token.signingInputHash();
    return super.find(token, now, cutoffClaim);
  }
}

class PromisesLogin extends Mutant {
  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    const hit = super.find(token, now, cutoffClaim);
    return hit && { ...hit, byAuthTime: cutoffClaim === 'auth_time' };
  }
}

const brokenFilter =
  (change: (good: Filter) => Partial<Filter>): FilterFactory =>
  (options) => {
    const good = createBlockedFilter(options);
    const { capacity, bytes } = good;
    return {
      add: (h0, h1) => good.add(h0, h1),
      mightContain: (h0, h1) => good.mightContain(h0, h1),
      ...{ capacity, bytes },
      ...change(good),
    };
  };

/** A filter that never sees some hashes: about what one bit that cannot be set does. */
const dropsABit = brokenFilter((good) => ({ mightContain: (h0, h1) => (h1 & 7) !== 3 && good.mightContain(h0, h1) }));

/** A good filter in front of which everything passes: false positives must reject nothing. */
export const indexBehindAFullFilter = (): RevocationIndex =>
  aSmallIndex({ filter: brokenFilter(() => ({ mightContain: () => true })) });

class DropsABit extends Mutant {
  constructor() {
    super(dropsABit);
  }
}

const clientsOf = ({ condition }: Revocation): readonly string[] | undefined =>
  condition !== undefined && 'exceptClients' in condition ? condition.exceptClients : undefined;

const plainOf = ({ condition: _condition, ...revocation }: Revocation): Revocation => revocation;

class HeedsNoCondition extends Mutant {
  override apply(revocation: Revocation): void {
    super.apply(plainOf(revocation));
  }
}

class KeepsConditions extends Mutant {
  readonly #conditioned = new Set<string>();

  override apply(revocation: Revocation): void {
    if (revocation.condition !== undefined) this.#conditioned.add(revocation.id);
    else if (this.#conditioned.has(revocation.id)) return;
    super.apply(revocation);
  }
}

/** A condition for all revocations of its key, whether their records carry it or not. */
class ConditionsByKey extends Mutant {
  readonly #conditions = new Map<string, Revocation['condition']>();

  override apply(revocation: Revocation): void {
    const name = keyOf(revocation.issuer, revocation.key);
    const condition = revocation.condition ?? this.#conditions.get(name);
    this.#conditions.set(name, condition);
    super.apply(condition === undefined ? revocation : { ...revocation, condition });
  }
}

class ExceptsTokensWithoutClient extends Mutant {
  override apply(revocation: Revocation): void {
    const clients = clientsOf(revocation);
    super.apply(
      clients === undefined ? revocation : { ...revocation, condition: { exceptClients: [...clients, 'none'] } },
    );
  }

  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    return super.find({ ...token, clientId: token.clientId ?? 'none' }, now, cutoffClaim);
  }
}

/** Whom one revocation lets off it asks about no other. */
class StopsAtAnException extends Mutant {
  readonly #excepted: Revocation[] = [];

  override apply(revocation: Revocation): void {
    if (clientsOf(revocation) !== undefined) this.#excepted.push(revocation);
    super.apply(revocation);
  }

  override find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    const isExcepted = this.#excepted.some(
      (one) => one.issuer === token.issuer && clientsOf(one)?.includes(token.clientId ?? '') === true,
    );
    return isExcepted ? undefined : super.find(token, now, cutoffClaim);
  }
}

class SpreadsWithoutEnd extends Mutant {
  override apply(revocation: Revocation): void {
    const { condition } = revocation;
    if (condition === undefined || !('spread' in condition)) super.apply(revocation);
    else super.apply({ ...revocation, condition: { spread: { ...condition.spread, until: epochSeconds(4e9) } } });
  }
}

/** Everybody can compute when it is his turn. */
class WavesWithoutKey extends Mutant {
  protected override readonly good = aSmallIndex({ hashKey: new Uint8Array(16) });
}

/** Remembers what it was told, to write the image of another index. */
class ImageOfAnother extends Mutant {
  readonly #steps: ((index: RevocationIndex) => void)[] = [];

  constructor(private readonly change: (revocation: Revocation) => Revocation | undefined) {
    super();
  }

  override apply(revocation: Revocation): void {
    super.apply(revocation);
    const changed = this.change(revocation);
    if (changed !== undefined) this.#steps.push((index) => index.apply(changed));
  }

  override lift(lift: Lift): void {
    super.lift(lift);
    this.#steps.push((index) => index.lift(lift));
  }

  override reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number {
    this.#steps.push((index) => index.reclaim(now, newestTick, entriesMax));
    return super.reclaim(now, newestTick, entriesMax);
  }

  override image(): Iterable<Uint8Array> {
    const other = aSmallIndex();
    for (const step of this.#steps) step(other);
    return other.image();
  }
}

/** Whoever reads their images answers otherwise than they do. */
export const IMAGE_MUTANTS: readonly (readonly [string, () => RevocationIndex])[] = [
  [
    'without its entries that have a condition',
    (): RevocationIndex => new ImageOfAnother((one) => (one.condition ? undefined : one)),
  ],
  ['without the conditions of its entries', (): RevocationIndex => new ImageOfAnother(plainOf)],
];

/** What is wrong with each. */
export const INDEX_MUTANTS: readonly (readonly [string, new () => RevocationIndex])[] = [
  ['whose filter drops a bit', DropsABit],
  ['that lifts by key instead of by id', LiftsByKey],
  ['that ignores a lift which comes before its revocation', ForgetsEarlyLifts],
  ['that ends entries one second early', EndsASecondEarly],
  ['that never ends an entry', NeverEnds],
  ['whose cut-offs include their own second', CutsOffInclusively],
  ['that keeps the latest record of a key only', KeepsTheLatestOnly],
  ['that drops what is superseded for good', LiftsSuperseded],
  ['that reclaims by the local clock alone', ReclaimsByLocalClock],
  ['that reclaims as soon as an entry has ended', ReclaimsAtOnce],
  ['that takes one issuer for another', MixesIssuers],
  ['that passes tokens without the time a cut-off is compared with', PassesTokensWithoutTime],
  ['that asks for the kid and not for the thumbprint', AsksOneNameOfAKey],
  ['that hashes the signing input of every token', HashesAlways],
  ['that promises that logging in again helps', PromisesLogin],
  ['that heeds no condition', HeedsNoCondition],
  ['that keeps a condition after the record that ends it', KeepsConditions],
  ['that lets off by the condition of another record of the key', ConditionsByKey],
  ['that excepts tokens without a client', ExceptsTokensWithoutClient],
  ['that asks no further once a token is excepted', StopsAtAnException],
  ['that never ends a spread', SpreadsWithoutEnd],
  ['whose waves anybody can compute', WavesWithoutKey],
];
