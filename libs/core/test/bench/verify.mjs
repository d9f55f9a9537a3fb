// What a check costs beside the verification of the signature that comes before it.
import { webcrypto } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { median, collect } from './measure.mjs';

export const percentOfVerify = async (tokenCheckNs, count) => {
  const { privateKey, publicKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const token = await new SignJWT({ sub: 'alice', jti: 'token-1' })
    .setProtectedHeader({ alg: 'ES256' })
    .setExpirationTime('1h')
    .sign(privateKey);
  const rounds = [];
  for (let round = 0; round < 5; round++) {
    collect();
    const before = process.cpuUsage();
    for (let i = 0; i < count; i++) await jwtVerify(token, publicKey);
    const { user, system } = process.cpuUsage(before);
    rounds.push(((user + system) * 1000) / count);
  }
  const verifyNs = median(rounds);
  return {
    es256_verify_ns: Math.round(verifyNs),
    token_check_percent_of_verify: Number(((100 * tokenCheckNs) / verifyNs).toFixed(2)),
  };
};
