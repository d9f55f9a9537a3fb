import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type FeedRecord, type OutgoingRecord, type RecordBody, RevocationError, type Sequence } from '@revocast/core';
import { readBody, writeBody } from './body-codec.js';
import { type FrozenEnvelope, readEnvelope, readFrozen, writeEnvelope } from './envelope.js';
import { isId } from './fields.js';
import { type Signer, type Verifier } from './keys.js';
import {
  type EncodedRecord,
  RECORD_BYTES_MAX,
  SIGNATURE_HEADER,
  STORED_BYTES_MAX,
  WIRE_VERSION,
  type WireHeaders,
} from './wire.js';

/** One message as it stands in the log or came over the live feed. */
export interface StoredMessage {
  readonly payload: Uint8Array;
  readonly headers: WireHeaders | undefined;
  readonly sequence: Sequence;
  /** Without an epoch (live feed) a record of any epoch is passed on, and its epoch named. */
  readonly expected: ExpectedOrigin;
}

export interface ExpectedOrigin {
  readonly namespace: string;
  readonly epoch?: string;
}

/** A record without its sequence: what is known of the bytes alone. */
type Content = FeedRecord extends infer R ? (R extends FeedRecord ? Omit<R, 'sequence'> : never) : never;

/**
 * Makes the bytes of a record, and their signature, once; every attempt to publish uses these same bytes.
 * Throws ERR_INVARIANT when they do not decode to the record again or exceed RECORD_BYTES_MAX: nothing is
 * published that nodes could not read.
 */
export const encodeRecord = (record: OutgoingRecord, signer: Signer): EncodedRecord => {
  const { id, namespace, epoch, time, body } = record;
  const { name, data } = writeBody(body);
  const payload = writeEnvelope(namespace, { id, name, time, data: { epoch, ...data } });
  if (payload.length > RECORD_BYTES_MAX) {
    throw new RevocationError(
      'ERR_INVARIANT',
      `record ${id} has ${payload.length} bytes, more than ${RECORD_BYTES_MAX}`,
    );
  }
  assertReadable(record, payload);
  return { id, epoch, subject: `${namespace}.log.${subjectToken(body)}`, payload, signature: signer.sign(payload) };
};

/**
 * Reads a record from its stored bytes. Never throws: what is not ours is `foreign`, what is ours and not understood
 * is `unreadable`. The order matters: nothing is parsed before its signature is checked, so that a stranger
 * can neither keep the parser busy nor have an issuer doubted.
 */
export const decodeRecord = (message: StoredMessage, verifier: Verifier): FeedRecord => ({
  sequence: message.sequence,
  ...readContent(message, verifier),
});

const readContent = ({ payload, headers, expected }: StoredMessage, verifier: Verifier): Content => {
  if (payload.length > STORED_BYTES_MAX) return { kind: 'foreign', why: 'malformed', identity: digestOf(payload) };
  const verdict = verifier.verify(payload, headers?.last(SIGNATURE_HEADER) ?? '');
  return verdict === 'ours'
    ? readSigned(payload, expected)
    : { kind: 'foreign', why: verdict, identity: digestOf(payload) };
};

const readSigned = (payload: Uint8Array, expected: ExpectedOrigin): Content => {
  const frozen = readFrozen(payload);
  if (frozen === undefined) {
    return { kind: 'unreadable', issuer: undefined, why: 'malformed', identity: digestOf(payload) };
  }
  const { namespace, epoch, issuer } = frozen;
  const identity = isId(frozen.id) ? frozen.id : digestOf(payload);
  if (typeof namespace !== 'string' || typeof epoch !== 'string') {
    return { kind: 'unreadable', issuer, why: 'malformed', identity };
  }
  if (namespace !== expected.namespace) return { kind: 'foreign', why: 'namespace', identity };
  if (epoch !== (expected.epoch ?? epoch)) return { kind: 'foreign', why: 'epoch', identity };
  // Ticks are signed with the same key. One that somebody copies into the log must not make issuers unreadable.
  if (frozen.name === 'tick') return { kind: 'foreign', why: 'malformed', identity };
  if (frozen.major !== undefined && frozen.major !== WIRE_VERSION) {
    return { kind: 'unreadable', issuer, why: 'majorVersion', identity };
  }
  return readOwnVersion(frozen, { epoch, issuer, identity });
};

const readOwnVersion = (
  frozen: FrozenEnvelope,
  {
    epoch,
    issuer,
    identity,
  }: { readonly epoch: string; readonly issuer: string | undefined; readonly identity: string },
): Content => {
  try {
    const envelope = readEnvelope(frozen);
    return { kind: 'record', identity, epoch, time: envelope.time, body: readBody(envelope) };
  } catch (error) {
    // Anything else than the reader's own refusal is a defect of ours, and must not pass for a bad record.
    if (!(error instanceof RevocationError)) throw error;
    return { kind: 'unreadable', issuer, why: 'malformed', identity };
  }
};

const assertReadable = (record: OutgoingRecord, payload: Uint8Array): void => {
  const { namespace, epoch, id, time, body } = record;
  const decoded = readSigned(payload, { namespace, epoch });
  const expected: Content = { kind: 'record', identity: id, epoch, time, body };
  if (!isDeepStrictEqual(asWritten(decoded), asWritten(expected))) {
    throw new RevocationError('ERR_INVARIANT', `record ${id} of kind ${body.kind} does not decode to what was encoded`);
  }
};

/** JSON knows no difference between an absent member and an undefined one. */
const asWritten = (content: Content): unknown => JSON.parse(JSON.stringify(content));

const subjectToken = (body: RecordBody): string => {
  switch (body.kind) {
    case 'revoked':
    case 'lifted':
      return body.scope;
    case 'epochOpened':
      return 'epoch';
    case 'settingsDeclared':
      return 'settings';
    case 'voided':
      return 'void';
  }
};

const digestOf = (payload: Uint8Array): string => `sha256:${createHash('sha256').update(payload).digest('base64url')}`;
