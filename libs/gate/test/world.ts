import {
  createIndex,
  epochMs,
  epochSeconds,
  monotonicMs,
  sequence,
  type Clock,
  type CutoffClaim,
  type Effect,
  type Freshness,
  type RevocationKey,
  type RevocationSource,
} from '@revocast/core';
import { type IssuerInput } from '../src/index.js';

export const ISSUER = 'https://id.example';
export const NOW_SECONDS = 1_800_000_000;

export interface HandClock extends Clock {
  advance(ms: number): void;
}

/** Both clocks stand until they are moved. */
export const handClock = (): HandClock => {
  let elapsed = 0;
  return {
    wall: () => epochMs(NOW_SECONDS * 1000 + elapsed),
    monotonic: () => monotonicMs(elapsed),
    advance: (ms) => {
      elapsed += ms;
    },
  };
};

/** Claims of a token that was just issued and that nothing is wrong with. */
export const goodClaims = (more: object = {}): Record<string, unknown> => ({
  iss: ISSUER,
  sub: 'alice',
  aud: 'orders',
  iat: NOW_SECONDS - 10,
  exp: NOW_SECONDS + 3600,
  jti: 'token-1',
  sid: 'session-1',
  client_id: 'app-1',
  ...more,
});

/** The settings that `goodClaims` fit to. */
export const goodIssuer = (keys: readonly object[], more: Partial<IssuerInput> = {}): IssuerInput => ({
  issuer: ISSUER,
  audience: 'orders',
  jwks: { keys },
  ...more,
});

export const FRESH = { fresh: true, watermark: sequence(7), stalenessMs: 5 } as const;

export interface HandSource extends RevocationSource {
  revoke(key: RevocationKey, effect?: Effect): string;
  freshnessIs(freshness: Freshness): void;
  /** Every bound that was asked for. */
  readonly bounds: readonly number[];
}

/** The real index with a freshness that the test decides. */
export const handSource = (clock: Clock, cutoffClaim: CutoffClaim = 'iat'): HandSource => {
  const index = createIndex({ hashKey: new Uint8Array(16) });
  const bounds: number[] = [];
  let freshness: Freshness = FRESH;
  let revocations = 0;
  return {
    bounds,
    find: (token) => index.find(token, clock.wall(), cutoffClaim),
    freshness: (_issuer, boundMs) => {
      bounds.push(boundMs);
      return freshness;
    },
    freshnessIs: (next) => {
      freshness = next;
    },
    revoke: (key, effect = { kind: 'always' }) => {
      const id = `revocation-${++revocations}`;
      index.apply({ id, issuer: ISSUER, key, effect, retainUntil: epochSeconds(NOW_SECONDS + 7200) });
      return id;
    },
  };
};
