import { RevocationError } from './errors.js';
import { encodeUtf8 } from './utf8.js';
import { type KeyKind, KEY_KINDS } from './key.js';

/** Bytes of a hash key. */
const KEY_BYTES = 16;
/** Issuers whose state is remembered. A node accepts tokens of a handful; more than this and each look-up absorbs the issuer anew. */
const ISSUERS_MAX = 256;
const WORDS = 4;
/** What SipHash with 128 bits of output mixes in before the first and before the second half. */
const FIRST = 0xee;
const SECOND = 0xdd;

/**
 * Keyed hash of the key of a revocation, made for the hot path: no text is built and nothing is allocated.
 *
 * The canonical bytes of a key are its kind (position in `KEY_KINDS`), then each of its parts, issuer first: a part is its
 * length in UTF-8 bytes, then these bytes, then zeros up to a multiple of four; every number is a little-endian word of
 * 32 bits. Lengths come first, so that equal bytes mean equal keys. The function over these words is HalfSipHash with
 * one round a word and three to finish, over a state that begins as the 128-bit hash key, and with the output
 * lengthened to 128 bits as SipHash does it. ADR 0011 says why this is enough where nobody sees an output.
 *
 * `first` is all that a filter needs and all that most checks compute; `second` continues from there.
 */
export class KeyHash {
  /** The four words of the hash, as signed numbers; `second` fills the last two. */
  readonly words = new Int32Array(WORDS);
  readonly #start = new Int32Array(WORDS);
  readonly #state = new Int32Array(WORDS);
  readonly #issuers = new Map<string, Int32Array>();
  #issuer = '';
  #kinds: Int32Array;
  #bytes = new Uint8Array(256);

  constructor(hashKey: Uint8Array) {
    if (hashKey.length !== KEY_BYTES) throw new RangeError(`A hash key has ${KEY_BYTES} bytes.`);
    for (let i = 0; i < WORDS; i++) this.#start[i] = wordOf(hashKey, 4 * i) ^ (INITIAL[i] ?? 0);
    this.#kinds = this.#statesOf('');
  }

  /**
   * Hashes a key of `kind` with one field. This is what a check spends its time on, most of it on reading the
   * characters, four a step: hence one loop over local variables, and the rounds written out. A character that is not
   * ASCII sends the field down the slow path, from the same state.
   */
  first(kind: number, issuer: string, field: string): void {
    const kinds = issuer === this.#issuer ? this.#kinds : this.#kindsOf(issuer);
    const at = kind * WORDS;
    let a = kinds[at] ?? 0;
    let b = kinds[at + 1] ?? 0;
    let c = kinds[at + 2] ?? 0;
    let d = kinds[at + 3] ?? 0;
    const length = field.length;
    let word = length;
    let seen = 0;
    for (let i = 0; ; i += 4) {
      d ^= word;
      a = (a + b) | 0;
      b = ((b << 5) | (b >>> 27)) ^ a;
      a = (a << 16) | (a >>> 16);
      c = (c + d) | 0;
      d = ((d << 8) | (d >>> 24)) ^ c;
      a = (a + d) | 0;
      d = ((d << 7) | (d >>> 25)) ^ a;
      c = (c + b) | 0;
      b = ((b << 13) | (b >>> 19)) ^ c;
      c = (c << 16) | (c >>> 16);
      a ^= word;
      if (i + 4 <= length) {
        const unit0 = field.charCodeAt(i);
        const unit1 = field.charCodeAt(i + 1);
        const unit2 = field.charCodeAt(i + 2);
        const unit3 = field.charCodeAt(i + 3);
        seen |= unit0 | unit1 | unit2 | unit3;
        word = unit0 | (unit1 << 8) | (unit2 << 16) | (unit3 << 24);
      } else if (i < length) {
        word = lastWord(field, i);
        seen |= word < 0 ? 0x80 : 0;
      } else break;
    }
    if (seen > 0x7f) {
      this.#startAt(kinds, at);
      this.#absorb(field);
    } else {
      this.#set(a, b, c, d);
    }
    this.#finish(FIRST, 0);
  }

  /** Hashes a key with no field but the issuer, or with two. */
  firstOf(kind: number, issuer: string, ...fields: readonly string[]): void {
    this.#startAt(issuer === this.#issuer ? this.#kinds : this.#kindsOf(issuer), kind * WORDS);
    for (const field of fields) this.#absorb(field);
    this.#finish(FIRST, 0);
  }

  /** The other half, for when the filter said perhaps. Goes with the `first` right before it. */
  second(): void {
    this.#finish(SECOND, 2);
  }

  /** All four words for the id of a revocation. Its kind is one that no key has. */
  ofText(id: string): void {
    this.#state.set(this.#start);
    this.#mix(KEY_KINDS.length);
    this.#absorb(id);
    this.#finish(FIRST, 0);
    this.#finish(SECOND, 2);
  }

  /** The same for an id of 128 bits, under yet another kind. */
  ofWords(a: number, b: number, c: number, d: number): void {
    this.#state.set(this.#start);
    this.#mix(KEY_KINDS.length + 1);
    this.#mix(a);
    this.#mix(b);
    this.#mix(c);
    this.#mix(d);
    this.#finish(FIRST, 0);
    this.#finish(SECOND, 2);
  }

  #kindsOf(issuer: string): Int32Array {
    let kinds = this.#issuers.get(issuer);
    if (kinds === undefined) {
      kinds = this.#statesOf(issuer);
      if (this.#issuers.size >= ISSUERS_MAX) this.#issuers.clear();
      this.#issuers.set(issuer, kinds);
    }
    this.#issuer = issuer;
    this.#kinds = kinds;
    return kinds;
  }

  /** The states after each kind and this issuer, one behind the other. */
  #statesOf(issuer: string): Int32Array {
    const states = new Int32Array(KEY_KINDS.length * WORDS);
    for (let kind = 0; kind < KEY_KINDS.length; kind++) {
      this.#state.set(this.#start);
      this.#mix(kind);
      this.#absorb(issuer);
      states.set(this.#state, kind * WORDS);
    }
    return states;
  }

  #mix(word: number): void {
    const { 0: a = 0, 1: b = 0, 2: c = 0, 3: d = 0 } = this.#state;
    rounds(this.#state, a, b, c, d ^ word, 1);
    this.#state[0] = (this.#state[0] ?? 0) ^ word;
  }

  #startAt(states: Int32Array, at: number): void {
    this.#set(states[at] ?? 0, states[at + 1] ?? 0, states[at + 2] ?? 0, states[at + 3] ?? 0);
  }

  #set(a: number, b: number, c: number, d: number): void {
    const state = this.#state;
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
  }

  #absorb(text: string): void {
    // Three bytes per unit at most, and zeros behind them.
    if (this.#bytes.length < 3 * text.length + 4) this.#bytes = new Uint8Array(6 * text.length + 4);
    const length = encodeUtf8(text, this.#bytes);
    this.#bytes.fill(0, length, length + 3);
    this.#mix(length);
    for (let at = 0; at < length; at += 4) this.#mix(wordOf(this.#bytes, at));
  }

  /** Three rounds after `mark`, then two words of output: the two sums of a state that goes on. */
  #finish(mark: number, at: number): void {
    const state = this.#state;
    rounds(state, state[0] ?? 0, state[1] ?? 0, (state[2] ?? 0) ^ mark, state[3] ?? 0, 3);
    this.words[at] = (state[1] ?? 0) ^ (state[3] ?? 0);
    this.words[at + 1] = (state[0] ?? 0) ^ (state[2] ?? 0);
  }
}

/** One to three characters, -1 if one of them is not ASCII. */
const lastWord = (text: string, from: number): number => {
  let word = 0;
  for (let at = text.length - 1; at >= from; at--) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return -1;
    word = (word << 8) | unit;
  }
  return word;
};

/** Rounds of HalfSipHash: a to d are v0 to v3 of its definition. */
const rounds = (state: Int32Array, v0: number, v1: number, v2: number, v3: number, count: number): void => {
  let a = v0;
  let b = v1;
  let c = v2;
  let d = v3;
  for (let i = 0; i < count; i++) {
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
};

/** The constants of HalfSipHash, and two more of SipHash, so that a key of zeros is no state of zeros. */
const INITIAL = [0x70736575, 0x6e646f6d, 0x6c796765, 0x74656462];

const wordOf = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);

/** The number by which the hash and the index know a kind. */
export const kindNumber = (kind: KeyKind): number => {
  const number = NUMBERS.get(kind);
  if (number === undefined) throw new RevocationError('ERR_INVARIANT', 'A kind of key without a number.');
  return number;
};

const NUMBERS: ReadonlyMap<KeyKind, number> = new Map(KEY_KINDS.map((kind, number) => [kind, number]));
