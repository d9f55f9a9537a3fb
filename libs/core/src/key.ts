import { RevocationError } from './errors.js';
import { KEY_FIELD_BYTES_MAX, KEY_FIELDS, type KeyField, type RevocationKey, type Scope, SCOPES } from './scope.js';
import { type TokenFacts } from './token.js';
import { isWellFormed, utf8Length } from './utf8.js';

/**
 * What a key names, in the order in which a check asks: that of `SCOPES`, from one token up to a whole issuer, so that
 * all nodes tie a denial to the same revocation. `token` and `key` have two kinds each, for the two ways to name one.
 */
export const KEY_KINDS = [
  'jti',
  'signingInputHash',
  'session',
  'subject',
  'client',
  'grant',
  'device',
  'issuer',
  'kid',
  'thumbprint',
] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** The fields of a key without its scope. */
export type KeyFields = Readonly<Partial<Record<KeyField, string>>>;

/**
 * The canonical text of a key: equal texts exactly for equal keys of equal issuers. Each part is preceded by its
 * length in UTF-8 bytes (`jti5:https7:token-1`): joined without lengths, the grant (`a`, `b.c`) would be the grant (`a.b`, `c`).
 */
export const keyOf = (issuer: string, key: RevocationKey): string => {
  const start = `${kindOf(key)}${part(issuer)}`;
  switch (key.scope) {
    case 'token':
      return start + part('jti' in key ? key.jti : key.signingInputHash);
    case 'session':
      return start + part(key.sid);
    case 'subject':
      return start + part(key.sub);
    case 'client':
      return start + part(key.clientId);
    case 'grant':
      return start + part(key.sub) + part(key.clientId);
    case 'device':
      return start + part(key.deviceId);
    case 'issuer':
      return start;
    case 'key':
      return start + part('kid' in key ? key.kid : key.thumbprint);
  }
};

const part = (text: string): string => `${utf8Length(text)}:${text}`;

export const kindOf = (key: RevocationKey): KeyKind => {
  if (key.scope === 'token') return 'jti' in key ? 'jti' : 'signingInputHash';
  if (key.scope === 'key') return 'kid' in key ? 'kid' : 'thumbprint';
  return key.scope;
};

/** The key by which a revocation of `kind` would hit the token, or undefined when the token lacks a field of it. */
export const tokenKey = (kind: KeyKind, token: TokenFacts): RevocationKey | undefined => {
  const { jti, sid, sub, clientId, deviceId, kid, thumbprint } = token;
  switch (kind) {
    case 'jti':
      return jti === undefined ? undefined : { scope: 'token', jti };
    case 'signingInputHash':
      return { scope: 'token', signingInputHash: token.signingInputHash() };
    case 'session':
      return sid === undefined ? undefined : { scope: 'session', sid };
    case 'subject':
      return sub === undefined ? undefined : { scope: 'subject', sub };
    case 'client':
      return clientId === undefined ? undefined : { scope: 'client', clientId };
    case 'grant':
      return sub === undefined || clientId === undefined ? undefined : { scope: 'grant', sub, clientId };
    case 'device':
      return deviceId === undefined ? undefined : { scope: 'device', deviceId };
    case 'issuer':
      return { scope: 'issuer' };
    case 'kid':
      return kid === undefined ? undefined : { scope: 'key', kid };
    case 'thumbprint':
      return thumbprint === undefined ? undefined : { scope: 'key', thumbprint };
  }
};

/** The fields of `key`, as commands, records and answers carry them beside the scope. */
export const keyFields = (key: RevocationKey): KeyFields => {
  const { scope: _scope, ...fields } = key;
  return fields;
};

/** Which sets of fields name a key of a scope: exactly one of them must be given. */
const SHAPES: Readonly<Record<Scope, readonly (readonly KeyField[])[]>> = {
  token: [['jti'], ['signingInputHash']],
  session: [['sid']],
  subject: [['sub']],
  client: [['clientId']],
  grant: [['sub', 'clientId']],
  device: [['deviceId']],
  issuer: [[]],
  key: [['kid'], ['thumbprint']],
};

/**
 * A key from the fields of a command or record; other properties of `fields` are not looked at.
 * Throws ERR_SCOPE_UNKNOWN, or ERR_REVOCATION_INVALID when a field is missing, too many, empty, longer than
 * {@link KEY_FIELD_BYTES_MAX}, not well-formed Unicode, or not a base64url SHA-256 where one is due.
 */
export const parseKey = (scope: string, fields: Readonly<Partial<Record<KeyField, unknown>>>): RevocationKey => {
  if (!isScope(scope)) throw new RevocationError('ERR_SCOPE_UNKNOWN', `The scope must be one of ${SCOPES.join(', ')}.`);
  const given = KEY_FIELDS.filter((name) => fields[name] !== undefined);
  const shape = SHAPES[scope].find((names) => names.length === given.length && names.every((n) => given.includes(n)));
  if (shape === undefined) throw invalid(`The key of scope ${scope} is ${describe(scope)}, and nothing else.`);
  // Checked above: the names are those of one member of the union with this scope.
  return { scope, ...Object.fromEntries(shape.map((name) => [name, parseField(name, fields[name])])) } as RevocationKey;
};

export const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

const describe = (scope: Scope): string =>
  SHAPES[scope].map((names) => names.join(' and ') || 'without fields').join(', or else ');

const parseField = (name: KeyField, value: unknown): string => {
  if (typeof value !== 'string' || !isKeyField(value)) {
    throw invalid(`${name} must be text of 1 to ${KEY_FIELD_BYTES_MAX} bytes of well-formed Unicode.`);
  }
  // Another spelling of the same hash would be accepted, stored, and never hit a token.
  if ((name === 'signingInputHash' || name === 'thumbprint') && !SHA256_BASE64URL.test(value)) {
    throw invalid(`${name} must be a SHA-256 in base64url without padding.`);
  }
  return value;
};

/** 32 bytes are 42 characters and 4 bits: the last character's two lower bits are 0. */
const SHA256_BASE64URL = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether `text` may be a field of a key: the same rule for commands, records and the claims of tokens. */
export const isKeyField = (text: string): boolean =>
  // No text is shorter in bytes than in UTF-16 units: a huge one is refused before it is walked.
  text.length > 0 &&
  text.length <= KEY_FIELD_BYTES_MAX &&
  utf8Length(text) <= KEY_FIELD_BYTES_MAX &&
  isWellFormed(text);

const invalid = (message: string): RevocationError => new RevocationError('ERR_REVOCATION_INVALID', message);
