import { KEY_KINDS, type KeyKind, keyOf, kindOf } from '../src/key.js';
import { type Effect, type Revocation } from '../src/revocation.js';
import { type Scope } from '../src/scope.js';
import { type Ending } from './timeline.js';
import { type TokenFacts } from '../src/token.js';

/** One revocation as the index holds it. */
export interface Entry extends Ending {
  readonly id: string;
  readonly scope: Scope;
  readonly kind: KeyKind;
  /** Canonical text of issuer and key. */
  readonly key: string;
  readonly effect: Effect;
  /** Seconds; Infinity = until it is lifted. */
  readonly endsAt: number;
  /** False once it is lifted or reclaimed: the timeline meets such an entry again at its end. */
  present: boolean;
  /** False while the clock stands at or past its end. */
  running: boolean;
}

export const entryOf = ({ id, issuer, key, effect, retainUntil }: Revocation): Entry => ({
  id,
  scope: key.scope,
  kind: kindOf(key),
  key: keyOf(issuer, key),
  effect,
  endsAt: retainUntil === 'lifted' ? Infinity : retainUntil,
  present: true,
  running: true,
});

/**
 * How much an effect hits: everything, or what is before a time. Cut-offs of one key thereby act by their maximum,
 * without any one of them being changed: lifting the latest restores exactly those before it.
 */
const reach = (effect: Effect): number => (effect.kind === 'issuedBefore' ? effect.issuedBefore : Infinity);

/** Orders the entries of one key by reach, the farthest first, then by id: every node names the same revocation. */
export const compareEntries = (a: Entry, b: Entry): number => {
  const [reachA, reachB] = [reach(a.effect), reach(b.effect)];
  if (reachA !== reachB) return reachA > reachB ? -1 : 1;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return b.endsAt === a.endsAt ? 0 : b.endsAt - a.endsAt;
};

/** A cut-off is exclusive and literal; a token without the time it is compared with is hit (fail closed). */
export const hits = (effect: Effect, token: TokenFacts): boolean =>
  effect.kind !== 'issuedBefore' || token.cutoffTime === undefined || token.cutoffTime < effect.issuedBefore;

/** The same record read again, as opposed to another one that was given the same id. */
export const isSameEntry = (a: Entry, b: Entry): boolean =>
  a.key === b.key && a.endsAt === b.endsAt && a.effect.kind === b.effect.kind && reach(a.effect) === reach(b.effect);

/** A number per kind of key, all 0. */
export const countsPerKind = (): Record<KeyKind, number> =>
  Object.fromEntries(KEY_KINDS.map((kind) => [kind, 0])) as Record<KeyKind, number>;
