import { RevocationError } from '@revocast/core';
import { writeBody, writeRevocation } from './body-codec.js';
import { RECORD_BYTES_MAX, type RevokedBody } from './wire.js';

/** Room for what every record has: CloudEvents members, ids, type, namespace and epoch, all at their longest. */
const ENVELOPE_BYTES_MAX = 1024;

/**
 * Splits a body so that each part fits into one record of at most RECORD_BYTES_MAX bytes, order kept.
 * Throws ERR_BODY_TOO_LARGE when a single revocation does not fit.
 */
export const splitRevocations = (body: RevokedBody): readonly RevokedBody[] => {
  const room = RECORD_BYTES_MAX - ENVELOPE_BYTES_MAX - jsonBytes(writeBody({ ...body, revocations: [] }).data);
  const parts: RevokedBody['revocations'][number][][] = [];
  let left = 0;
  for (const revocation of body.revocations) {
    const bytes = jsonBytes(writeRevocation(revocation)) + ','.length;
    if (bytes > room)
      throw new RevocationError('ERR_BODY_TOO_LARGE', `revocation ${revocation.id} does not fit a record`);
    const part = bytes <= left ? parts.at(-1) : undefined;
    if (part === undefined) {
      parts.push([revocation]);
      left = room - bytes;
    } else {
      part.push(revocation);
      left -= bytes;
    }
  }
  return parts.map((revocations) => ({ ...body, revocations }));
};

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
