import { type IssuerSettings, type PatternValues } from '@revocast/core';

export const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export const SYMMETRIC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

/** Signature algorithms an issuer may be allowed (RFC 7518 section 3.1, RFC 8037, RFC 9864); `none` is not among them. */
export type Algorithm = (typeof ASYMMETRIC_ALGORITHMS)[number] | (typeof SYMMETRIC_ALGORITHMS)[number];

/** Names under which the settings that an identity provider needs are known; each is also a function of that name. */
export const PRESETS = ['keycloak', 'auth0', 'entra', 'cognito', 'okta', 'oidc', 'nestJwt'] as const;
export type PresetName = (typeof PRESETS)[number];

/** A public key of an issuer (RFC 7517). */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly kid?: string;
  readonly use?: string;
  readonly alg?: string;
  readonly key_ops?: readonly string[];
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
}

/**
 * Which issuers of a pattern are accepted: any that exist there, those whose placeholders have one of the listed values, or
 * those for which a function says so. The function is asked with tokens of issuers that are not at hand, so it must
 * be quick, and its answer must not change.
 */
export type IssuerRule =
  'any' | Readonly<Record<string, readonly string[]>> | ((values: PatternValues, issuer: string) => boolean);

/** Where the keys of one issuer come from: exactly one of these, and never a key that the token itself brings along. */
export type KeySource =
  | { readonly kind: 'jwks'; readonly jwks: readonly PublicJwk[] }
  | { readonly kind: 'jwksUri'; readonly url: string }
  /** `urls` are asked in order for a metadata document (OIDC Discovery, RFC 8414) that names the `jwks_uri`. */
  | { readonly kind: 'discovery'; readonly urls: readonly string[] }
  | { readonly kind: 'secret'; readonly secret: string };

/** One issuer, checked and complete: what `parseIssuers` makes of an `IssuerInput`. */
export interface IssuerConfig extends IssuerSettings {
  /** Set where `issuer` is a pattern: which of the issuers that it matches are accepted. */
  readonly allow?: IssuerRule;
  /** Set on one issuer of a pattern: the pattern, under which its settings are declared. */
  readonly family?: string;
  /** Other spellings of `iss` that mean this issuer, such as one with a trailing slash. Facts carry `issuer`, never an alias. */
  readonly aliases: readonly string[];
  readonly keys: KeySource;
  /** A token must name one of these; `false` = whatever it names, for issuers that send none. */
  readonly audience: readonly string[] | false;
  readonly algorithms: readonly Algorithm[];
  /** Allowed `typ` headers in lower case and without `application/`; `null` = a token may come without one. */
  readonly tokenTypes: readonly (string | null)[];
  /** Claims that must have one of these values, such as Cognito's `token_use`. Their names are in `require` too. */
  readonly requireValues: Readonly<Record<string, readonly string[]>>;
  /** Whether a token without `iss` counts as this issuer's; at most one issuer may. */
  readonly assumeIssuer: boolean;
  /** Whether the issuer gives each app another `sub` for one user: then no revocation by `sub` can be complete. */
  readonly pairwise: boolean;
  readonly preset?: PresetName;
  /** Set by `oidc({ profile: 'rfc9068' })`: the token type and the claims that RFC 9068 requires. */
  readonly profile?: 'rfc9068';
}

/** A function that gives an issuer the settings of its identity provider: `keycloak({ issuer, audience })`. */
export type Preset = (input: Omit<IssuerInput, 'preset'>) => IssuerInput;

type Names = string | readonly string[];

/** One issuer as a team writes it, in code or as JSON in `REVOCAST_ISSUERS`. docs/settings.md has the table. */
export interface IssuerInput {
  /**
   * Exactly what the issuer puts into `iss`; or a pattern of many issuers, such as `https://id.example/realms/{realm}` or
   * `https://*.auth.example.com`, which needs `allow`.
   */
  readonly issuer: string;
  /** With a pattern only, and required there: `'any'`, lists of values by placeholder, or, in code, a function. */
  readonly allow?: IssuerRule;
  readonly preset?: PresetName;
  /** Only with the preset `oidc`. */
  readonly profile?: 'rfc9068';
  readonly aliases?: readonly string[];
  /** Public keys in the settings themselves. */
  readonly jwks?: { readonly keys: readonly object[] };
  /** https, or http on loopback; may be on another host than the issuer. */
  readonly jwksUri?: string;
  /** `true` = at the well-known places of the issuer; a URL = there. The default when no other key source is given. */
  readonly discovery?: true | string;
  /** A shared secret for HS256, at least 32 bytes of UTF-8. Whoever can check such tokens can also make them. */
  readonly secret?: string;
  readonly audience?: string | readonly string[] | false;
  readonly algorithms?: readonly Algorithm[];
  readonly tokenTypes?: readonly (string | null)[];
  readonly maxLifetimeSeconds?: number;
  readonly sessionMaxSeconds?: number;
  readonly clockSkewSeconds?: number;
  readonly cutoffClaim?: 'iat' | 'auth_time';
  readonly issuedAtOffsetSeconds?: number;
  readonly leadSeconds?: number;
  /** Overrides single fields of the preset's; `[]` = the issuer has no such claim. */
  readonly claims?: {
    readonly tokenId?: Names;
    readonly session?: Names;
    readonly subject?: Names;
    readonly client?: Names;
    readonly device?: Names;
  };
  /** Required claims: names, or names with the value or values they must have. Added to the preset's. */
  readonly require?: readonly string[] | Readonly<Record<string, true | Names>>;
  readonly assumeIssuer?: boolean;
  readonly pairwise?: boolean;
}
