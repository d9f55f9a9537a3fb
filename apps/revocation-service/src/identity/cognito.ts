import { type Clock } from '@revocast/core';
import { awsAuthorization, type AwsCredentials, awsDate } from './aws-signature.js';
import {
  type EndOutcome,
  type EndTarget,
  type IdentityProvider,
  type Person,
  PERSONS_MAX,
  ProviderError,
} from './identity-provider.js';
import {
  assertSuccess,
  type Fetch,
  type Fields,
  flagOf,
  isFields,
  listOf,
  present,
  quoted,
  send,
  textOf,
} from './provider-http.js';

export interface CognitoOptions {
  readonly issuer: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly endpoint: string;
  readonly poolId: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secret: () => string;
}

/** Its error types, all sent as 400. */
const FAILURES: Readonly<Record<string, ConstructorParameters<typeof ProviderError>[0]>> = {
  TooManyRequestsException: 'busy',
  ThrottlingException: 'busy',
  InternalErrorException: 'broken',
};
const UNKNOWN = ['UserNotFoundException'];
const FINAL = ['InvalidParameterException', 'ResourceNotFoundException'];

/** Amazon Cognito's API of user pools; the key needs `cognito-idp:ListUsers` and `cognito-idp:AdminUserGlobalSignOut`. */
export class CognitoProvider implements IdentityProvider {
  readonly kind = 'cognito';
  /** Signing out ends all refresh tokens of a user; one alone can be revoked only by whoever holds it. */
  readonly ends = ['subject'] as const;

  constructor(private readonly options: CognitoOptions) {}

  get issuer(): string {
    return this.options.issuer;
  }

  async resolve(nameOrEmail: string): Promise<readonly Person[]> {
    const value = quoted(nameOrEmail);
    // It filters by one attribute at a time.
    const found = await Promise.all(
      [`email = ${value}`, `username = ${value}`, `name ^= ${value}`].map((filter) => this.#users(filter)),
    );
    const persons = found.flat().flatMap(personOf);
    return [...new Map(persons.map((person) => [person.subject, person])).values()].slice(0, PERSONS_MAX);
  }

  sessions(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async end(target: EndTarget): Promise<EndOutcome> {
    if (target.kind === 'session') return 'unknown';
    const [user] = await this.#users(`sub = ${quoted(target.subject)}`);
    const username = user && textOf(user, 'Username');
    if (username === undefined) return 'unknown';
    return (await this.#call('AdminUserGlobalSignOut', { Username: username })) === undefined ? 'unknown' : 'ended';
  }

  async #users(filter: string): Promise<readonly Fields[]> {
    const body = await this.#call('ListUsers', { Filter: filter, Limit: PERSONS_MAX });
    return listOf(body?.['Users']);
  }

  /** Undefined = there is no such user. */
  async #call(action: string, input: object): Promise<Fields | undefined> {
    const { fetch, clock, endpoint: url, poolId, accessKeyId, secret, region } = this.options;
    const body = JSON.stringify({ UserPoolId: poolId, ...input });
    const date = awsDate(clock.wall());
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${action}`,
    };
    const credentials: AwsCredentials = { accessKeyId, secret: secret(), region, service: 'cognito-idp' };
    const authorization = awsAuthorization(credentials, { method: 'POST', url, headers, body }, date);
    const reply = await send(fetch, {
      ...{ method: 'POST', url, body },
      headers: { ...headers, 'x-amz-date': date, authorization },
    });
    if (reply.status === 400 && isUnknown(reply.body)) return undefined;
    assertSuccess(reply);
    return isFields(reply.body) ? reply.body : {};
  }
}

/** Whether an error means that there is no such user; throws what any other means. */
const isUnknown = (body: unknown): boolean => {
  // Some gateways put a namespace before the name.
  const type = (isFields(body) ? (textOf(body, '__type') ?? '') : '').split('#').at(-1) ?? '';
  if (UNKNOWN.includes(type)) return true;
  throw new ProviderError(FAILURES[type] ?? (FINAL.includes(type) ? 'rejected' : 'refused'));
};

const personOf = (fields: Fields): readonly Person[] => {
  const attributes = new Map(
    listOf(fields['Attributes'] ?? []).map((one) => [textOf(one, 'Name'), textOf(one, 'Value')]),
  );
  const subject = attributes.get('sub');
  if (subject === undefined) return [];
  const [username, email, name] = [textOf(fields, 'Username'), attributes.get('email'), attributes.get('name')];
  return [{ subject, ...present({ username, email, name, enabled: flagOf(fields, 'Enabled') }) }];
};
