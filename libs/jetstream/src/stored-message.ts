import { type Sequence, sequence } from '@revocast/core';
import { type WireHeaders } from './wire.js';

const SEQUENCE = /^[1-9]\d{0,15}$/;

/**
 * The sequence of a message of the log. The broker appends its own header to what the publisher sent, so a
 * forged one stands before it: only the last counts. Undefined when nothing of a log is in the headers.
 */
export const sequenceOf = (headers: WireHeaders | undefined): Sequence | undefined => {
  const text = headers?.last('Nats-Sequence') ?? '';
  const value = Number(text);
  return SEQUENCE.test(text) && Number.isSafeInteger(value) ? sequence(value) : undefined;
};
