import { enforceableScopes, type IssuerSettings, settingsDigest, settingsWeaknesses } from '@revocast/core';
import { decodeHeartbeat, HEARTBEAT_BYTES_MAX } from '../../src/heartbeat-codec.js';
import { settingsOf } from './following-script.js';
import { bytesOf, ISSUER } from './signing.js';

const PLAIN = settingsOf(ISSUER);
const { session: _session, device: _device, ...FEWER } = PLAIN.claims;

const SETTINGS: Readonly<Record<string, Partial<IssuerSettings>>> = {
  'as most are': {},
  'another lifetime': { maxLifetimeSeconds: 3_600 },
  'a larger lifetime': { maxLifetimeSeconds: 172_800 },
  'a longer session': { sessionMaxSeconds: 5_184_000 },
  'more skew': { clockSkewSeconds: 61 },
  fractions: { clockSkewSeconds: 0.1, issuedAtOffsetSeconds: -0.000_000_5, leadSeconds: 1e21 },
  'an offset and a lead': { issuedAtOffsetSeconds: 300, leadSeconds: 5 },
  'the time of the login': { cutoffClaim: 'auth_time' },
  'no session and no device': { claims: FEWER },
  'nothing mapped': { claims: {} },
  'a list without names is not mapped': { claims: { ...PLAIN.claims, device: [] } },
  'names in another order': { claims: { ...PLAIN.claims, client: ['azp', 'client_id'] } },
  'required claims, in any order and twice': { require: ['sid', 'jti', 'sid'] },
  'the same, once and in order': { require: ['jti', 'sid'] },
  'names that JSON escapes': {
    require: ['"quoted"', 'back\\slash', 'tab\t', 'bell\u0007', 'é', '\u{1f600}', '\uffee'],
  },
  'another issuer': { issuer: 'https://login.example/realms/other' },
};

/** Settings, their digest, the scopes that they cover, and in what they are weaker than each of the others. */
export const settingsVectors = (): unknown => {
  const all = Object.entries(SETTINGS).map(([about, parts]) => ({ about, settings: { ...PLAIN, ...parts } }));
  return {
    cases: all.map(({ about, settings }) => ({
      about,
      settings,
      digest: settingsDigest(settings),
      scopes: enforceableScopes(settings),
      weakerThan: Object.fromEntries(
        all.map((other) => [other.about, settingsWeaknesses(settings, other.settings)] as const),
      ),
    })),
  };
};

const FROM = { service: 'payments', instance: 'payments-7d4f' };
const COVERAGE = {
  issuer: ISSUER,
  scopes: ['token', 'session', 'subject', 'client', 'grant', 'device', 'issuer', 'key'],
  settingsDigest: settingsDigest(PLAIN),
  tokens: 120,
  seen: { token: 120, session: 80, subject: 120, client: 120, grant: 120, device: 0 },
};
const BEAT = {
  node: 'payments-1',
  ...FROM,
  version: '2.3.1',
  epoch: 'epoch-1',
  watermark: 42,
  identity: 'record-42',
  state: 'current',
  mode: 'strict',
  stalenessMsMax: 30_000,
  stalenessMs: 1_200,
  issuers: [COVERAGE],
  liveEntries: 17,
  guarded: true,
  at: 1_764_000_000_123,
};

const without = (...names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(BEAT).filter(([name]) => !names.includes(name)));

const BEATS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'of a node that is current': BEAT,
  'of one that has just started: it acknowledges nothing': {
    ...without('epoch', 'identity', 'stalenessMs'),
    ...{ state: 'connecting', because: 'disconnected', watermark: 0, liveEntries: 0, guarded: false },
  },
  'of one whose record at the watermark is not known: it acknowledges nothing': without('identity'),
  'of one that is stale': { ...BEAT, state: 'stale', because: 'boundExceeded' },
  'of one that heard a tick': { ...BEAT, newestTick: 1_764_000_000_000 },
  'of one that a drill tried': { ...BEAT, canaries: [{ revocationId: 'r-1', outcome: 'refused' }] },
  'of one that watches only': { ...BEAT, mode: 'observe' },
  'its last one': { ...BEAT, state: 'failed', because: 'closed', goodbye: true },
  'without a version': { ...BEAT, version: '' },
  'with a scope and a member that nobody knows': {
    ...BEAT,
    issuers: [{ ...COVERAGE, scopes: [...COVERAGE.scopes, 'later'] }],
    later: { any: 'thing' },
  },
  'in the name of another instance': { ...BEAT, instance: 'payments-other' },
  'in the name of another service': { ...BEAT, service: 'orders' },
  'without a mode': without('mode'),
  'of a mode that nobody knows': { ...BEAT, mode: 'lenient' },
  'of a state that nobody knows': { ...BEAT, state: 'fine' },
  'with half a watermark': { ...BEAT, watermark: 0.5 },
  'without the word of its guard': without('guarded'),
  'with an identity that is null': { ...BEAT, identity: null },
  'of an issuer without a digest': { ...BEAT, issuers: [{ ...COVERAGE, settingsDigest: undefined }] },
  'larger than anybody looks at': { ...BEAT, later: 'x'.repeat(HEARTBEAT_BYTES_MAX) },
};

/** Null where the service takes the message for no heartbeat of this node. */
export const heartbeatVectors = (): unknown => ({
  ...FROM,
  cases: Object.entries(BEATS).map(([about, beat]) => {
    const payload = JSON.stringify(beat);
    // What is too large is too large whatever it holds: the vector says how many bytes follow, not each of them.
    const isLarge = payload.length > HEARTBEAT_BYTES_MAX;
    const heartbeat = decodeHeartbeat(bytesOf(payload), FROM) ?? null;
    return { about, ...(isLarge ? { bytes: payload.length } : { payload }), heartbeat };
  }),
});
