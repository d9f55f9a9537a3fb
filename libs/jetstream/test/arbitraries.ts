import {
  CANARIES_MAX,
  CANARY_OUTCOMES,
  type ClaimNames,
  type Condition,
  CONDITION_SCOPES,
  epochMs,
  epochSeconds,
  type Heartbeat,
  type IssuerSettings,
  type Lift,
  MODES,
  type OutgoingRecord,
  type RefusalReport,
  type RecordBody,
  type Revocation,
  type RevocationKey,
  type Scope,
  SCOPES,
  sequence,
  SPREAD_SECONDS_MAX,
  FOLLOWER_STATES,
} from '@revocast/core';
import fc from 'fast-check';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
const id = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);
/** Whatever an identity provider may put into a claim, all scripts included. */
const field = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
const issuer = fc.oneof(fc.webUrl(), field);
const seconds = fc
  .oneof(fc.nat(), fc.double({ min: 0, max: 1e11, noNaN: true }))
  .map((value) => epochSeconds(Math.abs(value)));

const keyOfScope: Readonly<Record<Scope, fc.Arbitrary<RevocationKey>>> = {
  token: fc.oneof(
    field.map((jti): RevocationKey => ({ scope: 'token', jti })),
    hash.map((signingInputHash): RevocationKey => ({ scope: 'token', signingInputHash })),
  ),
  session: field.map((sid) => ({ scope: 'session', sid })),
  subject: field.map((sub) => ({ scope: 'subject', sub })),
  client: field.map((clientId) => ({ scope: 'client', clientId })),
  grant: fc.tuple(field, field).map(([sub, clientId]) => ({ scope: 'grant', sub, clientId })),
  device: field.map((deviceId) => ({ scope: 'device', deviceId })),
  issuer: fc.constant({ scope: 'issuer' }),
  key: fc.oneof(
    field.map((kid): RevocationKey => ({ scope: 'key', kid })),
    hash.map((thumbprint): RevocationKey => ({ scope: 'key', thumbprint })),
  ),
};

const effectOf = (scope: Scope): fc.Arbitrary<Revocation['effect']> => {
  const suspended = fc.constant<Revocation['effect']>({ kind: 'suspended' });
  const cutOff = seconds.map((issuedBefore): Revocation['effect'] => ({ kind: 'issuedBefore', issuedBefore }));
  const always = fc.constant<Revocation['effect']>({ kind: 'always' });
  return ['token', 'session', 'key'].includes(scope) ? fc.oneof(always, suspended) : fc.oneof(cutOff, suspended);
};

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.uniqueArray(field, { minLength: 1, maxLength: 4 }).map((exceptClients): Condition => ({ exceptClients })),
  fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: SPREAD_SECONDS_MAX }))
    .map(([from, length]): Condition => ({ spread: { from: epochSeconds(from), until: epochSeconds(from + length) } })),
);

const revocationOf = (iss: string, scope: Scope): fc.Arbitrary<Revocation> =>
  fc.record(
    {
      ...(CONDITION_SCOPES.includes(scope) && { condition }),
      id,
      issuer: fc.constant(iss),
      key: keyOfScope[scope],
      effect: effectOf(scope),
      retainUntil: fc.oneof(seconds, fc.constant('lifted' as const)),
      supersedes: fc.array(id, { maxLength: 4 }),
    },
    { requiredKeys: ['id', 'issuer', 'key', 'effect', 'retainUntil'] },
  );

const lift: fc.Arbitrary<Lift> = fc.record({ id, retainUntil: seconds });
const reasonCode = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/);
const epoch = fc.stringMatching(/^[A-Za-z0-9-]{1,40}$/);

const scoped = fc.tuple(issuer, fc.constantFrom(...SCOPES)).chain(([iss, scope]): fc.Arbitrary<RecordBody> => {
  const about = { issuer: fc.constant(iss), scope: fc.constant(scope), reasonCode };
  const some = { minLength: 1, maxLength: 5 };
  return fc.oneof(
    fc.record(
      { kind: fc.constant('revoked' as const), ...about, revocations: fc.array(revocationOf(iss, scope), some) },
      { requiredKeys: ['kind', 'issuer', 'scope', 'revocations'] },
    ),
    fc.record(
      { kind: fc.constant('lifted' as const), ...about, lifts: fc.array(lift, some) },
      { requiredKeys: ['kind', 'issuer', 'scope', 'lifts'] },
    ),
  );
});

const names = fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 3 });
const claims: fc.Arbitrary<ClaimNames> = fc.record(
  { tokenId: names, session: names, subject: names, client: names, device: names },
  { requiredKeys: [] },
);
const settings: fc.Arbitrary<IssuerSettings> = fc.record({
  issuer,
  maxLifetimeSeconds: fc.nat(),
  sessionMaxSeconds: fc.nat(),
  clockSkewSeconds: fc.nat(),
  cutoffClaim: fc.constantFrom('iat' as const, 'auth_time' as const),
  issuedAtOffsetSeconds: fc.integer(),
  leadSeconds: fc.nat(),
  claims,
  require: names,
});

const anyBody: fc.Arbitrary<RecordBody> = fc.oneof(
  { arbitrary: scoped, weight: 4 },
  fc.record({
    kind: fc.constant('epochOpened' as const),
    previous: fc.option(epoch, { nil: undefined }),
    entries: fc.nat(),
    hashKey: fc.stringMatching(/^[0-9a-f]{32}$/),
  }),
  fc.record({ kind: fc.constant('settingsDeclared' as const), version: fc.nat(), settings }),
  fc.record({ kind: fc.constant('voided' as const), recordId: id }),
);

/** Any record that the service may ever write. */
export const anyRecord: fc.Arbitrary<OutgoingRecord> = fc.record({
  id,
  namespace: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  epoch,
  time: fc.integer({ min: 0, max: 253_402_300_799_999 }).map(epochMs),
  body: anyBody,
});

const code = fc.stringMatching(/^[\x21-\x7e]{1,30}$/);
const coverage = fc.record({
  issuer,
  scopes: fc.subarray([...SCOPES]),
  settingsDigest: code,
  tokens: fc.nat(10_000),
  seen: fc.dictionary(fc.constantFrom(...SCOPES), fc.nat(10_000), { noNullPrototype: true }),
});

/** Any heartbeat that a node may ever send. */
export const anyHeartbeat: fc.Arbitrary<Heartbeat> = fc.record(
  {
    node: field,
    instance: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
    service: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
    version: code,
    epoch: fc.option(epoch, { nil: undefined }),
    watermark: fc.nat().map(sequence),
    identity: fc.option(id, { nil: undefined }),
    state: fc.constantFrom(...FOLLOWER_STATES),
    because: code,
    mode: fc.constantFrom(...MODES),
    stalenessMsMax: fc.nat(),
    routeMode: fc.constantFrom(...MODES),
    stalenessMs: fc.option(fc.nat(), { nil: undefined }),
    issuers: fc.array(coverage, { maxLength: 3 }),
    liveEntries: fc.nat(),
    guarded: fc.boolean(),
    at: fc.nat().map(epochMs),
    localFile: fc.record(
      {
        entries: fc.nat(),
        broken: fc.boolean(),
        modeOverride: fc.constantFrom(...MODES),
        until: fc.nat().map(epochMs),
      },
      { requiredKeys: ['entries', 'broken'] },
    ),
    newestTick: fc.nat().map(epochMs),
    countsRefusals: fc.constant(true as const),
    answersQuestions: fc.constant(true as const),
    heedsConditions: fc.constant(true as const),
    canaries: fc.array(fc.record({ revocationId: id, outcome: fc.constantFrom(...CANARY_OUTCOMES) }), {
      maxLength: CANARIES_MAX,
    }),
    goodbye: fc.constant(true as const),
  },
  {
    requiredKeys: [
      'node',
      'instance',
      'service',
      'version',
      'epoch',
      'watermark',
      'identity',
      'state',
      'mode',
      'stalenessMsMax',
      'stalenessMs',
      'issuers',
      'liveEntries',
      'guarded',
      'at',
    ],
  },
);

/** Any report of refusals that a node may ever send. */
export const anyRefusalReport: fc.Arbitrary<RefusalReport> = fc.record({
  instance: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
  service: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
  counts: fc.array(fc.record({ id, run: fc.nat(), refused: fc.nat(), lastAt: fc.nat().map(epochMs) }), {
    maxLength: 5,
  }),
  dropped: fc.nat(),
});
