import {
  type EndOutcome,
  type EndTarget,
  type IdentityProvider,
  type Person,
  PERSONS_MAX,
} from './identity-provider.js';
import { type Fields, flagOf, isFields, listOf, present, type ProviderApi, segment, textOf } from './provider-http.js';

/**
 * Microsoft Graph v1.0, for the directory of one tenant. The app needs the application permissions `User.Read.All` and
 * `User.RevokeSessions.All`.
 */
export class EntraProvider implements IdentityProvider {
  readonly kind = 'entra';
  /** Graph ends all sign-in sessions of a user at once. */
  readonly ends = ['subject'] as const;

  constructor(
    readonly issuer: string,
    private readonly api: ProviderApi,
    /** `https://graph.microsoft.com/v1.0` */
    private readonly graphUrl: string,
  ) {}

  async resolve(nameOrEmail: string): Promise<readonly Person[]> {
    // OData writes a quotation mark in a text twice.
    const value = `'${nameOrEmail.replaceAll("'", "''")}'`;
    const filter = `mail eq ${value} or userPrincipalName eq ${value} or startswith(displayName,${value})`;
    const query = new URLSearchParams({
      $filter: filter,
      $select: 'id,displayName,mail,userPrincipalName,accountEnabled',
      $top: String(PERSONS_MAX),
    });
    const reply = await this.api.call({ method: 'GET', url: `${this.graphUrl}/users?${query.toString()}` });
    return listOf(isFields(reply?.body) ? reply.body['value'] : undefined).flatMap(personOf);
  }

  sessions(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async end(target: EndTarget): Promise<EndOutcome> {
    if (target.kind === 'session') return 'unknown';
    const url = `${this.graphUrl}/users/${segment(target.subject)}/revokeSignInSessions`;
    return (await this.api.call({ method: 'POST', url })) === undefined ? 'unknown' : 'ended';
  }
}

/** `id` is what access tokens carry as `oid`. */
const personOf = (fields: Fields): readonly Person[] => {
  const subject = textOf(fields, 'id');
  if (subject === undefined) return [];
  const [username, email] = [textOf(fields, 'userPrincipalName'), textOf(fields, 'mail')];
  const [name, enabled] = [textOf(fields, 'displayName'), flagOf(fields, 'accountEnabled')];
  return [{ subject, ...present({ username, email, name, enabled }) }];
};
