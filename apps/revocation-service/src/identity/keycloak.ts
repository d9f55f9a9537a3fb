import { epochMs } from '@revocast/core';
import {
  type EndOutcome,
  type EndTarget,
  type IdentityProvider,
  type Person,
  PERSONS_MAX,
  type ProviderSession,
} from './identity-provider.js';
import { type Fields, flagOf, listOf, present, type ProviderApi, segment, textOf } from './provider-http.js';

/** The paths of Keycloak's Admin REST API below `/admin/realms/{realm}`; the client needs `view-users` and `manage-users`. */
export class KeycloakProvider implements IdentityProvider {
  readonly kind = 'keycloak';
  readonly ends = ['subject', 'session'] as const;

  constructor(
    readonly issuer: string,
    private readonly api: ProviderApi,
    private readonly adminUrl: string,
  ) {}

  async resolve(nameOrEmail: string): Promise<readonly Person[]> {
    const query = new URLSearchParams({ search: nameOrEmail, max: String(PERSONS_MAX), briefRepresentation: 'true' });
    const reply = await this.api.call({ method: 'GET', url: `${this.adminUrl}/users?${query.toString()}` });
    return listOf(reply?.body).flatMap(personOf);
  }

  async sessions(subject: string): Promise<readonly ProviderSession[] | undefined> {
    const url = `${this.adminUrl}/users/${segment(subject)}/sessions`;
    const reply = await this.api.call({ method: 'GET', url });
    return reply === undefined ? [] : listOf(reply.body).flatMap(sessionOf);
  }

  async end(target: EndTarget): Promise<EndOutcome> {
    if (target.kind === 'subject') {
      // Ends all sessions of the user and makes the tokens that they refreshed with stale.
      const url = `${this.adminUrl}/users/${segment(target.subject)}/logout`;
      return (await this.api.call({ method: 'POST', url })) === undefined ? 'unknown' : 'ended';
    }
    const url = `${this.adminUrl}/sessions/${segment(target.session)}`;
    // An offline session has the id of the login that it came from, and is a second one beside it.
    const online = await this.api.call({ method: 'DELETE', url });
    const offline = await this.api.call({ method: 'DELETE', url: `${url}?isOffline=true` });
    return online === undefined && offline === undefined ? 'unknown' : 'ended';
  }
}

const personOf = (fields: Fields): readonly Person[] => {
  const subject = textOf(fields, 'id');
  if (subject === undefined) return [];
  const name = [textOf(fields, 'firstName'), textOf(fields, 'lastName')].filter((part) => part !== undefined).join(' ');
  const [username, email, enabled] = [textOf(fields, 'username'), textOf(fields, 'email'), flagOf(fields, 'enabled')];
  return [{ subject, ...present({ username, email, enabled, name: name === '' ? undefined : name }) }];
};

/** Its times are epoch milliseconds. */
const sessionOf = (fields: Fields): readonly ProviderSession[] => {
  const id = textOf(fields, 'id');
  if (id === undefined) return [];
  const { start, lastAccess } = fields;
  return [
    {
      id,
      ...(typeof start === 'number' && { startedAt: epochMs(start) }),
      ...(typeof lastAccess === 'number' && { lastSeenAt: epochMs(lastAccess) }),
    },
  ];
};
