import {
  type Effect,
  epochMs,
  epochSeconds,
  type IssuerSettings,
  type Lift,
  type RecordBody,
  type Revocation,
  type RevocationKey,
  type Scope,
  sequence,
  type Tick,
  type TokenFacts,
} from '@revocast/core';

export const AN_ISSUER = 'https://issuer.example';
export const A_HASH_KEY = '000102030405060708090a0b0c0d0e0f';

const KEYS: Readonly<Record<Scope, RevocationKey>> = {
  token: { scope: 'token', jti: 'jti-1' },
  session: { scope: 'session', sid: 'sid-1' },
  subject: { scope: 'subject', sub: 'alice' },
  client: { scope: 'client', clientId: 'app-1' },
  grant: { scope: 'grant', sub: 'alice', clientId: 'app-1' },
  device: { scope: 'device', deviceId: 'phone-1' },
  issuer: { scope: 'issuer' },
  key: { scope: 'key', kid: 'kid-1' },
};
const ALWAYS: ReadonlySet<Scope> = new Set(['token', 'session', 'key']);
const A_CUTOFF = epochSeconds(Date.UTC(2026, 0, 1) / 1000);

let lastId = 0;
/** An id that no other builder call of this process gave out. */
export const aUniqueId = (prefix = 'id'): string => `${prefix}-${String((lastId += 1))}`;

export interface RevocationParts extends Partial<Omit<Revocation, 'key'>> {
  /** Default `subject`. */
  readonly scope?: Scope;
  readonly key?: RevocationKey;
}

/**
 * A revocation of the scope's sample key, or of `key`; retained until lifted unless told otherwise.
 *
 *     aRevocation({ scope: 'device', retainUntil: epochSeconds(1_800_000_000) })
 */
export const aRevocation = ({ scope = 'subject', key = KEYS[scope], ...parts }: RevocationParts = {}): Revocation => ({
  id: aUniqueId('revocation'),
  issuer: AN_ISSUER,
  key,
  effect: defaultEffect(key.scope),
  retainUntil: 'lifted',
  ...parts,
});

const defaultEffect = (scope: Scope): Effect =>
  ALWAYS.has(scope) ? { kind: 'always' } : { kind: 'issuedBefore', issuedBefore: A_CUTOFF };

/** The body of a record that carries these revocations, all of one issuer and scope. */
export const revokedBody = (...revocations: readonly Revocation[]): RecordBody & { readonly kind: 'revoked' } => {
  const [first = aRevocation()] = revocations;
  const all = revocations.length > 0 ? revocations : [first];
  return { kind: 'revoked', issuer: first.issuer, scope: first.key.scope, revocations: all };
};

/** Takes `revocation` back. */
export const aLift = (revocation: Revocation): Lift => ({
  id: revocation.id,
  retainUntil: revocation.retainUntil === 'lifted' ? epochSeconds(4_000_000_000) : revocation.retainUntil,
});

export const liftedBody = (...revocations: readonly Revocation[]): RecordBody & { readonly kind: 'lifted' } => {
  const [first = aRevocation()] = revocations;
  return { kind: 'lifted', issuer: first.issuer, scope: first.key.scope, lifts: revocations.map(aLift) };
};

export const epochOpenedBody = (
  parts: Partial<RecordBody & { readonly kind: 'epochOpened' }> = {},
): RecordBody & { readonly kind: 'epochOpened' } => ({
  kind: 'epochOpened',
  previous: undefined,
  entries: 0,
  hashKey: A_HASH_KEY,
  ...parts,
});

export const anIssuer = (parts: Partial<IssuerSettings> = {}): IssuerSettings => ({
  issuer: AN_ISSUER,
  maxLifetimeSeconds: 86_400,
  sessionMaxSeconds: 2_592_000,
  clockSkewSeconds: 60,
  cutoffClaim: 'iat',
  issuedAtOffsetSeconds: 0,
  leadSeconds: 0,
  claims: { tokenId: ['jti'], session: ['sid'], subject: ['sub'], client: ['client_id', 'azp'], device: ['device_id'] },
  require: [],
  ...parts,
});

/** Facts of a token that every sample key of `aRevocation` names, issued an hour before the sample cut-off. */
export const someFacts = (parts: Partial<TokenFacts> = {}): TokenFacts => ({
  issuer: AN_ISSUER,
  issuedAt: epochSeconds(A_CUTOFF - 3600),
  expiresAt: epochSeconds(A_CUTOFF + 82_800),
  cutoffTime: epochSeconds(A_CUTOFF - 3600),
  jti: 'jti-1',
  sid: 'sid-1',
  sub: 'alice',
  clientId: 'app-1',
  deviceId: 'phone-1',
  kid: 'kid-1',
  signingInputHash: () => 'hash-1',
  ...parts,
});

export const aTick = (parts: Partial<Tick> = {}): Tick => ({
  id: aUniqueId('tick'),
  epoch: 'epoch-1',
  head: sequence(0),
  time: epochMs(Date.UTC(2026, 0, 1)),
  fleetBoundMs: 300_000,
  ...parts,
});
