import { epochMs, type RefusalCount, type RefusalReport, RevocationError } from '@revocast/core';
import { asFields, type Fields, idIn, integerIn, listIn, numberIn, parseFields, unreadable } from './fields.js';
import { HEARTBEAT_BYTES_MAX } from './heartbeat-codec.js';
import { type NodeName } from './names.js';

export const encodeRefusalReport = ({ service, instance, counts, dropped }: RefusalReport): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ service, instance, refusals: counts, dropped }));

/**
 * A report that came over the subject of `from`, or undefined for everything else. It shares the subject of heartbeats, so
 * that nodes need no right that they do not have; a service that does not know it takes it for a heartbeat it cannot read.
 */
export const decodeRefusalReport = (payload: Uint8Array, from: NodeName): RefusalReport | undefined => {
  if (payload.length > HEARTBEAT_BYTES_MAX) return undefined;
  const fields = parseFields(payload);
  if (fields?.['service'] !== from.service || fields['instance'] !== from.instance) return undefined;
  if (fields['refusals'] === undefined) return undefined;
  try {
    return readReport(fields, from);
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
};

const readReport = (fields: Fields, { service, instance }: NodeName): RefusalReport => ({
  ...{ service, instance },
  counts: listIn(fields, 'refusals', readCount),
  dropped: integerIn(fields, 'dropped'),
});

const readCount = (item: unknown): RefusalCount => {
  const fields = asFields(item);
  if (fields === undefined) throw unreadable('refusals holds what is not an object');
  return {
    id: idIn(fields, 'id'),
    run: integerIn(fields, 'run'),
    refused: integerIn(fields, 'refused'),
    lastAt: epochMs(numberIn(fields, 'lastAt')),
  };
};
