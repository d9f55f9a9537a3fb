import {
  type EndOutcome,
  type EndTarget,
  type IdentityProvider,
  type Person,
  PERSONS_MAX,
} from './identity-provider.js';
import { type Fields, isFields, listOf, present, type ProviderApi, quoted, segment, textOf } from './provider-http.js';

/** Okta's core API, with an API token of an administrator who may clear sessions of users. */
export class OktaProvider implements IdentityProvider {
  readonly kind = 'okta';
  /** Its access tokens name no session. */
  readonly ends = ['subject'] as const;

  constructor(
    readonly issuer: string,
    private readonly api: ProviderApi,
    /** `https://<org>.okta.com/api/v1` */
    private readonly apiUrl: string,
  ) {}

  async resolve(nameOrEmail: string): Promise<readonly Person[]> {
    const value = quoted(nameOrEmail);
    const search = ['email', 'login', 'lastName', 'displayName']
      .map((field) => `profile.${field} eq ${value}`)
      .join(' or ');
    const query = new URLSearchParams({ search, limit: String(PERSONS_MAX) });
    const reply = await this.api.call({ method: 'GET', url: `${this.apiUrl}/users?${query.toString()}` });
    return listOf(reply?.body).flatMap(personOf);
  }

  /** Its API ends sessions of a user and lists none. */
  sessions(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async end(target: EndTarget): Promise<EndOutcome> {
    if (target.kind === 'session') return 'unknown';
    const url = `${this.apiUrl}/users/${segment(target.subject)}/sessions?oauthTokens=true`;
    return (await this.api.call({ method: 'DELETE', url })) === undefined ? 'unknown' : 'ended';
  }
}

const personOf = (fields: Fields): readonly Person[] => {
  const subject = textOf(fields, 'id');
  const profile = isFields(fields['profile']) ? fields['profile'] : {};
  if (subject === undefined) return [];
  const [username, email, display] = [
    textOf(profile, 'login'),
    textOf(profile, 'email'),
    textOf(profile, 'displayName'),
  ];
  const full = [textOf(profile, 'firstName'), textOf(profile, 'lastName')]
    .filter((part) => part !== undefined)
    .join(' ');
  const name = display ?? (full === '' ? undefined : full);
  return [{ subject, ...present({ username, email, name }), enabled: textOf(fields, 'status') === 'ACTIVE' }];
};
