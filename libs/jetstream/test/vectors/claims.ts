import {
  type Claims,
  epochMs,
  type ErrorCode,
  factsFrom,
  type IssuerSettings,
  RevocationError,
  type VerifiedKey,
} from '@revocast/core';
import { settingsOf } from './following-script.js';
import { ISSUER } from './signing.js';

const T = 1_764_000_000;
const NOW = epochMs(T * 1000 + 10_000);
const GOOD: Claims = {
  iss: ISSUER,
  iat: T,
  exp: T + 3_600,
  jti: 'j',
  sid: 's',
  sub: 'alice',
  azp: 'app',
  device_id: 'd',
};

interface Given {
  readonly claims?: Claims;
  readonly without?: readonly string[];
  readonly settings?: Partial<IssuerSettings>;
  readonly key?: VerifiedKey;
}

const BY_LOGIN: Partial<IssuerSettings> = { cutoffClaim: 'auth_time' };

const TOKENS: Readonly<Record<string, Given>> = {
  'all of its claims and its key': { key: { kid: 'k-1', thumbprint: 't' } },
  'claims that are not mapped': { settings: { claims: { subject: ['sub'] } } },
  'the first of two claims that is there': { claims: { client_id: 'first' } },
  'the first of two claims, improper': { claims: { client_id: '' } },
  'no jti': { without: ['jti'] },
  'a claim that is null': { claims: { sid: null } },
  'a claim that is a list': { claims: { sid: ['s'] } },
  'a claim that is an object': { claims: { sub: { id: 'alice' } } },
  'a number as subject': { claims: { sub: 42 } },
  'a negative number as subject': { claims: { sub: -7 } },
  'the largest safe number as subject': { claims: { sub: 2 ** 53 - 1 } },
  'a number that is not safe as subject': { claims: { sub: 2 ** 53 } },
  'a fraction as subject': { claims: { sub: 1.5 } },
  'a number as session': { claims: { sid: 42 } },
  'a subject of 1,024 bytes': { claims: { sub: 'é'.repeat(512) } },
  'a subject of 1,025 bytes': { claims: { sub: `a${'é'.repeat(512)}` } },
  'half a surrogate pair': { claims: { sub: 'a\ud800' } },
  'a pair of surrogates': { claims: { sub: '\u{1f600}' } },
  'a required claim that is missing': { settings: { require: ['acr'] } },
  'a required claim that is empty': { settings: { require: ['acr'] }, claims: { acr: '' } },
  'a required claim that is null': { settings: { require: ['acr'] }, claims: { acr: null } },
  'a required claim of any other kind': { settings: { require: ['acr'] }, claims: { acr: false } },
  'another issuer': { claims: { iss: `${ISSUER}/` } },
  'no issuer': { without: ['iss'] },
  'no iat': { without: ['iat'] },
  'no exp': { without: ['exp'] },
  'an iat that is text': { claims: { iat: String(T) } },
  'an iat of 0: every cut-off hits': { claims: { iat: 0, exp: 3_600 } },
  'an iat with a fraction, and an offset': { claims: { iat: T + 0.5 }, settings: { issuedAtOffsetSeconds: 300 } },
  'an iat at the end of the skew': { claims: { iat: T + 70 } },
  'an iat beyond the skew': { claims: { iat: T + 70.001 } },
  'the longest lifetime': { claims: { exp: T + 86_400 } },
  'more than the longest lifetime': { claims: { exp: T + 86_400.5 } },
  'the time of the login': { settings: BY_LOGIN, claims: { auth_time: T - 500 } },
  'no time of the login: every cut-off hits': { settings: BY_LOGIN },
  'a time of the login of 0: every cut-off hits': { settings: BY_LOGIN, claims: { auth_time: 0 } },
  'a time of the login that is null': { settings: BY_LOGIN, claims: { auth_time: null } },
  'a time of the login in milliseconds': { settings: BY_LOGIN, claims: { auth_time: T * 1000 } },
  'a key without an id': { key: { kid: '' } },
  'an id of a key of 1,025 bytes': { key: { kid: 'k'.repeat(1_025) } },
};

const outcomeOf = (claims: Claims, settings: IssuerSettings, key: VerifiedKey): object => {
  try {
    const { signingInputHash: _hash, ...facts } = factsFrom(claims, settings, key, () => '', NOW);
    return { facts };
  } catch (error) {
    if (!(error instanceof RevocationError)) throw error;
    return { refused: error.code satisfies ErrorCode };
  }
};

/** Those of docs/protocol.md, "Judging a token": the JSON text that was signed, and what is asked about. */
export const claimsVectors = (): unknown => ({
  cases: Object.entries(TOKENS).map(([about, { claims = {}, without = [], settings: parts = {}, key = {} }]) => {
    const whole = Object.entries({ ...GOOD, ...claims }).filter(([name]) => !without.includes(name));
    const payload = JSON.stringify(Object.fromEntries(whole));
    const settings = { ...settingsOf(ISSUER), ...parts };
    return { about, payload, settings, ...key, now: NOW, ...outcomeOf(JSON.parse(payload) as Claims, settings, key) };
  }),
});
