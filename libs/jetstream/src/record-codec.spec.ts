import { describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds, type FeedRecord, type OutgoingRecord, type RecordBody, sequence } from '@revocast/core';
import fc from 'fast-check';
import { anyRecord } from '../test/arbitraries.js';
import { createSigner, createVerifier, generateSigningKey, publicRecordKey, type Signer } from './keys.js';
import { decodeRecord, encodeRecord } from './record-codec.js';
import { RECORD_BYTES_MAX, SIGNATURE_HEADER, STORED_BYTES_MAX, type WireHeaders } from './wire.js';

const key = generateSigningKey('k1');
const signer = createSigner(key);
const verifier = createVerifier({ keys: [publicRecordKey(key)] });

const headersWith = (signature: string): WireHeaders => ({
  last: (name) => (name === SIGNATURE_HEADER ? signature : ''),
});

interface Message {
  readonly payload: Uint8Array;
  readonly signature: string;
}

const decode = (
  { payload, signature }: Message,
  expected: { namespace: string; epoch?: string } = { namespace: 'revocast', epoch: 'e1' },
): FeedRecord => decodeRecord({ payload, headers: headersWith(signature), sequence: sequence(7), expected }, verifier);

const body: RecordBody = {
  kind: 'revoked',
  issuer: 'https://issuer.example',
  scope: 'subject',
  revocations: [
    {
      id: 'r1',
      issuer: 'https://issuer.example',
      key: { scope: 'subject', sub: 'alice' },
      effect: { kind: 'issuedBefore', issuedBefore: epochSeconds(1_700_000_000) },
      retainUntil: epochSeconds(1_700_086_460),
    },
  ],
};
const record: OutgoingRecord = {
  id: 'rec-1',
  namespace: 'revocast',
  epoch: 'e1',
  time: epochMs(1_700_000_000_123),
  body,
};

const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const signedBy = (by: Signer, value: unknown): Message => ({
  payload: bytesOf(value),
  signature: by.sign(bytesOf(value)),
});
const signed = (value: unknown): Message => signedBy(signer, value);

/** The record as a JSON object, changed. */
const changed = (change: (event: Record<string, unknown>, data: Record<string, unknown>) => void): unknown => {
  const event = JSON.parse(new TextDecoder().decode(encodeRecord(record, signer).payload)) as Record<string, unknown>;
  change(event, event['data'] as Record<string, unknown>);
  return event;
};

describe('the record codec', () => {
  it('gives back every record that the service may write', () => {
    fc.assert(
      fc.property(anyRecord, (outgoing) => {
        const encoded = encodeRecord(outgoing, signer);
        const { namespace, epoch, id, time } = outgoing;
        expect(decode(encoded, { namespace, epoch })).toEqual({
          kind: 'record',
          sequence: 7,
          identity: id,
          epoch,
          time,
          body: outgoing.body,
        });
      }),
    );
  });

  it('writes a CloudEvent 1.0 with the type of its scope, to the subject of its scope', () => {
    const encoded = encodeRecord(record, signer);
    expect(encoded.subject).toBe('revocast.log.subject');
    expect(JSON.parse(new TextDecoder().decode(encoded.payload))).toEqual({
      specversion: '1.0',
      id: 'rec-1',
      source: '/revocast/revocast',
      type: 'dev.revocast.subject.revoked.v1',
      time: '2023-11-14T22:13:20.123Z',
      datacontenttype: 'application/json',
      data: {
        namespace: 'revocast',
        epoch: 'e1',
        issuer: 'https://issuer.example',
        scope: 'subject',
        revocations: [{ id: 'r1', sub: 'alice', issuedBefore: 1_700_000_000, retainUntil: 1_700_086_460 }],
      },
    });
  });

  it.each<[RecordBody, string]>([
    [
      { kind: 'lifted', issuer: 'i', scope: 'device', lifts: [{ id: 'r1', retainUntil: epochSeconds(1) }] },
      'revocast.log.device',
    ],
    [{ kind: 'epochOpened', previous: undefined, entries: 0, hashKey: '0'.repeat(32) }, 'revocast.log.epoch'],
    [{ kind: 'voided', recordId: 'rec-0' }, 'revocast.log.void'],
  ])('publishes %j to %s', (other, subject) => {
    expect(encodeRecord({ ...record, body: other }, signer).subject).toBe(subject);
  });

  it('refuses to encode what nodes could not read', () => {
    const noCutOff: RecordBody = { ...body, revocations: [{ ...body.revocations[0]!, effect: { kind: 'always' } }] };
    const otherIssuer: RecordBody = { ...body, revocations: [{ ...body.revocations[0]!, issuer: 'another' }] };
    const freeText: RecordBody = { ...body, reasonCode: 'Alice lost her phone' };
    const nothing: RecordBody = { ...body, revocations: [] };
    for (const bad of [noCutOff, otherIssuer, freeText, nothing]) {
      expect(() => encodeRecord({ ...record, body: bad }, signer)).toThrow(
        expect.objectContaining({ code: 'ERR_INVARIANT' }),
      );
    }
  });

  it('refuses to encode more than one record may hold', () => {
    const revocations = Array.from({ length: 1_000 }, (_, n) => ({ ...body.revocations[0]!, id: `r${n}` }));
    const encode = () => encodeRecord({ ...record, body: { ...body, revocations } }, signer);
    expect(encode).toThrow(
      expect.objectContaining({ code: 'ERR_INVARIANT', message: expect.stringContaining(String(RECORD_BYTES_MAX)) }),
    );
  });

  it('reads the newer minor version of itself: fields it does not know change nothing', () => {
    const newer = changed((event, data) => {
      event['traceparent'] = '00-1-2-3';
      data['priority'] = 5;
      data['revocations'] = (data['revocations'] as object[]).map((item) => ({ ...item, colour: 'red' }));
    });
    expect(decode(signed(newer))).toEqual({ ...decode(encodeRecord(record, signer)) });
  });

  it('reads the live feed of whatever epoch, and names the epoch', () => {
    expect(decode(encodeRecord({ ...record, epoch: 'e2' }, signer), { namespace: 'revocast' })).toMatchObject({
      kind: 'record',
      epoch: 'e2',
    });
  });

  it('reads a record that stands at another sequence than before as the same record (D12: replayed)', () => {
    const encoded = encodeRecord(record, signer);
    const message = {
      payload: encoded.payload,
      headers: headersWith(encoded.signature),
      expected: { namespace: 'revocast' },
    };
    const [first, again] = [3, 9].map((at) => decodeRecord({ ...message, sequence: sequence(at) }, verifier));
    expect(again).toEqual({ ...first, sequence: 9 });
  });
});

describe('what is not ours', () => {
  const stranger = createSigner(generateSigningKey('stranger'));
  const tick = changed((event) => {
    event['type'] = 'dev.revocast.tick.v1';
  });
  const huge = new Uint8Array(STORED_BYTES_MAX + 1);

  it.each<[string, Message, string]>([
    ['an unsigned record', { ...encodeRecord(record, signer), signature: '' }, 'unsigned'],
    ['unsigned bytes that are no JSON', { payload: bytesOf('\0{'), signature: '' }, 'unsigned'],
    ['a record signed by a stranger', encodeRecord(record, stranger), 'wrongKey'],
    [
      'a record signed by a stranger under our kid',
      encodeRecord(record, createSigner(generateSigningKey('k1'))),
      'wrongKey',
    ],
    ['a huge message, whoever signed it', { payload: huge, signature: signer.sign(huge) }, 'malformed'],
    ['a record of another namespace', encodeRecord({ ...record, namespace: 'staging' }, signer), 'namespace'],
    ['a record of another epoch', encodeRecord({ ...record, epoch: 'e0' }, signer), 'epoch'],
    ['a tick that somebody copied into the log', signed(tick), 'malformed'],
  ])('%s is foreign (D15)', (_, message, why) => {
    expect(decode(message)).toMatchObject({ kind: 'foreign', why, sequence: 7 });
  });

  it('is told apart by a digest of its bytes, never by the id it claims', () => {
    const [one, other] = ['a', 'b'].map((extra) =>
      decode({ payload: bytesOf(changed((event) => (event['extra'] = extra))), signature: '' }),
    );
    expect(one?.identity).toMatch(/^sha256:/);
    expect(one?.identity).not.toBe(other?.identity);
  });

  it('is every record of which one bit was changed', () => {
    const encoded = encodeRecord(record, signer);
    fc.assert(
      fc.property(fc.nat(encoded.payload.length * 8 - 1), (bit) => {
        const payload = encoded.payload.slice();
        payload[bit >> 3]! ^= 1 << (bit & 7);
        expect(decode({ payload, signature: encoded.signature })).toMatchObject({ kind: 'foreign', why: 'wrongKey' });
      }),
    );
  });
});

describe('what is ours and not understood', () => {
  const issuer = 'https://issuer.example';
  const at = (path: 'event' | 'data' | 'revocation', name: string, value: unknown): unknown =>
    changed((event, data) => {
      const [first] = data['revocations'] as Record<string, unknown>[];
      ({ event, data, revocation: first! })[path][name] = value;
    });

  it.each<[string, unknown]>([
    ['an unknown type', at('event', 'type', 'dev.revocast.subject.paused.v1')],
    ['an unknown scope', at('event', 'type', 'dev.revocast.planet.revoked.v1')],
    ['a type of somebody else', at('event', 'type', 'com.example.thing')],
    ['a scope that is not that of the type', at('data', 'scope', 'device')],
    ['no id', at('event', 'id', undefined)],
    ['an id that would end a header', at('event', 'id', 'a\r\nb')],
    ['no time', at('event', 'time', 'yesterday')],
    ['no CloudEvent', at('event', 'specversion', '2.0')],
    ['no namespace', at('data', 'namespace', 7)],
    ['no epoch', at('data', 'epoch', null)],
    ['no revocations', at('data', 'revocations', [])],
    ['revocations that are no list', at('data', 'revocations', {})],
    ['a revocation that is no object', at('data', 'revocations', ['alice'])],
    ['a revocation without id', at('revocation', 'id', '')],
    ['a missing key field', at('revocation', 'sub', undefined)],
    ['a numeric key field', at('revocation', 'sub', 42)],
    ['an oversized key field', at('revocation', 'sub', 'x'.repeat(1025))],
    ['a key field with half a character', at('revocation', 'sub', '\ud800')],
    ['a cut-off that is no number', at('revocation', 'issuedBefore', '1700000000')],
    ['a cut-off that is lost', at('revocation', 'issuedBefore', undefined)],
    ['a cut-off and a suspension', at('revocation', 'suspended', true)],
    ['a retention that is no time', at('revocation', 'retainUntil', null)],
    ['a reason in free text', at('data', 'reasonCode', 'because Alice said so')],
  ])('%s makes the record unreadable for its issuer only (D12)', (_, event) => {
    expect(decode(signed(event))).toMatchObject({ kind: 'unreadable', why: 'malformed', issuer });
  });

  it('an unknown major version is named as such, and its issuer read from the frozen envelope', () => {
    const next = changed((event, data) => {
      event['type'] = 'dev.revocast.subject.revoked.v2';
      data['revocations'] = { packed: 'otherwise' };
    });
    expect(decode(signed(next))).toEqual({
      kind: 'unreadable',
      why: 'majorVersion',
      issuer,
      identity: 'rec-1',
      sequence: 7,
    });
  });

  it.each<[string, unknown]>([
    ['bad JSON', '{"data":'],
    ['bad UTF-8', undefined],
    ['JSON that is no object', '[]'],
    ['no issuer', at('data', 'issuer', undefined)],
    ['an issuer that is no text', at('data', 'issuer', { url: 'x' })],
    ['no data', at('event', 'data', null)],
  ])('%s concerns every issuer', (_, event) => {
    const message =
      event === undefined
        ? { payload: Uint8Array.of(0xff), signature: signer.sign(Uint8Array.of(0xff)) }
        : signed(event);
    expect(decode(message)).toMatchObject({ kind: 'unreadable', why: 'malformed', issuer: undefined });
  });

  it('never makes the reader throw, whatever JSON we may once sign', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (event, data) => {
        const mixed = changed((whole, inner) => Object.assign(whole, event, { data: Object.assign(inner, data) }));
        expect(['record', 'foreign', 'unreadable']).toContain(decode(signed(mixed)).kind);
      }),
    );
  });
});
