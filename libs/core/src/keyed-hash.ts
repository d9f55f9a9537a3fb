import { encodeUtf8 } from './utf8.js';

/** 128 bits as four 32-bit words, lowest first; each call overwrites the words of the one before. */
export type KeyedHash = (text: string) => Uint32Array;

/** Bytes of a hash key: the 128 bits of SipHash. */
export const HASH_KEY_BYTES = 16;

/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, https://github.com/veorq/SipHash) over the UTF-8 bytes of a text.
 * Keyed, since the texts come from tokens: with a public hash anybody who may choose a `jti` could aim at a filter's bits.
 */
export const createKeyedHash = (hashKey: Uint8Array): KeyedHash => {
  if (hashKey.length !== HASH_KEY_BYTES) throw new RangeError(`A hash key has ${HASH_KEY_BYTES} bytes.`);
  const key = Array.from({ length: 4 }, (_, i) => wordAt(hashKey, 4 * i));
  const initial = Int32Array.from(INITIAL, (word, i) => word ^ (key[i & 3] ?? 0));
  const out = new Uint32Array(4);
  let bytes = new Uint8Array(256);
  return (text) => {
    // Three bytes per unit at most, and a last block.
    if (bytes.length < 3 * text.length + 8) bytes = new Uint8Array(6 * text.length + 8);
    sipHash(initial, bytes, pad(bytes, encodeUtf8(text, bytes)), out);
    return out;
  };
};

/** "somepseudorandomlygeneratedbytes" as eight words, each 64-bit word by its low half first, and 0xee for 128 bits of output. */
const INITIAL = [0x70736575, 0x736f6d65, 0x6e646f6d ^ 0xee, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];

/** The last block is what is left over, then zeros, then the length modulo 256. Returns where it ends. */
const pad = (bytes: Uint8Array, length: number): number => {
  const end = length - (length % 8) + 8;
  bytes.fill(0, length, end - 1);
  bytes[end - 1] = length;
  return end;
};

/**
 * Two rounds per block of eight bytes, then two times four rounds, after each of which half of the output is read. The
 * 64-bit words of the definition are pairs of 32-bit words (`h` is the high one), and all rounds stand in one loop
 * over local variables: this is what a check waits for, and calls on an array of words take twice as long.
 */
const sipHash = (initial: Int32Array, bytes: Uint8Array, end: number, out: Uint32Array): void => {
  // By index: taking an array apart by its iterator would cost as much as hashing twenty bytes.
  let { 0: a = 0, 1: ah = 0, 2: b = 0, 3: bh = 0, 4: c = 0, 5: ch = 0, 6: d = 0, 7: dh = 0 } = initial;
  for (let at = 0; at < end + 16; at += 8) {
    const isBlock = at < end;
    const word = isBlock ? wordAt(bytes, at) : 0;
    const wordHigh = isBlock ? wordAt(bytes, at + 4) : 0;
    d ^= word;
    dh ^= wordHigh;
    if (at === end) c ^= 0xee;
    if (at === end + 8) b ^= 0xdd;
    for (let round = isBlock ? 2 : 4; round > 0; round--) {
      // a += b; b = rotl(b, 13) ^ a; a = rotl(a, 32); and so on with c and d, a and d, c and b.
      a = (a + b) | 0;
      ah = (ah + bh + carry(a, b)) | 0;
      let turned = ((b << 13) | (bh >>> 19)) ^ a;
      bh = ((bh << 13) | (b >>> 19)) ^ ah;
      b = turned;
      c = (c + d) | 0;
      ch = (ch + dh + carry(c, d)) | 0;
      turned = ((d << 16) | (dh >>> 16)) ^ c;
      dh = ((dh << 16) | (d >>> 16)) ^ ch;
      d = turned;
      // From here on a has its halves swapped, then c.
      turned = (ah + d) | 0;
      ah = (a + dh + carry(turned, d)) | 0;
      a = turned;
      turned = ((d << 21) | (dh >>> 11)) ^ a;
      dh = ((dh << 21) | (d >>> 11)) ^ ah;
      d = turned;
      c = (c + b) | 0;
      ch = (ch + bh + carry(c, b)) | 0;
      turned = ((b << 17) | (bh >>> 15)) ^ c;
      bh = ((bh << 17) | (b >>> 15)) ^ ch;
      b = turned;
      turned = c;
      c = ch;
      ch = turned;
    }
    a ^= word;
    ah ^= wordHigh;
    if (isBlock) continue;
    out[(at - end) / 4] = a ^ b ^ c ^ d;
    out[(at - end) / 4 + 1] = ah ^ bh ^ ch ^ dh;
  }
};

/** What is carried out of a 32-bit sum: it is smaller than what was added to it exactly if it wrapped around. */
const carry = (sum: number, added: number): number => (sum >>> 0 < added >>> 0 ? 1 : 0);

const wordAt = (bytes: Uint8Array, i: number): number =>
  byteAt(bytes, i) | (byteAt(bytes, i + 1) << 8) | (byteAt(bytes, i + 2) << 16) | (byteAt(bytes, i + 3) << 24);

// Never out of range; the compiler cannot know.
const byteAt = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;
