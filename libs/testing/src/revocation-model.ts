import {
  createWave,
  type CutoffClaim,
  type EpochMs,
  type Hit,
  type Lift,
  RECLAIM_AFTER_SECONDS,
  type Revocation,
  type RevocationIndex,
  type RevocationKey,
  type TokenFacts,
  type Wave,
} from '@revocast/core';

/**
 * What an index should answer, said as plainly as possible: a list that forgets nothing, asked from end to end.
 * It shares no code with the index but its types, and the hash that says when a subject's wave comes.
 */
export class RevocationModel {
  readonly #revocations = new Map<string, Revocation>();
  readonly #lifted = new Set<string>();
  readonly #wave: Wave;

  constructor(hashKey: Uint8Array = new Uint8Array(16)) {
    this.#wave = createWave(hashKey);
  }

  apply(revocation: Revocation): void {
    // By content: two records that were given one id by mistake both count.
    const { condition } = revocation;
    const name = contentOf(revocation) + JSON.stringify(condition);
    if (!this.#revocations.has(name)) this.#revocations.set(name, revocation);
  }

  lift({ id }: Lift): void {
    this.#lifted.add(id);
  }

  /** Revocations that are not lifted and hit the token, whether or not they have ended. */
  hitting(token: TokenFacts): readonly Revocation[] {
    return this.#unlifted().filter((revocation) => isHit(revocation, token));
  }

  /** Of these, the ones that have not ended at `now`. */
  liveHitting(token: TokenFacts, now: EpochMs): readonly Revocation[] {
    return this.hitting(token).filter(
      (revocation) => isRunning(revocation, now) && !this.#isLetOff(revocation, token, now),
    );
  }

  live(now: EpochMs): readonly Revocation[] {
    return this.#unlifted().filter((revocation) => isRunning(revocation, now));
  }

  /** What is there without its condition as well has none. */
  #unlifted(): readonly Revocation[] {
    const all = [...this.#revocations.values()];
    const plain = new Set(all.filter(({ condition }) => condition === undefined).map(contentOf));
    return all.filter(
      (revocation) =>
        !this.#lifted.has(revocation.id) && (revocation.condition === undefined || !plain.has(contentOf(revocation))),
    );
  }

  #isLetOff({ id, condition }: Revocation, { issuer, clientId, sub }: TokenFacts, now: EpochMs): boolean {
    if (condition === undefined) return false;
    if ('exceptClients' in condition) return condition.exceptClients.some((client) => client === clientId);
    const { from, until } = condition.spread;
    if (sub === undefined) return false;
    const wave = from + (this.#wave(id, issuer, sub) / 2 ** 32) * (until - from);
    return now / 1000 < wave && now / 1000 < until;
  }
}

const contentOf = ({ id, issuer, key, effect, retainUntil }: Revocation): string =>
  JSON.stringify([id, issuer, key, effect, retainUntil]);

const isRunning = ({ retainUntil }: Revocation, now: EpochMs): boolean =>
  retainUntil === 'lifted' || now < retainUntil * 1000;

const isHit = ({ issuer, key, effect }: Revocation, token: TokenFacts): boolean => {
  if (issuer !== token.issuer || !isNamed(key, token)) return false;
  if (effect.kind !== 'issuedBefore') return true;
  return token.cutoffTime === undefined || token.cutoffTime < effect.issuedBefore;
};

const isNamed = (key: RevocationKey, token: TokenFacts): boolean => {
  if ('signingInputHash' in key) return key.signingInputHash === token.signingInputHash();
  const { scope: _scope, ...fields } = key;
  const facts: Partial<Record<string, unknown>> = { ...token };
  return Object.entries(fields).every(([name, value]) => facts[name] === value);
};

/** Something that happens to an index. */
export type IndexStep =
  | { readonly do: 'apply'; readonly revocation: Revocation }
  | { readonly do: 'lift'; readonly lift: Lift }
  | { readonly do: 'reclaim'; readonly now: EpochMs; readonly newestTick: EpochMs; readonly entriesMax: number }
  | { readonly do: 'find'; readonly token: TokenFacts; readonly now: EpochMs; readonly cutoffClaim: CutoffClaim };

/**
 * Plays `steps` on the index and on a model, and says where they first disagree, or undefined if nowhere. A time before
 * what was allowed to be reclaimed is not asked about: there an index may know less than a model that forgets nothing.
 * `hashKey` is the index's; without one it must have 16 zeros, or be given no spread.
 */
export const firstDisagreement = (
  index: RevocationIndex,
  steps: readonly IndexStep[],
  hashKey?: Uint8Array,
): string | undefined => {
  const model = new RevocationModel(hashKey);
  let reclaimedTo = -Infinity;
  for (const step of steps) {
    switch (step.do) {
      case 'apply':
        index.apply(step.revocation);
        model.apply(step.revocation);
        break;
      case 'lift':
        index.lift(step.lift);
        model.lift(step.lift);
        break;
      case 'reclaim':
        index.reclaim(step.now, step.newestTick, step.entriesMax);
        reclaimedTo = Math.max(reclaimedTo, Math.min(step.now, step.newestTick) - RECLAIM_AFTER_SECONDS * 1000);
        break;
      case 'find': {
        const difference = step.now < reclaimedTo ? undefined : disagreementAt(index, model, step);
        if (difference !== undefined) return difference;
      }
    }
  }
  return undefined;
};

type FindStep = IndexStep & { readonly do: 'find' };

const disagreementAt = (index: RevocationIndex, model: RevocationModel, step: FindStep): string | undefined => {
  const { now, cutoffClaim } = step;
  const hashed = { times: 0 };
  const token = withHashCounted(step.token, hashed);
  const answer = wrongHit(index.find(token, now, cutoffClaim), model.liveHitting(step.token, now), cutoffClaim);
  if (answer !== undefined) return answer;
  const live = model.live(now);
  if (hashed.times > 0 && !live.some(({ key }) => 'signingInputHash' in key)) {
    return 'hashed the signing input though nothing asks for it';
  }
  const { liveEntries } = index.size(now);
  return liveEntries === live.length ? undefined : `counts ${liveEntries} live entries instead of ${live.length}`;
};

const withHashCounted = (token: TokenFacts, hashed: { times: number }): TokenFacts => ({
  ...token,
  signingInputHash: () => {
    hashed.times++;
    return token.signingInputHash();
  },
});

/** What is wrong with a hit, given all revocations that hit. */
const wrongHit = (
  hit: Hit | undefined,
  hitting: readonly Revocation[],
  cutoffClaim: CutoffClaim,
): string | undefined => {
  const ids = hitting.map(({ id }) => id).join(', ');
  if (hit === undefined) return hitting.length === 0 ? undefined : `misses ${ids}`;
  const named = hitting.filter(({ id, key }) => id === hit.revocationId && key.scope === hit.scope);
  if (named.length === 0) return `names ${hit.scope} ${hit.revocationId}, but what hits is: ${ids}`;
  const loginHelps = cutoffClaim === 'auth_time' && hitting.every(({ effect }) => effect.kind === 'issuedBefore');
  return hit.byAuthTime === loginHelps ? undefined : `says byAuthTime ${String(hit.byAuthTime)}`;
};
