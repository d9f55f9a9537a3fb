import { type Clock } from '@revocast/core';
import { ProviderError } from './identity-provider.js';
import { assertSuccess, type Authorize, type Fetch, isFields, send } from './provider-http.js';

/** An access token is taken for over this much earlier, so that none ends on its way. Milliseconds. */
const EARLIER_MS = 30_000;
const LIFETIME_SECONDS_DEFAULT = 60;

export interface ClientCredentialsOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Read at each login, so that a secret in a file can be replaced while the service runs. */
  readonly secret: () => string;
  /** What this provider wants beside them, such as Auth0's `audience`. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Logs in by the client credentials grant (RFC 6749 section 4.4), one login at a time, and keeps the token in memory. */
export const clientCredentials = (options: ClientCredentialsOptions): Authorize => {
  let token: { readonly value: string; readonly until: number } | undefined;
  let login: Promise<string> | undefined;
  const logIn = async (): Promise<string> => {
    const { value, lifetimeMs } = await requestToken(options);
    token = { value, until: options.clock.monotonic() + lifetimeMs - EARLIER_MS };
    return value;
  };
  return async (fresh) => {
    if (fresh) token = undefined;
    if (token !== undefined && options.clock.monotonic() < token.until) return `Bearer ${token.value}`;
    login ??= logIn().finally(() => (login = undefined));
    return `Bearer ${await login}`;
  };
};

const requestToken = async (options: ClientCredentialsOptions): Promise<{ value: string; lifetimeMs: number }> => {
  const { fetch, tokenUrl: url, clientId, secret, more } = options;
  const body = new URLSearchParams({
    ...{ grant_type: 'client_credentials', client_id: clientId, client_secret: secret() },
    ...more,
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const reply = await send(fetch, { method: 'POST', url, headers, body });
  // RFC 6749 section 5.2 answers wrong credentials with 400 as well: whoever mends them is waited for.
  if (reply.status === 400 || reply.status === 404) throw new ProviderError('refused');
  assertSuccess(reply);
  if (!isFields(reply.body) || typeof reply.body['access_token'] !== 'string') throw new ProviderError('broken');
  const seconds = Number(reply.body['expires_in'] ?? LIFETIME_SECONDS_DEFAULT);
  return { value: reply.body['access_token'], lifetimeMs: (seconds > 0 ? seconds : LIFETIME_SECONDS_DEFAULT) * 1000 };
};
