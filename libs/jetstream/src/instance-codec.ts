import { RevocationError, sequence } from '@revocast/core';
import { readEnvelope, readFrozen, writeEnvelope } from './envelope.js';
import { integerIn, matchIn, oneOfIn, optional, textIn } from './fields.js';
import { type Signer, type Verifier } from './keys.js';
import { INSTANCE_PHASES, type InstanceNotice } from './publisher.js';
import { type EncodedTick, type TickMessage } from './tick-codec.js';
import { SIGNATURE_HEADER, WIRE_VERSION } from './wire.js';

/** A notice is a few hundred bytes; what is larger is not looked at. */
const NOTICE_BYTES_MAX = 4096;
const EPOCH_BYTES_MAX = 64;
const INSTANCE = /^[A-Za-z0-9_-]{1,64}$/;

export const encodeInstanceNotice = (namespace: string, notice: InstanceNotice, signer: Signer): EncodedTick => {
  const { id, time, ...data } = notice;
  const payload = writeEnvelope(namespace, { id, name: 'instance', time, data });
  return { payload, signature: signer.sign(payload) };
};

/** The notice, or undefined for whatever is not one of ours that we understand: an instance that is not heard is noticed by itself. */
export const decodeInstanceNotice = (
  { payload, headers, namespace }: TickMessage,
  verifier: Verifier,
): InstanceNotice | undefined => {
  if (payload.length > NOTICE_BYTES_MAX) return undefined;
  if (verifier.verify(payload, headers?.last(SIGNATURE_HEADER) ?? '') !== 'ours') return undefined;
  const frozen = readFrozen(payload);
  if (frozen?.name !== 'instance' || frozen.major !== WIRE_VERSION || frozen.namespace !== namespace) return undefined;
  try {
    const { id, time, data } = readEnvelope(frozen);
    return {
      id,
      time,
      instance: matchIn(data, 'instance', INSTANCE),
      epoch: optional(data, 'epoch', (fields, name) => textIn(fields, name, EPOCH_BYTES_MAX)),
      phase: oneOfIn(data, 'phase', INSTANCE_PHASES),
      watermark: sequence(integerIn(data, 'watermark')),
      ...(data['heedsConditions'] === true ? { heedsConditions: true as const } : {}),
    };
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
};
