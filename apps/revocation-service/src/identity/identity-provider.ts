import { type EpochMs } from '@revocast/core';

export const PROVIDER_KINDS = ['keycloak', 'auth0', 'okta', 'entra', 'cognito'] as const;
export type ProviderKind = (typeof PROVIDER_KINDS)[number];

/** Somebody whom a provider knows. Personal data: shown to the operator who asked, and kept, logged and published nowhere. */
export interface Person {
  /** What the access tokens of this issuer name the person by. */
  readonly subject: string;
  readonly username?: string;
  readonly email?: string;
  readonly name?: string;
  /** Whether the provider still lets the person log in. */
  readonly enabled?: boolean;
}

/** A login that lives at the provider. */
export interface ProviderSession {
  /** As `sid` of access tokens, where they carry one. */
  readonly id: string;
  readonly startedAt?: EpochMs;
  readonly lastSeenAt?: EpochMs;
}

/** Whose sessions are to end, in the words of the tokens. */
export type EndTarget =
  { readonly kind: 'subject'; readonly subject: string } | { readonly kind: 'session'; readonly session: string };

/** `unknown`: the provider has no such person or session (any more), so there was nothing to end. */
export type EndOutcome = 'ended' | 'unknown';

/**
 * What an identity provider can be asked. Every call ends within `PROVIDER_MS_MAX` and rejects with `ProviderError` only,
 * whose message holds neither a secret nor anything of a person.
 */
export interface IdentityProvider {
  readonly kind: ProviderKind;
  /** The issuer of the tokens, as in `iss`. */
  readonly issuer: string;
  /** What `end` can end here. */
  readonly ends: readonly EndTarget['kind'][];
  /** People whose name or e-mail address this may be; at most `PERSONS_MAX`. */
  resolve(nameOrEmail: string): Promise<readonly Person[]>;
  /** Undefined = the provider does not tell. */
  sessions(subject: string): Promise<readonly ProviderSession[] | undefined>;
  /** Ends sessions and the refresh tokens that belong to them. Again does no harm. */
  end(target: EndTarget): Promise<EndOutcome>;
}

export const PERSONS_MAX = 20;
/** For one request to a provider. Milliseconds. */
export const PROVIDER_MS_MAX = 10_000;

/**
 * `unreachable` no answer in time; `busy` asked to come back later; `broken` an error of the provider's own or an answer that
 * nobody can read; `refused` our credentials or rights do not suffice; `rejected` it will never do this.
 */
export type ProviderFailure = 'unreachable' | 'busy' | 'broken' | 'refused' | 'rejected';

export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly failure: ProviderFailure,
    /** What the provider asked for. Milliseconds. */
    readonly retryAfterMs?: number,
  ) {
    // The cause is left out: its text may hold the URL, and with it a name or an e-mail address.
    super(`the identity provider is ${failure}`);
  }
}
