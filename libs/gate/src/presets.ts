import { type IssuerInput, type Preset, type PresetName } from './issuer-config.js';

const preset =
  (name: PresetName): Preset =>
  (input) => ({ ...input, preset: name });

/** Keycloak 25 or later. `issuer`: `https://<host>/realms/<realm>`; add an audience mapper and name your API in `audience`. */
export const keycloak: Preset = preset('keycloak');
/**
 * Auth0. `issuer`: `https://<tenant>.auth0.com/`, with the slash. `sid` is reserved in access tokens: to revoke
 * sessions, add a namespaced claim by an Action and name it in `claims.session`.
 */
export const auth0: Preset = preset('auth0');
/** Microsoft Entra ID. `issuer`: `https://login.microsoftonline.com/<tenant>/v2.0`; subjects are named by their `oid`. */
export const entra: Preset = preset('entra');
/** Amazon Cognito. `issuer`: `https://cognito-idp.<region>.amazonaws.com/<pool>`; sessions are named by their `origin_jti`. */
export const cognito: Preset = preset('cognito');
/** Okta custom authorization server. `issuer`: `https://<org>.okta.com/oauth2/<server>`; users are named by their `uid`. */
export const okta: Preset = preset('okta');
/** Any issuer of OpenID Connect or OAuth; `profile: 'rfc9068'` holds it to the JWT profile for access tokens. */
export const oidc: Preset = preset('oidc');
/** Tokens of @nestjs/jwt as its tutorial makes them: HS256 with a shared secret and no `iss`. */
export const nestJwt: Preset = preset('nestJwt');

const DAY = 86_400;

/**
 * What each identity provider puts into its access tokens; README.md of this package has the table.
 * Only what differs from the defaults of the schema.
 */
export const PRESET_SETTINGS: Readonly<Record<PresetName, Partial<IssuerInput>>> = {
  keycloak: {
    audience: 'account',
    claims: { client: ['azp', 'client_id'], device: [] },
    // Keycloak signs refresh, offline, logout and action tokens with keys of the same realm.
    require: { typ: ['Bearer', 'DPoP'] },
  },
  auth0: {
    algorithms: ['RS256', 'PS256'],
    claims: { client: ['azp', 'client_id'], session: [], device: [] },
  },
  entra: {
    algorithms: ['RS256'],
    tokenTypes: ['jwt'],
    claims: { tokenId: ['uti'], subject: ['oid'], client: ['azp', 'appid'], device: ['deviceid'] },
    pairwise: true,
    // Entra dates tokens back by five minutes.
    issuedAtOffsetSeconds: 300,
    // Continuous access evaluation gives tokens up to 28 hours, counted from the dated-back `iat`.
    maxLifetimeSeconds: 29 * 3600,
    sessionMaxSeconds: 90 * DAY,
  },
  cognito: {
    audience: false,
    algorithms: ['RS256'],
    claims: { session: ['origin_jti'], client: ['client_id'], device: ['device_key'] },
    // Its access tokens name no audience; this is what tells them from its ID tokens.
    require: { token_use: 'access' },
  },
  okta: {
    algorithms: ['RS256'],
    claims: { subject: ['uid', 'sub'], client: ['cid'], session: [], device: [] },
    require: ['cid'],
  },
  oidc: {},
  nestJwt: {
    audience: false,
    tokenTypes: ['jwt'],
    assumeIssuer: true,
    claims: { session: [], client: [], device: [] },
  },
};

/** What RFC 9068 sections 2.1 and 2.2 require of an access token. */
export const RFC9068_SETTINGS: Partial<IssuerInput> = {
  tokenTypes: ['at+jwt'],
  claims: { client: ['client_id'] },
  require: ['aud', 'client_id', 'jti'],
};

/** Issuers whose access tokens never have `auth_time`: a cut-off on it would also hit every new token. */
export const WITHOUT_AUTH_TIME: readonly PresetName[] = ['auth0', 'nestJwt'];
