import { type Filter, type FilterFactory } from './filter.js';

/** A new filter has this much room beyond what it begins with: less memory the smaller, fewer rebuilds the larger. */
const ROOM = 1.25;
/** It is made anew as well when it has this many times more room than there are hashes. */
const STALE = 2.5;
/** A rebuild copies so many hashes per one that is added meanwhile: it ends before the old filter is 5 % over its capacity. */
const COPIED_PER_ADDED = 32;
/** Below this a filter is not worth making smaller: some KiB. */
const CAPACITY_MIN = 1_024;

/** All hashes of an index, some at a time. */
export interface HashSource {
  readonly count: number;
  /** Adds the next hashes to `filter`, beginning with 0, and answers from where to go on; undefined = that was all. */
  copyFrom(position: number, filter: Filter): { readonly next: number | undefined; readonly copied: number };
}

export interface FilterKeeperOptions {
  readonly makeFilter: FilterFactory;
  readonly falsePositiveRate: number;
  /** Hashes of the first filter. */
  readonly capacity: number;
}

/**
 * Keeps one filter in front of a set that grows and shrinks. A rebuild goes on in slices while the old filter answers;
 * whatever is added meanwhile goes into both, so that nothing is lost between them (D6).
 */
export class FilterKeeper {
  protected current: Filter;
  #next: Filter | undefined;
  #copiedTo = 0;
  #owed = 0;
  #added = 0;

  constructor(
    private readonly source: HashSource,
    private readonly options: FilterKeeperOptions,
  ) {
    this.current = this.#make(options.capacity);
  }

  get bytes(): number {
    return this.current.bytes + (this.#next?.bytes ?? 0);
  }

  /** Hashes in the filter in use, those that are gone from the set included. */
  get added(): number {
    return this.#added;
  }

  get capacity(): number {
    return this.current.capacity;
  }

  get rebuilding(): boolean {
    return this.#next !== undefined;
  }

  mightContain(h0: number, h1: number): boolean {
    return this.current.mightContain(h0, h1);
  }

  add(h0: number, h1: number): void {
    this.current.add(h0, h1);
    this.#next?.add(h0, h1);
    this.#added++;
    if (this.#next === undefined && this.#added > this.current.capacity) this.#begin();
    if (this.#next === undefined) return;
    this.#owed += COPIED_PER_ADDED;
    this.#payOff();
  }

  /** Adds the hashes of rows of `width` words, of which each begins with its hash. */
  addRows(words: Int32Array, from: number, to: number, width: number): void {
    const rows = (to - from) / width;
    if (this.#next !== undefined || this.#added + rows > this.current.capacity) {
      for (let at = from; at < to; at += width) this.add(words[at] ?? 0, words[at + 1] ?? 0);
      return;
    }
    const { current } = this;
    for (let at = from; at < to; at += width) current.add(words[at] ?? 0, words[at + 1] ?? 0);
    this.#added += rows;
  }

  /** An empty set is about to receive so many hashes, and more later. */
  reserve(count: number): void {
    if (this.source.count > 0 || this.current.capacity >= count) return;
    this.#next = undefined;
    this.current = this.#make(Math.ceil(count * ROOM));
    this.#added = 0;
  }

  /** One slice of work, after removals and while nothing is added. Whether there is more. */
  maintain(): boolean {
    const { count } = this.source;
    if (this.#next !== undefined) this.#copy();
    else if (this.#isStale(count)) this.#begin();
    return this.#next !== undefined;
  }

  /** Too large for what it holds, or full of what is gone. */
  #isStale(count: number): boolean {
    const least = Math.max(count, CAPACITY_MIN);
    return this.current.capacity > STALE * least || (this.#added > STALE * least && this.#added > count);
  }

  #begin(): void {
    this.#next = this.#make(Math.max(this.options.capacity, Math.ceil(this.source.count * ROOM)));
    this.#copiedTo = 0;
    // So few that telling slices apart costs more than copying them.
    this.#owed = this.source.count <= CAPACITY_MIN ? Infinity : 0;
    this.#payOff();
  }

  #payOff(): void {
    while (this.rebuilding && this.#owed > 0) this.#copy();
  }

  #copy(): void {
    const next = this.#next;
    if (next === undefined) return;
    const { next: position, copied } = this.source.copyFrom(this.#copiedTo, next);
    this.#owed -= copied + 1;
    if (position !== undefined) {
      this.#copiedTo = position;
      return;
    }
    this.current = next;
    this.#next = undefined;
    this.#added = this.source.count;
  }

  #make(capacity: number): Filter {
    return this.options.makeFilter({ capacity, falsePositiveRate: this.options.falsePositiveRate });
  }
}
