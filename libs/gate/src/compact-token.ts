import { isUtf8 } from 'node:buffer';
import { RevocationError } from '@revocast/core';
import { type TokenClaims, type TokenHeader } from './answer.js';
import { parseStrictObject } from './strict-json.js';

/** Node refuses a request whose headers are larger than this, so no larger token reaches a guard. UTF-8 bytes. */
export const TOKEN_BYTES_MAX = 16_384;

/** A token taken apart; nothing in it is verified yet. */
export interface CompactToken {
  readonly header: TokenHeader;
  readonly claims: TokenClaims;
  /** `header.payload` as it stands in the token (RFC 7515 section 5.1). ASCII. */
  readonly signingInput: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * Whether `part` is the one canonical spelling of its bytes (RFC 4648 section 3.5). A decoder ignores the unused low
 * bits of the last character, so a signature would have up to 16 spellings, and a token as many look-alikes.
 */
const isCanonicalBase64url = (part: string): boolean => {
  if (!BASE64URL.test(part)) return false;
  const last = ALPHABET.indexOf(part.slice(-1));
  switch (part.length % 4) {
    case 0:
      return true;
    case 2:
      return last % 16 === 0;
    case 3:
      return last % 4 === 0;
    default:
      return false;
  }
};

const malformed = (why: string): RevocationError => new RevocationError('ERR_TOKEN_MALFORMED', `the token ${why}`);

const decodeObject = (part: string): Readonly<Record<string, unknown>> | undefined => {
  const bytes = Buffer.from(part, 'base64url');
  // A decoder would replace what is no UTF-8, and replaced bytes make one subject of two.
  return isUtf8(bytes) ? parseStrictObject(bytes.toString('utf8')) : undefined;
};

/** Takes a JWS in compact form apart. Throws ERR_TOKEN_MALFORMED for whatever is not exactly one. */
export const readCompactToken = (token: string): CompactToken => {
  if (token.length > TOKEN_BYTES_MAX) throw malformed(`is longer than ${TOKEN_BYTES_MAX} bytes`);
  const parts = token.split('.', 4);
  const [head, payload, signature] = parts;
  if (parts.length !== 3 || head === undefined || payload === undefined || signature === undefined) {
    throw malformed('does not have three parts');
  }
  if (!parts.every(isCanonicalBase64url)) throw malformed('is not canonical base64url');
  const header = decodeObject(head);
  const claims = decodeObject(payload);
  if (header === undefined || claims === undefined) throw malformed('holds no plain JSON objects');
  return { header, claims, signingInput: `${head}.${payload}` };
};
