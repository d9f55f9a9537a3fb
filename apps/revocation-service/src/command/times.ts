import { type EpochMs, epochMs, type EpochSeconds, epochSeconds } from '@revocast/core';
import { type TimeInput } from './command-schema.js';

export const secondsOf = (time: TimeInput): EpochSeconds =>
  epochSeconds(typeof time === 'number' ? time : Date.parse(time) / 1000);

export const millisecondsOf = (time: TimeInput): EpochMs =>
  epochMs(typeof time === 'number' ? time * 1000 : Date.parse(time));

/** The last instant RFC 3339 has four digits for. */
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** How our own times look in answers and logs. A node may claim any bound: what lies too far ahead to be written is cut off. */
export const rfc3339 = (at: EpochMs): string => new Date(Math.min(at, LATEST_MS)).toISOString();
