import { checksumOf } from './checksum.js';
import { type Condition, parseCondition } from './condition.js';
import { type EntryStore } from './entry-store.js';
import { RevocationError } from './errors.js';
import { type FilterKeeper } from './filter-keeper.js';
import { type HashTable } from './hash-table.js';
import {
  corrupt,
  HEADER_WORDS,
  IMAGE_VERSION,
  IMAGE_VERSION_CONDITIONS,
  keyCheckOf,
  MAGIC,
  PART,
  partChecksum,
  SPILLED_WORDS,
} from './image-format.js';
import { type KeyHash } from './key-hash.js';
import { isMark, kindOfMark, scopeOfKind } from './packed-entry.js';
import { HASH_WORDS, type Rows } from './partition.js';
import { type ImageReader } from './revocation-index.js';
import { type SpilledEntry } from './spilled-entries.js';
import { TOMBSTONE_MARK, type Tombstones } from './tombstones.js';

/** What a reader fills. */
export interface ImageTarget {
  readonly store: EntryStore;
  readonly tombstones: Tombstones;
  readonly filter: FilterKeeper;
  addRow(withCutoff: boolean, mark: number, hash: Int32Array, payload: Int32Array): void;
  spill(entry: SpilledEntry): void;
  liftsWait(): void;
}

export const readImage = (target: ImageTarget, hash: KeyHash): ImageReader => new PartReader(target, keyCheckOf(hash));

/** Parts may come in any order, the first one first if loading is to be fast. */
class PartReader implements ImageReader {
  /** Checksums by number of part; the last one must agree with them. */
  readonly #sums = new Map<number, number>();
  #last: { readonly number: number; readonly sum: number } | undefined;

  constructor(
    private readonly target: ImageTarget,
    private readonly key: readonly [number, number],
  ) {}

  take(part: Uint8Array): void {
    const words = this.#checked(part);
    const number = words[2] ?? 0;
    if (this.#sums.has(number)) throw corrupt('a part came twice');
    const type = (words[1] ?? 0) >>> 8;
    const rows = (words[3] ?? 0) >>> 0;
    if (type === PART.conditioned && versionOf(words) < IMAGE_VERSION_CONDITIONS)
      throw corrupt('a part is of an unknown type');
    this.#takeBody(type, rows, words.subarray(HEADER_WORDS));
    this.#sums.set(number, words[HEADER_WORDS - 1] ?? 0);
    if (type === PART.last) this.#last = { number, sum: words[HEADER_WORDS] ?? 0 };
  }

  end(): void {
    const { number, sum } = this.#last ?? { number: -1, sum: 0 };
    if (number < 0) throw corrupt('its last part is missing');
    const sums = Int32Array.from({ length: number }, (_, i) => this.#sums.get(i) ?? 0);
    const isWhole = this.#sums.size === number + 1 && sums.every((_, i) => this.#sums.has(i));
    if (!isWhole) throw corrupt('a part is missing');
    if (checksumOf(sums, 0) !== sum) throw corrupt('a part belongs to another image');
    this.target.store.removeAllTwins();
    if (this.target.tombstones.count > 0) this.target.liftsWait();
  }

  /** The words of a part that is whole and ours. */
  #checked(part: Uint8Array): Int32Array {
    if (part.length < 4 * HEADER_WORDS || part.length % 4 !== 0) throw corrupt('a part is too short');
    // Words can be looked at in place only where they are aligned. Not by `slice`, which in a Buffer of Node copies nothing.
    const bytes = part.byteOffset % 4 === 0 ? part : new Uint8Array(part);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const [magic, , , , key0, key1, length, sum] = words;
    if (magic !== MAGIC) throw corrupt('it is no image, or of a machine with another byte order');
    if (length !== part.length || partChecksum(words) !== sum) throw corrupt('a checksum does not match');
    const version = versionOf(words);
    if (version !== IMAGE_VERSION && version !== IMAGE_VERSION_CONDITIONS) {
      throw corrupt(`it has version ${version}, known are ${IMAGE_VERSION} and ${IMAGE_VERSION_CONDITIONS}`);
    }
    if (key0 !== this.key[0] || key1 !== this.key[1]) {
      throw new RevocationError('ERR_IMAGE_KEY', 'The image was written under another hash key.');
    }
    return words;
  }

  #takeBody(type: number, rows: number, body: Int32Array): void {
    const { store, tombstones } = this.target;
    switch (type) {
      case PART.first:
        this.#reserve(body);
        break;
      case PART.plain:
        this.#takeEntries(false, this.#rowsOf(store.tables[0], rows, body));
        break;
      case PART.cutoffs:
        this.#takeEntries(true, this.#rowsOf(store.tables[1], rows, body));
        break;
      case PART.tombstones:
        this.#takeTombstones(this.#rowsOf(tombstones.table, rows, body));
        break;
      case PART.spilled:
        for (const entry of [...spilledOf(rows, body, false)]) this.target.spill(entry);
        break;
      case PART.conditioned:
        for (const entry of [...spilledOf(rows, body, true)]) this.target.spill(entry);
        break;
      case PART.last:
        if (body.length !== 1) throw corrupt('its last part is malformed');
        break;
      default:
        throw corrupt('a part is of an unknown type');
    }
  }

  /** Only a hint, and only for an empty index. */
  #reserve(body: Int32Array): void {
    if (body.length !== 3) throw corrupt('its first part is malformed');
    const { store, tombstones, filter } = this.target;
    const [plain = 0, cutoffs = 0, lifted = 0] = body;
    store.tables[0].reserve(plain);
    store.tables[1].reserve(cutoffs);
    tombstones.table.reserve(lifted);
    filter.reserve(plain + cutoffs);
  }

  #rowsOf(table: HashTable, count: number, body: Int32Array): Rows {
    const { width } = table;
    const length = count * width;
    if (body.length !== length + Math.ceil(count / 4)) throw corrupt('a part has another length than its rows');
    const words = body.subarray(0, length);
    const marks = new Uint8Array(body.buffer, body.byteOffset + 4 * length, count);
    for (let at = width; at < length; at += width) {
      // A table would not find what stands in the wrong place.
      if ((words[at] ?? 0) >>> 0 < (words[at - width] ?? 0) >>> 0) throw corrupt('rows are out of order');
    }
    return { words, marks, count };
  }

  #takeEntries(withCutoff: boolean, rows: Rows): void {
    // Marks are few and alike: the check of one is that of the next.
    for (let row = 0, good = 0; row < rows.count; row++) {
      const mark = rows.marks[row] ?? 0;
      if (mark !== good && !isMark(mark, withCutoff)) throw corrupt('an entry is of no known kind');
      good = mark;
    }
    const { store, filter } = this.target;
    const table = store.tables[withCutoff ? 1 : 0];
    const width = table.width;
    for (let from = 0; from < rows.count;) {
      const to = runEnd(table, rows, from);
      if (table.append(rows, from, to)) {
        store.noteRows(rows, from, to, width);
        filter.addRows(rows.words, from * width, to * width, width);
      } else {
        for (let row = from; row < to; row++) this.#addRow(withCutoff, rows, row, width);
      }
      from = to;
    }
  }

  #addRow(withCutoff: boolean, { words, marks }: Rows, row: number, width: number): void {
    const at = row * width;
    const hash = words.subarray(at, at + HASH_WORDS);
    this.target.addRow(withCutoff, marks[row] ?? 0, hash, words.subarray(at + HASH_WORDS, at + width));
  }

  #takeTombstones({ words, marks, count }: Rows): void {
    if (!marks.every((mark) => mark === TOMBSTONE_MARK)) throw corrupt('a tombstone is of no known kind');
    const { store, tombstones } = this.target;
    const width = HASH_WORDS + 1;
    for (let at = 0; at < count * width; at += width) {
      tombstones.addHash(words.subarray(at, at + HASH_WORDS), (words[at + HASH_WORDS] ?? 0) >>> 0);
    }
    store.removeSpilled(({ id }) => tombstones.has(id), Infinity);
    this.target.liftsWait();
  }
}

/** Where the rows end that belong to the same partition as row `from`. */
const runEnd = (table: HashTable, { words, count }: Rows, from: number): number => {
  const width = table.width;
  const end = table.partitionEnd(words[from * width] ?? 0);
  let to = from + 1;
  while (to < count && (words[to * width] ?? 0) >>> 0 < end) to++;
  return to;
};

const versionOf = (words: Int32Array): number => (words[1] ?? 0) & 255;

function* spilledOf(rows: number, body: Int32Array, conditioned: boolean): Generator<SpilledEntry> {
  let at = 0;
  for (let row = 0; row < rows; row++) {
    // First, since it finds out whether all that stands before it is there.
    const id = textAt(body, at + SPILLED_WORDS - 1);
    const [h0 = 0, h1 = 0, h2 = 0, h3 = 0, mark = 0] = body.subarray(at, at + HASH_WORDS + 1);
    const times = new Float64Array(body.slice(at + HASH_WORDS + 1, at + SPILLED_WORDS - 1).buffer);
    at += SPILLED_WORDS + id.length;
    if (!isMark(mark, false) && !isMark(mark, true)) throw corrupt('an entry is of no known kind');
    const entry = {
      id,
      mark,
      hash: [h0, h1, h2, h3] as const,
      endsAt: times[0] ?? Infinity,
      reach: times[1] ?? Infinity,
    };
    if (!conditioned) yield entry;
    else {
      const text = textAt(body, at);
      at += 1 + text.length;
      yield { ...entry, condition: conditionOf(mark, text) };
    }
  }
  if (at !== body.length) throw corrupt('a part has another length than its rows');
}

/** A length, then so many UTF-16 units. */
const textAt = (body: Int32Array, at: number): string => {
  const length = body[at] ?? -1;
  if (length < 0 || at + 1 + length > body.length) throw corrupt('a spilled entry is cut off');
  const units = Array.from(body.subarray(at + 1, at + 1 + length));
  return units.map((unit) => String.fromCharCode(unit)).join('');
};

const conditionOf = (mark: number, text: string): Condition => {
  let condition: Condition | undefined;
  try {
    condition = parseCondition(scopeOfKind(kindOfMark(mark)), JSON.parse(text));
  } catch {
    throw corrupt('a condition cannot be read');
  }
  if (condition === undefined) throw corrupt('a condition says nothing');
  return condition;
};
