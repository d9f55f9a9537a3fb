import { hash } from 'node:crypto';
import { RevocationError, type TokenFacts } from '@revocast/core';
import { LRUCache } from 'lru-cache';
import { type TokenClaims } from './answer.js';
import { copyClaims, heapBytesOf } from './claims-copy.js';
import { type VerificationKey } from './jwk.js';
import { type Keys } from './key-set.js';
import { type Trust } from './trust.js';

/** Bounds of the verified-token cache; whichever is reached first, the token that was not seen for longest goes. */
export interface TokenCacheOptions {
  /** Default 20,000: that many callers at once on one node. Each entry allowed takes 40 bytes also while it is empty. */
  readonly entriesMax?: number;
  /** Estimated heap. Default 67,108,864 (64 MiB): some 17,000 usual tokens, which count 4 kB each and take 2.2 kB. */
  readonly bytesMax?: number;
}

/** For metrics. No entry is ever shown. */
export interface TokenCacheStatus {
  readonly entries: number;
  /** Estimated heap of the entries. */
  readonly bytes: number;
  /** Checks that needed no signature verification, since the process began. */
  readonly hits: number;
  /** Checks of tokens that were not known, or not any more, since the process began. */
  readonly misses: number;
}

export const TOKEN_CACHE_ENTRIES_MAX_DEFAULT = 20_000;
export const TOKEN_CACHE_BYTES_MAX_DEFAULT = 67_108_864;
/** More would allocate gigabytes at start. */
const ENTRIES_MAX_LIMIT = 10_000_000;

/** Of its bytes: beyond it one more large token may have cost another one its place. */
const FULL_SHARE = 0.9;

/** Name, place in the list, facts with their texts. Bytes. */
const ENTRY_BYTES = 900;

/** What a request needs of a verified token beside its claims. */
export interface Known {
  readonly facts: TokenFacts;
  /** When it expires, clock skew included. Seconds since 1970. */
  readonly endsAt: number;
  /** Which claims it carries, as `carriedBy` says it. */
  readonly carried: number;
}

/** What a verified token rests on. One object, and numbers in it: each that had to be looked up elsewhere is a wait for memory. */
export interface Proven extends Known {
  readonly trust: Trust;
  readonly key: VerificationKey;
  /** The keys among which `key` was seen last. */
  keys: Keys;
  /** When it was asked for last. Seconds since 1970. */
  usedAt: number;
  /** The latest of the times before which the token is not good, clock skew taken off. Seconds since 1970. */
  readonly startsAt: number;
}

interface Entry extends Proven {
  /** Nobody else holds these. */
  readonly claims: TokenClaims;
}

/** A token that was asked for lately. */
export interface RecentToken {
  readonly name: string;
  readonly facts: TokenFacts;
  readonly endsAt: number;
}

/** What a request needs of a verified token. */
export interface Recalled {
  readonly claims: TokenClaims;
  readonly known: Known;
}

const isBound = (value: number, max: number): boolean => Number.isSafeInteger(value) && value > 0 && value <= max;

/** Checks the option and fills in defaults; `false` = no cache. Throws ERR_CONFIG with every problem, one a line. */
export const tokenCacheBounds = (option: false | TokenCacheOptions = {}): Required<TokenCacheOptions> | undefined => {
  if (option === false) return undefined;
  const { entriesMax = TOKEN_CACHE_ENTRIES_MAX_DEFAULT, bytesMax = TOKEN_CACHE_BYTES_MAX_DEFAULT } = option;
  const problems = [
    ...(isBound(entriesMax, ENTRIES_MAX_LIMIT)
      ? []
      : [`tokenCache.entriesMax: a whole number from 1 to ${ENTRIES_MAX_LIMIT}, or tokenCache: false`]),
    ...(isBound(bytesMax, Number.MAX_SAFE_INTEGER)
      ? []
      : ['tokenCache.bytesMax: a whole number of bytes above 0, or tokenCache: false']),
  ];
  if (problems.length > 0) throw new RevocationError('ERR_CONFIG', problems.join('\n'));
  return { entriesMax, bytesMax };
};

/**
 * Names a token by what nobody can make twice. The digest stands for the whole token: another spelling of it, or the
 * same claims under another signature, is another name. It costs as much as a look-up of a fresh string of this length,
 * and unlike the token it is worth nothing to who reads our memory. As UTF-8, never as Latin-1: that keeps the low byte
 * of each character only, and a token would have look-alikes. The digest itself is written a character a
 * byte: the shortest text there is for it, and nobody reads it.
 */
const nameOf = (token: string): string => hash('sha256', token, 'binary');

/** Remembers what tokens say that were verified; whether it still holds is for the asker to judge, on every request. */
export class TokenCache {
  readonly #entries: LRUCache<string, Entry>;
  #hits = 0;
  #misses = 0;

  constructor(private readonly bounds: Required<TokenCacheOptions>) {
    const { entriesMax, bytesMax } = bounds;
    this.#entries = new LRUCache({ max: entriesMax, maxSize: bytesMax });
  }

  /** An entry that `holds` not any more is dropped. */
  recall(token: string, holds: (proven: Proven) => boolean): Recalled | undefined {
    const name = nameOf(token);
    const entry = this.#entries.get(name);
    if (entry === undefined || !holds(entry)) {
      if (entry !== undefined) this.#entries.delete(name);
      this.#misses += 1;
      return undefined;
    }
    this.#hits += 1;
    return { claims: copyClaims(entry.claims), known: entry };
  }

  /**
   * Only for a token that has just been verified, all of it. Keeps `claims` themselves: from here on everybody gets what
   * this returns, or copies. A token too large or too deep for the cache is not kept.
   */
  keep(token: string, claims: TokenClaims, proven: Proven): Recalled {
    const size = ENTRY_BYTES + heapBytesOf(claims);
    if (!Number.isFinite(size)) return { claims, known: proven };
    this.#entries.set(nameOf(token), { ...proven, claims }, { size });
    return { claims: copyClaims(claims), known: proven };
  }

  forget(token: string): void {
    this.#entries.delete(nameOf(token));
  }

  retain(holds: (proven: Proven) => boolean): void {
    for (const [name, entry] of [...this.#entries.entries()]) if (!holds(entry)) this.#entries.delete(name);
  }

  /** Tokens asked for since then, the latest first, and their names, which nobody can turn into a token. At most `entriesMax`. */
  recent(sinceSeconds: number, entriesMax: number): readonly RecentToken[] {
    const found: RecentToken[] = [];
    for (const [name, { facts, usedAt, endsAt }] of this.#entries.entries()) {
      // The list is in the order of use.
      if (usedAt < sinceSeconds || found.length >= entriesMax) break;
      found.push({ name, facts, endsAt });
    }
    return found;
  }

  /** Whether tokens were dropped that may have been asked for lately. */
  get isFull(): boolean {
    const { size, calculatedSize } = this.#entries;
    return size >= this.bounds.entriesMax || calculatedSize > this.bounds.bytesMax * FULL_SHARE;
  }

  status(): TokenCacheStatus {
    const { size, calculatedSize } = this.#entries;
    return { entries: size, bytes: calculatedSize, hits: this.#hits, misses: this.#misses };
  }
}
