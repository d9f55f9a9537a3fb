import { epochMs } from '@revocast/core';
import {
  type EndOutcome,
  type EndTarget,
  type IdentityProvider,
  type Person,
  PERSONS_MAX,
  type ProviderSession,
} from './identity-provider.js';
import {
  type Fields,
  flagOf,
  isFields,
  listOf,
  present,
  type ProviderApi,
  quoted,
  segment,
  textOf,
} from './provider-http.js';

/**
 * Auth0's Management API v2. Needs `read:users`, `read:sessions`, `delete:sessions`, `delete:refresh_tokens`; its calls for
 * sessions and refresh tokens are part of the Enterprise plan.
 */
export class Auth0Provider implements IdentityProvider {
  readonly kind = 'auth0';
  readonly ends = ['subject', 'session'] as const;

  constructor(
    readonly issuer: string,
    private readonly api: ProviderApi,
    /** `https://<tenant>.auth0.com/api/v2` */
    private readonly apiUrl: string,
  ) {}

  async resolve(nameOrEmail: string): Promise<readonly Person[]> {
    const value = quoted(nameOrEmail);
    const q = ['email', 'name', 'username', 'nickname'].map((field) => `${field}:${value}`).join(' OR ');
    const query = new URLSearchParams({ q, search_engine: 'v3', per_page: String(PERSONS_MAX) });
    const reply = await this.api.call({ method: 'GET', url: `${this.apiUrl}/users?${query.toString()}` });
    return listOf(reply?.body).flatMap(personOf);
  }

  async sessions(subject: string): Promise<readonly ProviderSession[] | undefined> {
    const reply = await this.api.call({ method: 'GET', url: `${this.#user(subject)}/sessions` });
    if (reply === undefined) return [];
    return listOf(isFields(reply.body) ? reply.body['sessions'] : undefined).flatMap(sessionOf);
  }

  async end(target: EndTarget): Promise<EndOutcome> {
    if (target.kind === 'session') {
      // `revoke` ends the refresh tokens of the session as well, which deleting it does not.
      const url = `${this.apiUrl}/sessions/${segment(target.session)}/revoke`;
      return (await this.api.call({ method: 'POST', url })) === undefined ? 'unknown' : 'ended';
    }
    const user = this.#user(target.subject);
    // Refresh tokens outlive the session that they came from, so they go first.
    const tokens = await this.api.call({ method: 'DELETE', url: `${user}/refresh-tokens` });
    const sessions = await this.api.call({ method: 'DELETE', url: `${user}/sessions` });
    return tokens === undefined && sessions === undefined ? 'unknown' : 'ended';
  }

  #user(subject: string): string {
    return `${this.apiUrl}/users/${segment(subject)}`;
  }
}

const personOf = (fields: Fields): readonly Person[] => {
  const subject = textOf(fields, 'user_id');
  if (subject === undefined) return [];
  const [username, email, name] = [textOf(fields, 'username'), textOf(fields, 'email'), textOf(fields, 'name')];
  const blocked = flagOf(fields, 'blocked');
  return [{ subject, ...present({ username, email, name }), enabled: blocked !== true }];
};

const sessionOf = (fields: Fields): readonly ProviderSession[] => {
  const id = textOf(fields, 'id');
  if (id === undefined) return [];
  const [startedAt, lastSeenAt] = [timeOf(fields, 'authenticated_at'), timeOf(fields, 'last_interacted_at')];
  return [{ id, ...present({ startedAt, lastSeenAt }) }];
};

const timeOf = (fields: Fields, name: string): ReturnType<typeof epochMs> | undefined => {
  const ms = Date.parse(textOf(fields, name) ?? '');
  return Number.isNaN(ms) ? undefined : epochMs(ms);
};
