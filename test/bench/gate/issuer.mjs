import { randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const ISSUER = 'https://id.example/realms/shop';

/** Claims of the size and kind of a Keycloak access token, with every claim that a revocation can name. */
const claimsOf = (number) => ({
  jti: randomUUID(),
  sid: randomUUID(),
  sub: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
  azp: 'shop-web',
  client_id: 'shop-web',
  device_id: `phone-${number}`,
  typ: 'Bearer',
  acr: '1',
  'allowed-origins': ['https://shop.example'],
  realm_access: { roles: ['offline_access', 'uma_authorization', 'default-roles-shop'] },
  resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
  scope: 'openid profile email',
  email_verified: true,
  preferred_username: 'alice',
});

async function keyFor(alg) {
  if (alg.startsWith('HS')) {
    const secret = randomBytes(64).toString('base64url');
    const key = new TextEncoder().encode(secret);
    return { sign: key, verify: key, source: { secret } };
  }
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    sign: privateKey,
    verify: publicKey,
    source: { jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1' }] } },
  };
}

/** An issuer that signs with `alg`, and `count` tokens of it, as bytes: a server never sees one string twice. */
export async function issuerWith(alg, count) {
  const { sign, verify, source } = await keyFor(alg);
  const now = Math.floor(Date.now() / 1000);
  const tokens = [];
  for (let number = 0; number < count; number++) {
    const jwt = new SignJWT(claimsOf(number)).setProtectedHeader({ alg, typ: 'JWT', kid: 'key-1' });
    jwt
      .setIssuer(ISSUER)
      .setAudience('orders')
      .setIssuedAt(now)
      .setExpirationTime(now + 3600);
    tokens.push(Buffer.from(await jwt.sign(sign)));
  }
  const input = { issuer: ISSUER, audience: 'orders', algorithms: [alg], ...source };
  return { alg, verifyKey: verify, input, tokens, tokenAt: (at) => tokens[at % count].latin1Slice() };
}
