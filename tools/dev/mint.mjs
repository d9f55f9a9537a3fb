// Mints real tokens of the development issuers.
import { randomUUID } from 'node:crypto';
import { SignJWT, importJWK } from 'jose';
import { DEV_AUDIENCE, DEV_ISSUER } from './home.mjs';

/**
 * @param {readonly object[]} keys private JWKs of the issuer
 * @param {object} wish claims by their option name: sub, device, client, sid, jti, ttl, iat, authTime; `jti: false` leaves it out
 * @param {{ alg?: 'ES256' | 'RS256', issuer?: string, kidInHeader?: boolean }} how
 * @returns {Promise<string>} a compact JWT
 */
export const mintToken = async (keys, wish, { alg = 'ES256', issuer = DEV_ISSUER, kidInHeader = true } = {}) => {
  const jwk = keys.find((key) => key.alg === alg);
  if (jwk === undefined)
    throw new Error(`the development issuer has no ${alg} key; it has ${keys.map((key) => key.alg).join(', ')}`);
  const iat = wish.iat ?? Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: DEV_AUDIENCE,
    sub: wish.sub,
    client_id: wish.client,
    device_id: wish.device,
    sid: wish.sid,
    auth_time: wish.authTime ?? iat,
    jti: wish.jti === false ? undefined : (wish.jti ?? randomUUID()),
    iat,
    exp: iat + (wish.ttl ?? 3600),
  };
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  const header = kidInHeader ? { alg, typ: 'at+jwt', kid: jwk.kid } : { alg, typ: 'at+jwt' };
  return new SignJWT(present).setProtectedHeader(header).sign(await importJWK(jwk, alg));
};
