import { type ClaimNames, type IssuerSettings } from './issuer-settings.js';
import { createKeyedHash, HASH_KEY_BYTES } from './keyed-hash.js';
import { kindOf } from './key.js';
import { type RevocationKey, type Scope, SCOPES } from './scope.js';

const CLAIM_FIELDS = ['tokenId', 'session', 'subject', 'client', 'device'] as const satisfies (keyof ClaimNames)[];
type ClaimField = (typeof CLAIM_FIELDS)[number];

const digest = createKeyedHash(new Uint8Array(HASH_KEY_BYTES));

/**
 * 32 hex characters that are equal for settings that mean the same, on every node and version. It finds settings that
 * differ by mistake; whoever could forge them owns the node anyway, so it need not resist collisions on purpose.
 */
export const settingsDigest = (settings: IssuerSettings): string =>
  Array.from(digest(canonicalText(settings)), (word) => word.toString(16).padStart(8, '0')).join('');

/** Fixed order of fields; the order of a claim's names counts, that of `require` does not. */
const canonicalText = (settings: IssuerSettings): string =>
  JSON.stringify([
    settings.issuer,
    settings.maxLifetimeSeconds,
    settings.sessionMaxSeconds,
    settings.clockSkewSeconds,
    settings.cutoffClaim,
    settings.issuedAtOffsetSeconds,
    settings.leadSeconds,
    CLAIM_FIELDS.map((field) => claimNames(settings, field)),
    [...new Set(settings.require)].sort(),
  ]);

const claimNames = (settings: IssuerSettings, field: ClaimField): readonly string[] => settings.claims[field] ?? [];

/** Larger ones accept tokens that the service believes dead, or cut off less than it says. */
const LARGER_IS_WEAKER = [
  'maxLifetimeSeconds',
  'sessionMaxSeconds',
  'clockSkewSeconds',
  'issuedAtOffsetSeconds',
  'leadSeconds',
] as const satisfies (keyof IssuerSettings)[];

/**
 * In which settings a node is weaker than declared in the log: with any of them a token could pass that the service
 * says is revoked, so the node answers `unknown` for this issuer. Names of settings, empty when there are none.
 */
export const settingsWeaknesses = (mine: IssuerSettings, declared: IssuerSettings): string[] => [
  ...(mine.issuer === declared.issuer ? [] : ['issuer']),
  ...LARGER_IS_WEAKER.filter((name) => mine[name] > declared[name]),
  // `auth_time` in place of `iat` only ever hits more: no session begins after it issued a token.
  ...(mine.cutoffClaim === 'iat' && declared.cutoffClaim === 'auth_time' ? ['cutoffClaim'] : []),
  ...CLAIM_FIELDS.filter((field) => readsOtherClaims(mine, declared, field)).map((field) => `claims.${field}`),
  ...(declared.require.every((name) => mine.require.includes(name)) ? [] : ['require']),
];

const readsOtherClaims = (mine: IssuerSettings, declared: IssuerSettings, field: ClaimField): boolean => {
  const wanted = claimNames(declared, field);
  return wanted.length > 0 && JSON.stringify(claimNames(mine, field)) !== JSON.stringify(wanted);
};

/** Which claims must be mapped before a scope can hit anything; a token can always be named by its signing input. */
const NEEDS: Readonly<Record<Scope, readonly ClaimField[]>> = {
  token: [],
  session: ['session'],
  subject: ['subject'],
  client: ['client'],
  grant: ['subject', 'client'],
  device: ['device'],
  issuer: [],
  key: [],
};

/** The scopes whose claims are mapped for this issuer; others are refused with ERR_SCOPE_UNENFORCEABLE. */
export const enforceableScopes = (settings: IssuerSettings): Scope[] =>
  SCOPES.filter((scope) => isMapped(settings, NEEDS[scope]));

/** Whether a revocation of this very key can hit a token: `jti` needs its claim, though scope `token` does not. */
export const isEnforceable = (settings: IssuerSettings, key: RevocationKey): boolean =>
  isMapped(settings, kindOf(key) === 'jti' ? ['tokenId'] : NEEDS[key.scope]);

const isMapped = (settings: IssuerSettings, fields: readonly ClaimField[]): boolean =>
  fields.every((field) => claimNames(settings, field).length > 0);
