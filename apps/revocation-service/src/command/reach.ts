import { type Effect, type RevocationKey, type Scope } from '@revocast/core';
import { type KnownIssuer } from './issuer-registry.js';

/** Whether tokens that a refresh token yields later are hit as well. Everybody asks, so every answer says it. */
export interface RefreshTokens {
  readonly covered: boolean;
  readonly note: string;
}

export function refreshTokens({ settings }: KnownIssuer, scope: Scope, effect: Effect): RefreshTokens {
  if (effect.kind === 'suspended') return covered('every token is hit until the revocation is lifted');
  if (scope === 'session') return covered('refreshed tokens keep the session');
  if (effect.kind === 'issuedBefore' && settings.cutoffClaim === 'auth_time') {
    return covered('refreshed tokens keep auth_time, which the cut-off is compared with');
  }
  return {
    covered: false,
    note: 'Refresh tokens at this issuer: NOT covered. A token refreshed from now on is not hit; end the session there, too.',
  };
}

const covered = (because: string): RefreshTokens => ({
  covered: true,
  note: `Refresh tokens at this issuer: covered, since ${because}.`,
});

/** The claims, of which the first one present counts, that each field of the key is compared with. */
export function claimsOf({ settings }: KnownIssuer, key: RevocationKey): readonly (readonly string[])[] {
  const { claims } = settings;
  switch (key.scope) {
    case 'token':
      return 'jti' in key ? [claims.tokenId ?? []] : [];
    case 'session':
      return [claims.session ?? []];
    case 'subject':
      return [claims.subject ?? []];
    case 'client':
      return [claims.client ?? []];
    case 'grant':
      return [claims.subject ?? [], claims.client ?? []];
    case 'device':
      return [claims.device ?? []];
    case 'issuer':
    case 'key':
      return [];
  }
}
