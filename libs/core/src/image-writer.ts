import { checksumOf } from './checksum.js';
import { conditionText } from './condition.js';
import { type EntryStore } from './entry-store.js';
import { RevocationError } from './errors.js';
import { type HashTable } from './hash-table.js';
import {
  HEADER_WORDS,
  IMAGE_VERSION,
  IMAGE_VERSION_CONDITIONS,
  keyCheckOf,
  MAGIC,
  PART,
  PART_BYTES_MAX,
  partChecksum,
} from './image-format.js';
import { type KeyHash } from './key-hash.js';
import { type Rows } from './partition.js';
import { type SpilledEntry } from './spilled-entries.js';
import { type Tombstones } from './tombstones.js';

const HASHES = 2 ** 32;

/** Tombstones come last: what was lifted while the image is being written is in it with its lift. */
export function* writeImage(store: EntryStore, tombstones: Tombstones, hash: KeyHash): Generator<Uint8Array> {
  // Fixed with the first part: a condition that comes while the image is being written need not be in it.
  const hasConditions = store.spilled.conditioned > 0;
  const writer = new PartWriter(keyCheckOf(hash), hasConditions ? IMAGE_VERSION_CONDITIONS : IMAGE_VERSION);
  const rows = [...store.tables, tombstones.table].map(({ count }) => count);
  yield writer.part(PART.first, 0, Int32Array.from(rows), EMPTY_MARKS);
  yield* tableParts(writer, PART.plain, store.tables[0]);
  yield* tableParts(writer, PART.cutoffs, store.tables[1]);
  const spilled = [...store.spilled.all()];
  yield* spilledParts(
    writer,
    PART.spilled,
    spilled.filter(({ condition }) => condition === undefined),
  );
  if (hasConditions) {
    yield* spilledParts(
      writer,
      PART.conditioned,
      spilled.filter(({ condition }) => condition !== undefined),
    );
  }
  yield* tableParts(writer, PART.tombstones, tombstones.table);
  yield writer.last();
}

const EMPTY_MARKS = new Uint8Array(0);

class PartWriter {
  readonly #sums: number[] = [];

  constructor(
    private readonly key: readonly [number, number],
    private readonly version: number,
  ) {}

  part(type: number, rows: number, words: Int32Array, marks: Uint8Array): Uint8Array {
    const total = HEADER_WORDS + words.length + Math.ceil(marks.length / 4);
    const all = new Int32Array(total);
    all.set([MAGIC, this.version | (type << 8), this.#sums.length, rows, ...this.key, 4 * total]);
    all.set(words, HEADER_WORDS);
    const bytes = new Uint8Array(all.buffer);
    bytes.set(marks, 4 * (HEADER_WORDS + words.length));
    const sum = partChecksum(all);
    all[HEADER_WORDS - 1] = sum;
    this.#sums.push(sum);
    return bytes;
  }

  last(): Uint8Array {
    return this.part(PART.last, 0, Int32Array.of(checksumOf(Int32Array.from(this.#sums), 0)), EMPTY_MARKS);
  }
}

function* tableParts(writer: PartWriter, type: number, table: HashTable): Generator<Uint8Array> {
  const width = table.width;
  const rowsMax = Math.floor((PART_BYTES_MAX - 4 * HEADER_WORDS - 4) / (4 * width + 1));
  const rows: Rows & { count: number } = {
    words: new Int32Array(rowsMax * width),
    marks: new Uint8Array(rowsMax),
    count: 0,
  };
  const flush = (): Uint8Array => {
    const { count } = rows;
    rows.count = 0;
    return writer.part(type, count, rows.words.subarray(0, count * width), rows.marks.subarray(0, count));
  };
  for (let position = 0; position < HASHES; position = table.partitionEnd(position | 0)) {
    const count = table.rowsAt(position | 0);
    if (count > rowsMax) throw new RevocationError('ERR_INVARIANT', 'A partition is larger than a part of an image.');
    if (rows.count + count > rowsMax) yield flush();
    table.read(position | 0, rows);
  }
  if (rows.count > 0) yield flush();
}

function* spilledParts(writer: PartWriter, type: number, entries: readonly SpilledEntry[]): Generator<Uint8Array> {
  let words: number[] = [];
  let rows = 0;
  for (const entry of entries) {
    const more = spilledWords(entry);
    if (rows > 0 && 4 * (HEADER_WORDS + words.length + more.length) > PART_BYTES_MAX) {
      yield writer.part(type, rows, Int32Array.from(words), EMPTY_MARKS);
      words = [];
      rows = 0;
    }
    for (const word of more) words.push(word);
    rows++;
  }
  if (rows > 0) yield writer.part(type, rows, Int32Array.from(words), EMPTY_MARKS);
}

const spilledWords = ({ hash, mark, endsAt, reach, id, condition }: SpilledEntry): readonly number[] => {
  const times = new Int32Array(Float64Array.of(endsAt, reach).buffer);
  const more = condition === undefined ? [] : textWords(conditionText(condition));
  return [...hash, mark, ...times, ...textWords(id), ...more];
};

const textWords = (text: string): readonly number[] => [
  text.length,
  ...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)),
];
