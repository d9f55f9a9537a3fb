import { type EpochMs, RevocationError, sequence, type Tick } from '@revocast/core';
import { readEnvelope, readFrozen, writeEnvelope } from './envelope.js';
import { integerIn, numberIn, textIn } from './fields.js';
import { type Signer, type Verifier } from './keys.js';
import { SIGNATURE_HEADER, WIRE_VERSION, type WireHeaders } from './wire.js';

/** A tick is a few hundred bytes; what is larger is not looked at. */
const TICK_BYTES_MAX = 4096;
const EPOCH_BYTES_MAX = 64;

/** How far the clocks of two service instances may differ. Milliseconds; the default skew of issuers. */
const TICK_AGE_MS_MAX = 60_000;
/** Remembers more ids than honest instances send in TICK_AGE_MS_MAX, one each second. */
const TICKS_REMEMBERED = 256;

export interface EncodedTick {
  readonly payload: Uint8Array;
  readonly signature: string;
}

export const encodeTick = (namespace: string, tick: Tick, signer: Signer): EncodedTick => {
  const { id, time, epoch, head, fleetBoundMs } = tick;
  const payload = writeEnvelope(namespace, { id, name: 'tick', time, data: { epoch, head, fleetBoundMs } });
  return { payload, signature: signer.sign(payload) };
};

export interface TickMessage {
  readonly payload: Uint8Array;
  readonly headers: WireHeaders | undefined;
  readonly namespace: string;
}

/** The tick, or undefined for whatever is not a tick of ours that we understand: a missing tick is noticed by itself. */
export const decodeTick = ({ payload, headers, namespace }: TickMessage, verifier: Verifier): Tick | undefined => {
  if (payload.length > TICK_BYTES_MAX) return undefined;
  if (verifier.verify(payload, headers?.last(SIGNATURE_HEADER) ?? '') !== 'ours') return undefined;
  const frozen = readFrozen(payload);
  if (frozen?.name !== 'tick' || frozen.major !== WIRE_VERSION || frozen.namespace !== namespace) return undefined;
  try {
    const { id, time, data } = readEnvelope(frozen);
    return {
      id,
      time,
      epoch: textIn(data, 'epoch', EPOCH_BYTES_MAX),
      head: sequence(integerIn(data, 'head')),
      fleetBoundMs: numberIn(data, 'fleetBoundMs'),
    };
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
};

/**
 * Tells new ticks from repeated ones. Somebody who replays old signed ticks could otherwise make a dead feed look
 * alive: a tick is new only if its id was not seen lately and it is not much older than the newest one.
 */
export const createTickFilter = (now: () => EpochMs): ((tick: Tick) => boolean) => {
  const seen = new Set<string>();
  let newest = 0;
  return ({ id, time }) => {
    if (seen.has(id) || time < newest - TICK_AGE_MS_MAX) return false;
    seen.add(id);
    const [oldest] = seen;
    if (seen.size > TICKS_REMEMBERED && oldest !== undefined) seen.delete(oldest);
    // An instance whose clock runs hours ahead must not make all others' ticks look old.
    newest = Math.max(newest, Math.min(time, now() + TICK_AGE_MS_MAX));
    return true;
  };
};
