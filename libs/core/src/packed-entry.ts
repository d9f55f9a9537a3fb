import { KEY_KINDS, type KeyKind } from './key.js';
import { type Effect, type Revocation } from './revocation.js';
import { type Scope } from './scope.js';

/*
 * One revocation in a table: its mark (a byte: whether there is one, kind, effect, endless) and the words of its payload,
 * 128 bits of id, the end, and for cut-offs the time. What does not fit into these is spilled: see `spilled-entries.ts`.
 */

/** Words of a payload. */
export const ID_WORDS = 4;
export const END_AT = 4;
export const CUTOFF_AT = 5;

const PRESENT = 0x80;
const ENDLESS = 1;
const EFFECTS = ['always', 'suspended', 'issuedBefore'] as const satisfies Effect['kind'][];

export const markOf = (kind: number, effect: Effect['kind'], endless: boolean): number =>
  PRESENT | (kind << 3) | (EFFECTS.indexOf(effect) << 1) | (endless ? ENDLESS : 0);

export const kindOfMark = (mark: number): number => (mark >>> 3) & 15;

/** Whether a table for entries with or without a cut-off may hold this mark. */
export const isMark = (mark: number, withCutoff: boolean): boolean =>
  (mark & PRESENT) !== 0 &&
  kindOfMark(mark) < KEY_KINDS.length &&
  (withCutoff ? ((mark >>> 1) & 3) === 2 : ((mark >>> 1) & 3) < 2);

/** Seconds; Infinity = until it is lifted. */
export const endOf = (mark: number, endWord: number): number => ((mark & ENDLESS) !== 0 ? Infinity : endWord >>> 0);

export const scopeOfKind = (kind: number): Scope => SCOPE_OF[KEY_KINDS[kind] ?? 'jti'];

const SCOPE_OF: Readonly<Record<KeyKind, Scope>> = {
  jti: 'token',
  signingInputHash: 'token',
  session: 'session',
  subject: 'subject',
  client: 'client',
  grant: 'grant',
  device: 'device',
  issuer: 'issuer',
  kid: 'key',
  thumbprint: 'key',
};

/** How much an effect hits: everything, or what is before a time. Of several entries of a key the farthest reaching names a hit. */
export const reachOf = (effect: Effect): number => (effect.kind === 'issuedBefore' ? effect.issuedBefore : Infinity);

/** A cut-off is exclusive and literal; a token without the time it is compared with is hit (fail closed). */
export const reaches = (reach: number, cutoffTime: number | undefined): boolean =>
  reach === Infinity || cutoffTime === undefined || cutoffTime < reach;

export const endsAtOf = ({ retainUntil }: Revocation): number => (retainUntil === 'lifted' ? Infinity : retainUntil);

const TIME_MAX = 0xffffffff;
const isPackable = (time: number): boolean => Number.isInteger(time) && time >= 0 && time <= TIME_MAX;

/** Writes the payload of a revocation into `into`, unless something of it does not fit. */
export const pack = (revocation: Revocation, into: Int32Array): boolean => {
  const { effect } = revocation;
  const endsAt = endsAtOf(revocation);
  if (effect.kind === 'issuedBefore' && !isPackable(effect.issuedBefore)) return false;
  if (endsAt !== Infinity && !isPackable(endsAt)) return false;
  if (!packId(revocation.id, into)) return false;
  into[END_AT] = endsAt === Infinity ? 0 : endsAt;
  into[CUTOFF_AT] = effect.kind === 'issuedBefore' ? effect.issuedBefore : 0;
  return true;
};

/** The same for what an entry says that stands beside the tables. */
export const packEntry = (
  { id, endsAt, reach }: { readonly id: string; readonly endsAt: number; readonly reach: number },
  into: Int32Array,
): boolean => {
  if (reach !== Infinity && !isPackable(reach)) return false;
  if (endsAt !== Infinity && !isPackable(endsAt)) return false;
  if (!packId(id, into)) return false;
  into[END_AT] = endsAt === Infinity ? 0 : endsAt;
  into[CUTOFF_AT] = reach === Infinity ? 0 : reach;
  return true;
};

/** The ids that our service makes are 32 lower-case hex digits; of any other nothing is written that counts. */
export const packId = (id: string, into: Int32Array): boolean => {
  if (id.length !== 8 * ID_WORDS) return false;
  for (let word = 0; word < ID_WORDS; word++) {
    let value = 0;
    for (let i = 8 * word; i < 8 * word + 8; i++) {
      const unit = id.charCodeAt(i);
      if (unit >= 0x30 && unit <= 0x39) value = (value << 4) | (unit - 0x30);
      else if (unit >= 0x61 && unit <= 0x66) value = (value << 4) | (unit - 0x57);
      else return false;
    }
    into[word] = value;
  }
  return true;
};

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Four words back into 32 hex digits. */
export const idText = (a: number, b: number, c: number, d: number): string =>
  wordText(a) + wordText(b) + wordText(c) + wordText(d);

const wordText = (word: number): string => pair(word >>> 24) + pair(word >>> 16) + pair(word >>> 8) + pair(word);

const pair = (byte: number): string => PAIRS[byte & 255] ?? '';
