import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { exportJWK, SignJWT, type JWTPayload } from 'jose';

export const ISSUER = 'https://login.example';
/** An issuer whose tokens carry neither session nor device, and whose cut-off is `auth_time`. */
export const OTHER_ISSUER = 'https://other.example';
export const AUDIENCE = 'https://api.example';

export const WRITER_KEY = 'writer-key';
export const READER_KEY = 'reader-key';
/** May write, yet only devices of ISSUER. */
export const LIMITED_KEY = 'limited-key';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A deployment: its keys, its issuers and its operators. Made anew for each test file. */
export class Deployment {
  readonly recordKey = generateSigningKey('records-1');
  readonly hashKey = randomBytes(16).toString('hex');
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'revocast-journal-'));
  readonly #issuerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** What the service reads. Later variables win. */
  async environment(natsUrl: string, more: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
    return {
      HOST: '127.0.0.1',
      PORT: '0',
      NATS_URL: natsUrl,
      REVOCAST_ISSUERS: JSON.stringify(await this.issuers()),
      REVOCAST_API_KEYS: JSON.stringify([
        { name: 'writer', sha256: sha256(WRITER_KEY), verbs: ['read', 'write'] },
        { name: 'reader', sha256: sha256(READER_KEY), verbs: ['read'] },
        {
          name: 'limited',
          sha256: sha256(LIMITED_KEY),
          verbs: ['read', 'write'],
          issuers: [ISSUER],
          scopes: ['device'],
        },
        { name: 'expired', sha256: sha256('expired-key'), verbs: ['read'], expiresAt: '2020-01-01T00:00:00Z' },
      ]),
      REVOCAST_OPERATOR_ISSUERS: JSON.stringify([await this.issuer('https://operators.example')]),
      REVOCAST_SIGNING_KEY: JSON.stringify(this.recordKey),
      REVOCAST_HASH_KEY: this.hashKey,
      REVOCAST_DATA_DIR: this.dataDirectory,
      REVOCAST_INIT: 'true',
      LOG_LEVEL: 'info',
      ...more,
    };
  }

  recordKeys(): { readonly keys: readonly object[] } {
    return { keys: [publicRecordKey(this.recordKey)] };
  }

  async issuers(): Promise<readonly object[]> {
    const other = { claims: { session: [], device: [] }, cutoffClaim: 'auth_time' };
    return [await this.issuer(ISSUER), { ...(await this.issuer(OTHER_ISSUER)), ...other }];
  }

  async issuer(issuer: string): Promise<object> {
    const jwk = { ...(await exportJWK(this.#issuerKey.publicKey)), kid: 'issuer-1', alg: 'ES256' };
    return { issuer, audience: AUDIENCE, jwks: { keys: [jwk] } };
  }

  /** A real token, valid for an hour from `iat` on, default now. */
  async token(claims: JWTPayload = {}): Promise<string> {
    const iat = claims.iat ?? Math.floor(Date.now() / 1000);
    const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: iat + 3600, ...claims, iat };
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'ES256', kid: 'issuer-1', typ: 'JWT' })
      .sign(this.#issuerKey.privateKey);
  }
}
