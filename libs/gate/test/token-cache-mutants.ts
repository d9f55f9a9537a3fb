import { KeyMemo } from '@revocast/core';
import { createGateWith, type GateOptions } from '../src/gate.js';
import { type GateAnswer, type ReloadableGate, type TokenClaims } from '../src/index.js';
import { TokenCache, type Proven, type Recalled } from '../src/token-cache.js';
import { type MakeGate } from './token-cache-world.js';

const MEMO = new KeyMemo();

type Bounds = ConstructorParameters<typeof TokenCache>[0];
type Holds = (proven: Proven) => boolean;

const withCache =
  (Cache: new (bounds: Bounds) => TokenCache): MakeGate =>
  (options, bounds) =>
    createGateWith(options, new Cache(bounds));

/** Names its entries by something less than the whole token. */
const named = (nameOf: (token: string) => string): MakeGate =>
  withCache(
    class extends TokenCache {
      override recall(token: string, holds: Holds): Recalled | undefined {
        return super.recall(nameOf(token), holds);
      }
      override keep(token: string, claims: TokenClaims, proven: Proven): Recalled {
        return super.keep(nameOf(token), claims, proven);
      }
      override forget(token: string): void {
        super.forget(nameOf(token));
      }
    },
  );

/** Keeps something other than what was proven. */
const keeping = (alter: (proven: Proven) => Proven): MakeGate =>
  withCache(
    class extends TokenCache {
      override keep(token: string, claims: TokenClaims, proven: Proven): Recalled {
        return super.keep(token, claims, alter(proven));
      }
    },
  );

const payloadOf = (token: string): TokenClaims => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as TokenClaims;
  } catch {
    return {};
  }
};

class Unjudged extends TokenCache {
  override recall(token: string): Recalled | undefined {
    return super.recall(token, () => true);
  }
}

class NeverExpiring extends TokenCache {
  override recall(token: string, holds: Holds): Recalled | undefined {
    return super.recall(token, (proven) => holds({ ...proven, endsAt: Infinity }));
  }
}

/** Takes the keys of today for those of then. */
class IgnoringKeys extends TokenCache {
  override recall(token: string, holds: Holds): Recalled | undefined {
    return super.recall(token, (proven) => holds({ ...proven, keys: proven.trust.keySet.atHand() ?? proven.keys }));
  }
}

class Unforgetting extends TokenCache {
  override forget(): void {
    // On purpose.
  }
}

/** Hands out what it keeps. */
class Sharing extends TokenCache {
  readonly #kept = new Map<string, Recalled>();
  override keep(token: string, claims: TokenClaims, proven: Proven): Recalled {
    this.#kept.set(token, { claims, known: proven });
    return super.keep(token, claims, proven);
  }
  override recall(token: string, holds: Holds): Recalled | undefined {
    return super.recall(token, holds) && this.#kept.get(token);
  }
}

/** Remembers a token when it is seen, not when it is verified. */
class Poisoned extends TokenCache {
  #latest: Proven | undefined;
  override keep(token: string, claims: TokenClaims, proven: Proven): Recalled {
    this.#latest = proven;
    return super.keep(token, claims, proven);
  }
  override recall(token: string, holds: Holds): Recalled | undefined {
    const recalled = super.recall(token, holds);
    if (recalled === undefined && this.#latest) super.keep(token, payloadOf(token), this.#latest);
    return recalled;
  }
}

/** Remembers the answer instead of what the token says. */
const rememberingAnswers: MakeGate = (options: GateOptions, bounds: Bounds): ReloadableGate => {
  const real = createGateWith(options, new TokenCache(bounds));
  const answers = new Map<string | undefined, GateAnswer>();
  const check: ReloadableGate['check'] = async (token, policy) => {
    const answer = answers.get(token) ?? (await real.check(token, policy));
    if (answer.outcome === 'pass') answers.set(token, answer);
    return answer;
  };
  return {
    ...{ check, checkNow: check, recheck: (facts, policy) => real.recheck(facts, policy) },
    ...{
      verify: (token, how) => real.verify(token, how),
      checkClaims: (claims, policy) => real.checkClaims(claims, policy),
      coverage: (claims) => real.coverage(claims),
      liveTokens: (question) => real.liveTokens(question),
    },
    ...{ tokenCache: () => real.tokenCache(), withIssuers: (issuers) => real.withIssuers(issuers) },
  };
};

/** Each with a law that it must break: a law that nothing can break proves nothing. */
export const MUTANTS: readonly (readonly [name: string, make: MakeGate, breaks: string])[] = [
  [
    'named without the signature',
    named((token) => token.slice(0, token.lastIndexOf('.'))),
    'another signature over the same header and claims is verified on its own',
  ],
  [
    'named by the payload alone',
    named((token) => token.split('.')[1] ?? ''),
    'a known token with any one character changed is refused',
  ],
  ['named by the trimmed token', named((token) => token.trim()), 'no other spelling of a known token is let in'],
  [
    'named by the low bytes',
    named((token) => Buffer.from(token, 'latin1').toString('latin1')),
    'no other spelling of a known token is let in',
  ],
  [
    'named by the token id, whoever issued it',
    named((token) => String(payloadOf(token)['jti'])),
    'tokens of two issuers that carry the same ids are two tokens',
  ],
  [
    'that ignores the expiry',
    withCache(NeverExpiring),
    'a known token ends with its expiry and clock skew, to the millisecond',
  ],
  [
    'that ignores not-before',
    keeping((proven) => ({ ...proven, startsAt: 0 })),
    'a known token is not good before its times when the clock is set back',
  ],
  [
    'that never looks at the keys again',
    withCache(IgnoringKeys),
    'a key that was taken out ends also while nothing but known tokens come',
  ],
  [
    'that judges nothing again',
    withCache(Unjudged),
    'an issuer whose settings change loses its entries, and the others keep theirs',
  ],
  [
    'that keeps the hashes of one token for all',
    keeping((proven) => ({ ...proven, facts: Object.defineProperty({ ...proven.facts }, 'keyMemo', { value: MEMO }) })),
    'of two known tokens only the one that is named is hit, however often both were asked about',
  ],
  ['that keeps entries of a revoked key', withCache(Unforgetting), 'entries of a revoked key are dropped'],
  ['that shares its claims', withCache(Sharing), 'what a request does to its claims reaches no other request'],
  ['that a failed token poisons', withCache(Poisoned), 'a token that failed is not known afterwards'],
  [
    'that remembers the verdict',
    rememberingAnswers,
    'a known token is refused by the first check after its revocation, whatever the scope',
  ],
];
