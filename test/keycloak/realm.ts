export const REALM = 'shop';
export const AUDIENCE = 'orders';

export interface RealmSecrets {
  /** Alice's. */
  readonly password: string;
  /** Of the client that the revocation service logs in as. */
  readonly clientSecret: string;
}

/** A realm as an administrator sets it up by docs/identity-providers.md: an app, its audience, and the service's client. */
export const realmWith = ({ password, clientSecret }: RealmSecrets): object => ({
  realm: REALM,
  enabled: true,
  clients: [
    {
      // Sessions name it, and recordings do.
      id: '4170b9c0-d403-4504-8db4-f56d34e2e4de',
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      redirectUris: ['http://127.0.0.1/*'],
      protocolMappers: [
        {
          name: 'orders-audience',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.custom.audience': AUDIENCE, 'access.token.claim': 'true', 'id.token.claim': 'false' },
        },
      ],
    },
    {
      clientId: 'revocast',
      secret: clientSecret,
      publicClient: false,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
    },
  ],
  users: [
    {
      username: 'alice',
      email: 'alice@example.com',
      emailVerified: true,
      firstName: 'Alice',
      lastName: 'Adams',
      enabled: true,
      credentials: [{ type: 'password', value: password, temporary: false }],
      realmRoles: ['default-roles-shop', 'offline_access'],
    },
    {
      username: 'service-account-revocast',
      enabled: true,
      serviceAccountClientId: 'revocast',
      clientRoles: { 'realm-management': ['view-users', 'manage-users'] },
    },
  ],
});
