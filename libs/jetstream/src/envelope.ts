import { type EpochMs, epochMs } from '@revocast/core';
import { asFields, fieldsIn, type Fields, idIn, isText, matchIn, parseFields, unreadable } from './fields.js';
import { WIRE_VERSION } from './wire.js';

/** An issuer is a key field like any other; see KEY_FIELD_BYTES_MAX of the core. */
export const ISSUER_BYTES_MAX = 1024;

const TYPE = /^dev\.revocast\.([a-z]+(?:\.[a-z]+)?)\.v([1-9]\d{0,3})$/;
/** RFC 3339 with milliseconds in UTC, as we write it. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A CloudEvent 1.0 in structured mode, as far as its outside goes. */
export interface Envelope {
  readonly id: string;
  /** The type without prefix and version: `subject.revoked`, `tick`. */
  readonly name: string;
  readonly time: EpochMs;
  readonly data: Fields;
}

export const writeEnvelope = (namespace: string, { id, name, time, data }: Envelope): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      specversion: '1.0',
      id,
      source: `/revocast/${namespace}`,
      type: `dev.revocast.${name}.v${WIRE_VERSION}`,
      time: new Date(time).toISOString(),
      datacontenttype: 'application/json',
      data: { namespace, ...data },
    }),
  );

/** What is the same in every version for ever: enough to tell ours from theirs, and whom an unreadable record is about. */
export interface FrozenEnvelope {
  readonly id: unknown;
  readonly name: string | undefined;
  readonly major: number | undefined;
  readonly namespace: unknown;
  readonly epoch: unknown;
  readonly issuer: string | undefined;
  readonly whole: Fields;
}

/** Undefined when the bytes are not a JSON object. */
export const readFrozen = (payload: Uint8Array): FrozenEnvelope | undefined => {
  const whole = parseFields(payload);
  if (whole === undefined) return undefined;
  const data = asFields(whole['data']);
  const issuer = data?.['issuer'];
  const type = whole['type'];
  const [, name, major] = (typeof type === 'string' ? TYPE.exec(type) : undefined) ?? [];
  return {
    id: whole['id'],
    name,
    major: major === undefined ? undefined : Number(major),
    namespace: data?.['namespace'],
    epoch: data?.['epoch'],
    issuer: isText(issuer, ISSUER_BYTES_MAX) ? issuer : undefined,
    whole,
  };
};

/** Reads the rest of an envelope of our own version. Throws ERR_RECORD_UNREADABLE. */
export const readEnvelope = ({ name, whole }: FrozenEnvelope): Envelope => {
  if (name === undefined || whole['specversion'] !== '1.0') throw unreadable('this is no CloudEvent of ours');
  const time = Date.parse(matchIn(whole, 'time', TIME));
  if (Number.isNaN(time)) throw unreadable('time is not a time');
  return { id: idIn(whole, 'id'), name, time: epochMs(time), data: fieldsIn(whole, 'data') };
};
