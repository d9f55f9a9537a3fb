import { RevocationError } from './errors.js';
import { type ClaimNames, type IssuerSettings } from './issuer-settings.js';
import { isKeyField } from './key.js';
import { KEY_FIELD_BYTES_MAX } from './scope.js';
import { type TokenFacts } from './token.js';
import { type EpochMs, type EpochSeconds, epochSeconds } from './units.js';

/** The JWK that verified a token, by both of its names. */
export interface VerifiedKey {
  readonly kid?: string | undefined;
  readonly thumbprint?: string | undefined;
}

/** The claims of a verified token, as parsed from its JSON. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * What the index needs of a verified token. A claim that should carry a key and does not carry a proper one refuses
 * the token: read as "not there" it would let the token pass every revocation of that key.
 *
 * @param claims verified claims, all of them: signature, audience and `exp` are the gate's to check.
 * @param now the reading by which `iat` is compared.
 * @throws RevocationError ERR_TOKEN_CLAIMS, ERR_TOKEN_NOT_YET_VALID (`iat` beyond the skew),
 *   ERR_TOKEN_LIFETIME (`exp - iat` above `maxLifetimeSeconds`: what makes forgetting a revocation sound).
 */
export const factsFrom = (
  claims: Claims,
  settings: IssuerSettings,
  verifiedKey: VerifiedKey,
  signingInputHash: () => string,
  now: EpochMs,
): TokenFacts => {
  if (claims['iss'] !== settings.issuer) throw refused('iss is not the issuer whose settings apply.');
  assertRequired(claims, settings.require);
  const issuedAt = requiredTime(claims, 'iat');
  const expiresAt = requiredTime(claims, 'exp');
  assertLifetime(issuedAt, expiresAt, settings, now);
  return {
    issuer: settings.issuer,
    issuedAt,
    expiresAt,
    cutoffTime: cutoffTime(claims, issuedAt, settings, now),
    ...keyFieldsOf(claims, settings.claims),
    ...keyNames(verifiedKey),
    signingInputHash,
  };
};

const assertRequired = (claims: Claims, names: readonly string[]): void => {
  for (const name of names) {
    const value = own(claims, name);
    if (value === undefined || value === null || value === '') throw refused(`${name} is required by this issuer.`);
  }
};

const assertLifetime = (iat: EpochSeconds, exp: EpochSeconds, settings: IssuerSettings, now: EpochMs): void => {
  if (iat > now / 1000 + settings.clockSkewSeconds) {
    throw new RevocationError('ERR_TOKEN_NOT_YET_VALID', 'iat is in the future.');
  }
  if (exp - iat > settings.maxLifetimeSeconds) {
    throw new RevocationError('ERR_TOKEN_LIFETIME', `exp - iat is above ${settings.maxLifetimeSeconds} s.`);
  }
};

const requiredTime = (claims: Claims, name: 'iat' | 'exp'): EpochSeconds => {
  const value = own(claims, name);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refused(`${name} must be a number.`);
  return epochSeconds(value);
};

/** The time a cut-off is compared with; undefined when missing or 0 (Keycloak: direct grants), which counts as hit. */
const cutoffTime = (
  claims: Claims,
  issuedAt: EpochSeconds,
  settings: IssuerSettings,
  now: EpochMs,
): EpochSeconds | undefined => {
  if (settings.cutoffClaim === 'iat') {
    return issuedAt === 0 ? undefined : epochSeconds(issuedAt + settings.issuedAtOffsetSeconds);
  }
  const value = own(claims, 'auth_time');
  if (value === undefined || value === 0) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refused('auth_time must be a number.');
  // Most likely milliseconds: no cut-off would ever hit such a token.
  if (value > now / 1000 + settings.clockSkewSeconds) throw refused('auth_time is in the future.');
  return epochSeconds(value);
};

type ClaimFields = Pick<TokenFacts, 'jti' | 'sid' | 'sub' | 'clientId' | 'deviceId'>;

const keyFieldsOf = (claims: Claims, names: ClaimNames): ClaimFields => {
  const jti = keyField(claims, names.tokenId);
  const sid = keyField(claims, names.session);
  const sub = keyField(claims, names.subject, subjectText);
  const clientId = keyField(claims, names.client);
  const deviceId = keyField(claims, names.device);
  return {
    ...(jti !== undefined && { jti }),
    ...(sid !== undefined && { sid }),
    ...(sub !== undefined && { sub }),
    ...(clientId !== undefined && { clientId }),
    ...(deviceId !== undefined && { deviceId }),
  };
};

/** The first claim of `names` that is present, whatever its value: an improper one never gives way to the next. */
const keyField = (
  claims: Claims,
  names: readonly string[] = [],
  textOf: (value: unknown) => unknown = (value) => value,
): string | undefined => {
  const name = names.find((candidate) => own(claims, candidate) !== undefined);
  return name === undefined ? undefined : keyText(name, textOf(own(claims, name)));
};

/** Many apps use their row number as subject. Beyond the safe integers two numbers may read alike (RFC 8259 section 6). */
const subjectText = (value: unknown): unknown => (Number.isSafeInteger(value) ? String(value) : value);

const keyText = (name: string, value: unknown): string => {
  if (typeof value === 'string' && isKeyField(value)) return value;
  throw refused(`${name} must be text of 1 to ${KEY_FIELD_BYTES_MAX} bytes of well-formed Unicode.`);
};

const keyNames = ({ kid, thumbprint }: VerifiedKey): Pick<TokenFacts, 'kid' | 'thumbprint'> => ({
  // An empty kid names nothing, and no revocation can name it; the thumbprint still does.
  ...(kid !== undefined && kid !== '' && { kid: keyText('kid', kid) }),
  ...(thumbprint !== undefined && { thumbprint: keyText('thumbprint', thumbprint) }),
});

/** Own properties alone: `constructor` is no claim. */
const own = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

const refused = (message: string): RevocationError => new RevocationError('ERR_TOKEN_CLAIMS', message);
