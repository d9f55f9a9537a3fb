import { readFileSync } from 'node:fs';
import { type Clock, RevocationError } from '@revocast/core';
import { keyUrlProblem } from '@revocast/gate';
import { z } from 'zod';
import { Auth0Provider } from './auth0.js';
import { clientCredentials } from './client-credentials.js';
import { CognitoProvider } from './cognito.js';
import { EntraProvider } from './entra.js';
import { type IdentityProvider, ProviderError } from './identity-provider.js';
import { KeycloakProvider } from './keycloak.js';
import { OktaProvider } from './okta.js';
import { type Fetch, ProviderApi } from './provider-http.js';

const text = z.string().min(1);
const url = text.superRefine((value, context) => {
  const problem = keyUrlProblem(value);
  // Credentials go there.
  if (problem !== undefined) context.addIssue(problem);
});
const common = {
  issuer: text,
  /** Where the secret is: never in the settings themselves, which are shown and copied. */
  secretFile: text.optional(),
  secretEnv: text.optional(),
};
const withClient = { ...common, clientId: text };

const providerSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('keycloak'), ...withClient, adminUrl: url.optional(), tokenUrl: url.optional() }),
    z.strictObject({ kind: z.literal('auth0'), ...withClient, apiUrl: url.optional(), tokenUrl: url.optional() }),
    z.strictObject({ kind: z.literal('okta'), ...common, apiUrl: url.optional() }),
    z.strictObject({ kind: z.literal('entra'), ...withClient, apiUrl: url.optional(), tokenUrl: url.optional() }),
    z.strictObject({ kind: z.literal('cognito'), ...common, accessKeyId: text, apiUrl: url.optional() }),
  ])
  .refine(({ secretFile, secretEnv }) => (secretFile === undefined) !== (secretEnv === undefined), {
    error: 'needs its secret from one place: give secretFile or secretEnv, never the secret itself',
  });
const providersSchema = z.array(providerSchema);

type ProviderInput = z.infer<typeof providerSchema>;
type InputOf<Kind extends ProviderInput['kind']> = Extract<ProviderInput, { kind: Kind }>;

/** One provider as configured. */
export interface ProviderSettings {
  readonly input: ProviderInput;
  /** Read at each use: a file may be replaced while the service runs. Throws ProviderError. */
  readonly secret: () => string;
}

/** Checks providers. Throws ERR_CONFIG with all problems. `issuers` are the names that are configured. */
export const parseProviders = (
  input: unknown,
  issuers: ReadonlySet<string>,
  environment: Environment,
): readonly ProviderSettings[] => {
  const parsed = providersSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `[${path.map(String).join('.')}]: ${message}`);
    throw new RevocationError('ERR_CONFIG', problems.join('\n'));
  }
  const problems = parsed.data.flatMap((provider, at) =>
    problemsOf(provider, issuers, environment).map((one) => `[${at}]: ${one}`),
  );
  const names = parsed.data.map(({ issuer }) => issuer);
  if (new Set(names).size < names.length) problems.push('each issuer may have one provider');
  if (problems.length > 0) throw new RevocationError('ERR_CONFIG', problems.join('\n'));
  return parsed.data.map((provider) => ({ input: provider, secret: secretOf(provider, environment) }));
};

type Environment = Readonly<Record<string, string | undefined>>;

const problemsOf = (
  provider: ProviderInput,
  issuers: ReadonlySet<string>,
  environment: Environment,
): readonly string[] => [
  ...(issuers.has(provider.issuer) ? [] : ['issuer: is none of REVOCAST_ISSUERS, named as there']),
  ...(hasSecret(provider, environment) ? [] : ['the secret cannot be read, or is empty']),
  ...(missingUrl(provider) ?? []),
];

const hasSecret = (provider: ProviderInput, environment: Environment): boolean => {
  try {
    return secretOf(provider, environment)() !== '';
  } catch {
    return false;
  }
};

/** Issuers of which nothing can be derived must say where the API is. */
const missingUrl = (provider: ProviderInput): readonly string[] | undefined => {
  if (provider.kind === 'keycloak' && provider.adminUrl === undefined && realmOf(provider.issuer) === undefined) {
    return ['adminUrl: is needed, since the issuer does not end with /realms/<realm>'];
  }
  if (provider.kind === 'cognito' && poolOf(provider.issuer) === undefined) {
    return ['issuer: must be https://cognito-idp.<region>.amazonaws.com/<pool>, or end with /<region>_<pool>'];
  }
  return undefined;
};

const secretOf = ({ secretFile, secretEnv = '' }: ProviderInput, environment: Environment): (() => string) =>
  secretFile === undefined ? () => environment[secretEnv] ?? '' : () => readSecret(secretFile);

/** A file that is gone for a moment is waited for like wrong credentials. */
const readSecret = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new ProviderError('refused');
  }
};

export interface ProviderParts {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

export const createProvider = ({ input, secret }: ProviderSettings, parts: ProviderParts): IdentityProvider => {
  switch (input.kind) {
    case 'keycloak':
      return keycloakOf(input, parts, secret);
    case 'auth0':
      return auth0Of(input, parts, secret);
    case 'okta':
      return oktaOf(input, parts, secret);
    case 'entra':
      return entraOf(input, parts, secret);
    case 'cognito':
      return cognitoOf(input, parts, secret);
  }
};

const withoutSlash = (address: string): string => address.replace(/\/+$/, '');

/** `https://host[/path]/realms/<realm>`: the realm's API is beside it. */
const realmOf = (issuer: string): { readonly base: string; readonly realm: string } | undefined => {
  const found = /^(?<base>.+)\/realms\/(?<realm>[^/]+)$/.exec(issuer)?.groups;
  return found === undefined ? undefined : { base: found['base'] ?? '', realm: found['realm'] ?? '' };
};

type Make<Kind extends ProviderInput['kind']> = (
  settings: InputOf<Kind>,
  parts: ProviderParts,
  secret: () => string,
) => IdentityProvider;

const keycloakOf: Make<'keycloak'> = ({ issuer, clientId, adminUrl, tokenUrl }, { fetch, clock }, secret) => {
  const { base, realm } = realmOf(issuer) ?? { base: '', realm: '' };
  const login = clientCredentials({
    ...{ fetch, clock, clientId, secret },
    tokenUrl: tokenUrl ?? `${issuer}/protocol/openid-connect/token`,
  });
  return new KeycloakProvider(
    issuer,
    new ProviderApi(fetch, login),
    withoutSlash(adminUrl ?? `${base}/admin/realms/${realm}`),
  );
};

const auth0Of: Make<'auth0'> = ({ issuer, clientId, apiUrl, tokenUrl }, { fetch, clock }, secret) => {
  const host = withoutSlash(issuer);
  const api = withoutSlash(apiUrl ?? `${host}/api/v2`);
  const login = clientCredentials({
    ...{ fetch, clock, clientId, secret },
    tokenUrl: tokenUrl ?? `${host}/oauth/token`,
    more: { audience: `${api}/` },
  });
  return new Auth0Provider(issuer, new ProviderApi(fetch, login), api);
};

const oktaOf: Make<'okta'> = ({ issuer, apiUrl }, { fetch }, secret) => {
  const api = new ProviderApi(fetch, () => Promise.resolve(`SSWS ${secret()}`));
  return new OktaProvider(issuer, api, withoutSlash(apiUrl ?? `${new URL(issuer).origin}/api/v1`));
};

const entraOf: Make<'entra'> = ({ issuer, clientId, apiUrl, tokenUrl }, { fetch, clock }, secret) => {
  const graph = withoutSlash(apiUrl ?? 'https://graph.microsoft.com/v1.0');
  const login = clientCredentials({
    ...{ fetch, clock, clientId, secret },
    tokenUrl: tokenUrl ?? `${issuer.replace(/\/v2\.0$/, '')}/oauth2/v2.0/token`,
    more: { scope: `${new URL(graph).origin}/.default` },
  });
  return new EntraProvider(issuer, new ProviderApi(fetch, login), graph);
};

const poolOf = (issuer: string): { readonly region: string; readonly poolId: string } | undefined => {
  const found = /\/(?<poolId>(?<region>[a-z]{2}(?:-[a-z]+)+-\d)_[A-Za-z0-9]+)$/.exec(issuer)?.groups;
  return found === undefined ? undefined : { region: found['region'] ?? '', poolId: found['poolId'] ?? '' };
};

const cognitoOf: Make<'cognito'> = ({ issuer, accessKeyId, apiUrl }, { fetch, clock }, secret) => {
  const { region, poolId } = poolOf(issuer) ?? { region: '', poolId: '' };
  const endpoint = apiUrl ?? `${new URL(issuer).origin}/`;
  return new CognitoProvider({ issuer, fetch, clock, endpoint, poolId, region, accessKeyId, secret });
};
