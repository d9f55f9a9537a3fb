import { sequence } from '@revocast/core';
import { createVerifier, decodeRecord } from '@revocast/jetstream';
import { decodeTick } from '../../src/tick-codec.js';
import { SIGNATURE_HEADER, STORED_BYTES_MAX } from '../../src/wire.js';
import { bytesOf, ISSUER, KEYS, NAMESPACE, OTHER_KID, sign } from './signing.js';

const EPOCH = 'e1';
const TIME = '2025-11-24T16:00:00.123Z';

type Members = Readonly<Record<string, unknown>>;

const envelope = (type: string, data: Members, outside: Members = {}): string =>
  JSON.stringify({
    specversion: '1.0',
    id: 'record-1',
    source: `/revocast/${NAMESPACE}`,
    type: `dev.revocast.${type}`,
    time: TIME,
    datacontenttype: 'application/json',
    data: { namespace: NAMESPACE, epoch: EPOCH, ...data },
    ...outside,
  });

const revoked = (scope: string, item: Members, outside: Members = {}, data: Members = {}): string =>
  envelope(
    `${scope}.revoked.v1`,
    { issuer: ISSUER, scope, revocations: [{ id: 'rev-1', retainUntil: 1764086460, ...item }], ...data },
    outside,
  );

const SUBJECT = { sub: 'alice', issuedBefore: 1764000001 };
const subject = (outside: Members = {}, data: Members = {}): string => revoked('subject', SUBJECT, outside, data);

const issuerWith = (condition: unknown): string => revoked('issuer', { issuedBefore: 1764000001, condition });

const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const TAMPERED_TAIL = 'A'.repeat(86);

/** What a record says: all of it signed by us, so that only reading it can go wrong. */
const SIGNED: Readonly<Record<string, string>> = {
  'a cut-off with a fraction, a member nobody knows, and an empty supersedes': revoked('subject', {
    ...SUBJECT,
    issuedBefore: 1764000001.5,
    supersedes: [],
    later: { any: 'thing' },
  }),
  'a member given twice: the last one counts': subject().replace('"sub":"alice"', '"sub":"mallory","sub":"alice"'),
  'members whose case differs are other members': subject().replace('"sub":', '"SUB":"mallory","sub":'),
  'a subject beyond ASCII, escaped and not': revoked('subject', { ...SUBJECT, sub: 'Zoë 😀' }).replace('ë', '\\u00eb'),
  'a pair of surrogates, escaped': subject().replace('alice', '\\ud83d\\ude00'),
  'a subject with a surrogate that stands alone': subject().replace('alice', 'al\\ud83dice'),
  'a surrogate that stands alone in a member nobody knows': subject().replace('"sub":', '"later":"\\udc00","sub":'),
  'an empty subject': revoked('subject', { ...SUBJECT, sub: '' }),
  'a subject of 1,024 bytes': revoked('subject', { ...SUBJECT, sub: 'é'.repeat(512) }),
  'a subject of 1,025 bytes': revoked('subject', { ...SUBJECT, sub: `a${'é'.repeat(512)}` }),
  'an issuer of 1,025 bytes: nobody knows whose': subject({}, { issuer: 'a'.repeat(1025) }),
  'a number as subject': revoked('subject', { ...SUBJECT, sub: 42 }),
  'fields of two keys': revoked('subject', { ...SUBJECT, sid: 's' }),
  'a key field that is null': revoked('subject', { ...SUBJECT, sid: null }),
  'a grant without its client': revoked('grant', SUBJECT),
  'a subject that is neither cut off nor suspended': revoked('subject', { sub: 'alice' }),
  'an exception for two clients': issuerWith({ exceptClients: ['batch', 'Zoë 😀'] }),
  'a spread': issuerWith({ spread: { from: 1764000000, until: 1764000600 } }),
  'a condition that nobody knows: it hits everybody': issuerWith({ unlessMonday: true }),
  'a known condition beside members nobody knows': issuerWith({ exceptClients: ['batch'], later: {} }),
  'a condition that is null': issuerWith(null),
  'a condition that is a list': issuerWith([]),
  'an exception that is null': issuerWith({ exceptClients: null }),
  'an exception for no client': issuerWith({ exceptClients: [] }),
  'an exception for 64 clients': issuerWith({ exceptClients: Array.from({ length: 64 }, (_, at) => `c${String(at)}`) }),
  'an exception for 65 clients': issuerWith({ exceptClients: Array.from({ length: 65 }, (_, at) => `c${String(at)}`) }),
  'an exception for one client twice': issuerWith({ exceptClients: ['batch', 'batch'] }),
  'an exception for an empty client': issuerWith({ exceptClients: [''] }),
  'an exception for a number': issuerWith({ exceptClients: [42] }),
  'an exception for a client of 1,025 bytes': issuerWith({ exceptClients: ['a'.repeat(1025)] }),
  'an exception of 8,193 bytes': issuerWith({
    exceptClients: Array.from({ length: 9 }, (_, at) => String(at).repeat(at === 8 ? 1 : 1024)),
  }),
  'an exception of 8,192 bytes': issuerWith({
    exceptClients: Array.from({ length: 8 }, (_, at) => String(at).repeat(1024)),
  }),
  'an exception and a spread': issuerWith({
    exceptClients: ['batch'],
    spread: { from: 1764000000, until: 1764000600 },
  }),
  'a spread that ends as it begins': issuerWith({ spread: { from: 1764000000, until: 1764000000 } }),
  'a spread of a day': issuerWith({ spread: { from: 1764000000, until: 1764086400 } }),
  'a spread of more than a day': issuerWith({ spread: { from: 1764000000, until: 1764086401 } }),
  'a spread of half seconds': issuerWith({ spread: { from: 1764000000.5, until: 1764000600 } }),
  'a spread without its end': issuerWith({ spread: { from: 1764000000 } }),
  'a condition of a scope that takes none': revoked('subject', { ...SUBJECT, condition: { exceptClients: ['batch'] } }),
  'a condition that nobody knows of a scope that takes none': revoked('subject', {
    ...SUBJECT,
    condition: { later: 1 },
  }),
  'a condition of a client': revoked('client', {
    clientId: 'app',
    issuedBefore: 1764000001,
    condition: { spread: { from: 1764000000, until: 1764000600 } },
  }),
  'a condition of a key': revoked('key', { kid: 'k-1', condition: { exceptClients: ['batch'] } }),
  'suspended and cut off at once': revoked('subject', { ...SUBJECT, suspended: true }),
  'suspended until lifted': revoked('client', { clientId: 'app', suspended: true, retainUntil: 'lifted' }),
  'not suspended, as a member says': revoked('session', { sid: 's', suspended: false }),
  'suspended by a text': revoked('session', { sid: 's', suspended: 'yes' }),
  'a cut-off that is null': revoked('subject', { ...SUBJECT, issuedBefore: null }),
  'a negative cut-off': revoked('subject', { ...SUBJECT, issuedBefore: -1 }),
  'a cut-off beyond all numbers': subject().replace('1764000001', '1e400'),
  'a cut-off in exponents': subject().replace('1764000001', '1.764e9'),
  'a retention of another word': revoked('subject', { ...SUBJECT, retainUntil: 'never' }),
  'a hash of the signing input': revoked('token', { signingInputHash: HASH }),
  'a hash in another spelling': revoked('token', { signingInputHash: `${HASH.slice(0, 42)}V` }),
  'a key by a thumbprint that is too short': revoked('key', { thumbprint: HASH.slice(1) }),
  'no revocation at all': subject({}, { revocations: [] }),
  'a revocation that is a list': subject({}, { revocations: [[]] }),
  'a type and a scope that do not belong together': subject({}, { scope: 'client' }),
  'a reason with a space': subject({}, { reasonCode: 'device lost' }),
  'an id with a space: known by its digest': subject({ id: 'record 1' }),
  'no id': subject({ id: undefined }),
  'an id of 129 characters': subject({ id: 'i'.repeat(129) }),
  'another specversion': subject({ specversion: '1.1' }),
  'a time without milliseconds': subject({ time: '2025-11-24T16:00:00Z' }),
  'a time with an offset': subject({ time: '2025-11-24T16:00:00.123+00:00' }),
  'a month 13': subject({ time: '2025-13-24T16:00:00.123Z' }),
  'major version 0': subject({ type: 'dev.revocast.subject.revoked.v0' }),
  'major version 2 without an issuer: it concerns all': subject({ type: 'dev.revocast.x.v2' }, { issuer: undefined }),
  'a type of somebody else': subject({ type: 'com.example.subject.revoked.v1' }),
  'a verb that nobody knows': subject({ type: 'dev.revocast.subject.forgiven.v1' }),
  'a lift of two': envelope('session.lifted.v1', {
    issuer: ISSUER,
    scope: 'session',
    lifts: [
      { id: 'rev-1', retainUntil: 1764086460 },
      { id: 'rev-2', retainUntil: 1764086461 },
    ],
  }),
  'a lift that never ends': envelope('session.lifted.v1', {
    issuer: ISSUER,
    scope: 'session',
    lifts: [{ id: 'rev-1', retainUntil: 'lifted' }],
  }),
  'an epoch whose key is too short': envelope('epoch.opened.v1', { entries: 0, hashKey: '00' }),
  'an epoch with half an entry': envelope('epoch.opened.v1', { entries: 0.5, hashKey: '0'.repeat(32) }),
  'a void without an id': envelope('record.voided.v1', {}),
  'a tick that somebody copied into the log': envelope('tick.v1', { head: 1, fleetBoundMs: 1 }),
  'a tick of a later version': envelope('tick.v2', { issuer: ISSUER }),
  'no namespace': subject({}, { namespace: undefined }),
  'an epoch that is a number': subject({}, { epoch: 1 }),
  'another namespace before another epoch': subject({}, { namespace: 'other', epoch: 'e2' }),
  'no data': subject({ data: undefined }),
  'data that is a list': subject({ data: [] }),
  'no object but a list': '[]',
  'no JSON': '{"specversion":"1.0",}',
  'nothing at all': '',
  'a byte order mark': `\ufeff${subject()}`,
};

const REASONABLE = bytesOf(subject());

/** What is wrong before anything is read. */
const UNREAD: Readonly<Record<string, { readonly payload: Uint8Array; readonly signature: string }>> = {
  'no signature': { payload: REASONABLE, signature: '' },
  'a signature without a kid': { payload: REASONABLE, signature: sign(REASONABLE).slice('vectors.'.length) },
  'a signature with padding': { payload: REASONABLE, signature: `${sign(REASONABLE)}==` },
  'a signature of another text': { payload: bytesOf(subject().replace('alice', 'bob')), signature: sign(REASONABLE) },
  'a signature of nothing': { payload: REASONABLE, signature: `vectors.${TAMPERED_TAIL}` },
  'a kid that is not ours': { payload: REASONABLE, signature: sign(REASONABLE, OTHER_KID) },
  'no JSON, and not signed': { payload: bytesOf('{'), signature: '' },
  'bytes that are no UTF-8, signed': signedBytes(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
};

function signedBytes(payload: Uint8Array): { payload: Uint8Array; signature: string } {
  return { payload, signature: sign(payload) };
}

const messageOf = (payload: Uint8Array, signature: string) => ({
  payload,
  headers: { last: (name: string) => (name === SIGNATURE_HEADER ? signature : '') },
});

const recordVector = (about: string, payload: Uint8Array, signature: string) => {
  const expected = { namespace: NAMESPACE, epoch: EPOCH };
  const message = { ...messageOf(payload, signature), sequence: sequence(9), expected };
  const { sequence: _sequence, ...decodes } = decodeRecord(message, createVerifier(KEYS));
  return { about, payloadBase64: Buffer.from(payload).toString('base64'), signature, decodes };
};

/** Those of docs/protocol.md, "Reading a record"; what is valid stands in test/fixtures/wire/v1. */
export const recordVectors = (): unknown => ({
  keys: KEYS,
  namespace: NAMESPACE,
  epoch: EPOCH,
  storedBytesMax: STORED_BYTES_MAX,
  cases: [
    ...Object.entries(SIGNED).map(([about, text]) => recordVector(about, bytesOf(text), sign(bytesOf(text)))),
    ...Object.entries(UNREAD).map(([about, { payload, signature }]) => recordVector(about, payload, signature)),
  ],
});

const tick = (data: Members = {}, outside: Members = {}): string =>
  envelope('tick.v1', { head: 42, fleetBoundMs: 300_000, ...data }, outside);

const TICKS: Readonly<Record<string, string>> = {
  'a tick': tick(),
  'of another namespace': tick({ namespace: 'other' }),
  'of a later version': tick({}, { type: 'dev.revocast.tick.v2' }),
  'a record': subject(),
  'without a head': tick({ head: undefined }),
  'with half a head': tick({ head: 0.5 }),
  'with an empty epoch': tick({ epoch: '' }),
  'with a negative bound': tick({ fleetBoundMs: -1 }),
  'of 4,097 bytes': tick({ later: 'x'.repeat(4_097 - tick({ later: '' }).length) }),
  'of 4,096 bytes': tick({ later: 'x'.repeat(4_096 - tick({ later: '' }).length) }),
};

const tickVector = (about: string, text: string, signature: string) => {
  const message = { ...messageOf(bytesOf(text), signature), namespace: NAMESPACE };
  // Null, since JSON has no undefined: this is no tick to whoever reads it.
  return { about, payload: text, signature, tick: decodeTick(message, createVerifier(KEYS)) ?? null };
};

export const tickVectors = (): unknown => ({
  keys: KEYS,
  namespace: NAMESPACE,
  cases: [
    ...Object.entries(TICKS).map(([about, text]) => tickVector(about, text, sign(bytesOf(text)))),
    tickVector('not signed', tick(), ''),
    tickVector('changed after it was signed', tick({ head: 43 }), sign(bytesOf(tick()))),
  ],
});
