import { checksumOf } from './checksum.js';
import { RevocationError } from './errors.js';
import { type KeyHash } from './key-hash.js';

/*
 * The image of an index, version 1, or 2 where it has entries with a condition: a reader that knows only version 1 would let off nobody,
 * and two nodes would differ, so it is to take the log instead. Every number is a 32-bit little-endian word. A part begins with eight of them:
 *   0 magic  1 version + 256 * type of part  2 its number, from 0  3 rows in it  4, 5 check of the hash key
 *   6 bytes of the part  7 xxHash32 of words 0 to 6 and of all that follows word 7
 * then, by type: 0 first part: rows of each of the three tables, about. 1 entries without, 2 with a cut-off, 4 tombstones: rows in
 * the order of their hashes, each four words of hash and its payload, then one byte of mark for each row, then zeros up to
 * a whole word. 3 spilled entries: see `SPILLED_WORDS`. 6 entries with a condition, of version 2: the same, each followed by
 * the length and the UTF-16 units of the JSON of its condition, a word each. 5 last part: xxHash32 of word 7 of each part before, in order.
 */
export const IMAGE_VERSION = 1;
export const IMAGE_VERSION_CONDITIONS = 2;
export const MAGIC = 0x49435652; // "RVCI"
export const HEADER_WORDS = 8;
export const PART = { first: 0, plain: 1, cutoffs: 2, spilled: 3, tombstones: 4, last: 5, conditioned: 6 } as const;
/** Fits a message of NATS, 1 MiB, with room for its headers. */
export const PART_BYTES_MAX = 960 * 1024;

export const partChecksum = (words: Int32Array): number =>
  checksumOf(words.subarray(HEADER_WORDS), checksumOf(words.subarray(0, HEADER_WORDS - 1), 0));

/** Words of a spilled entry before the text of its id: four of hash, mark, end and reach as 64-bit numbers, length in UTF-16 units. */
export const SPILLED_WORDS = 10;

/** Tells hash keys apart and says nothing about them. */
export const keyCheckOf = (hash: KeyHash): readonly [number, number] => {
  hash.ofText('image of an index');
  return [hash.words[0] ?? 0, hash.words[1] ?? 0];
};

export const corrupt = (why: string): RevocationError =>
  new RevocationError(
    'ERR_IMAGE_CORRUPT',
    `The image of an index cannot be used: ${why}. Take another one, or read the log.`,
  );
